/**
 * What would help two machines that were tried on each other: sentences, the most helpful one first. By what was seen,
 * and by what `expectOutcomes` expects if one thing were different; never by a guess. Pure.
 */
import { expectOutcomes, type Family, type Method, type NatSide } from '../../net/index.ts';
import type { SideName, TrialDocument } from './document.ts';
import { mainReport, natOf, OTHER, reportOf, SIDES, sideLabel } from './labels.ts';
import { cellStats } from './stats.ts';

/** The NAT that most routers have, with ports that are kept. */
const ORDINARY: NatSide = { type: 5, delta: 2 };

/** How often a method opened over the Internet, both directions and families together. */
interface Tally {
  readonly tries: number;
  readonly opened: number;
}

type Tallies = Readonly<Record<Method, Tally>>;

/** @returns at least one sentence */
export function adviceFor(document: Omit<TrialDocument, 'advice'>): string[] {
  const tallies = talliesOf(document);
  const done = nothingToDo(document, tallies);
  const caveats = [...versionAdvice(document), ...incompleteAdvice(document)];
  if (done !== null) return [done, ...caveats];
  const found = [
    ...mappingAdvice(document),
    ...blockedAdvice(document),
    ...firewallAdvice(document),
    ...symmetricAdvice(document),
    ...ipv6Advice(document),
    ...relayAdvice(document, tallies),
    ...sometimesAdvice(tallies),
    ...forwardAdvice(document),
    ...clockAdvice(document, tallies),
    ...caveats,
  ];
  return found.length > 0
    ? found
    : ['Nothing that was seen says what would help: try another network on one side.'];
}

function talliesOf({ cells }: Pick<TrialDocument, 'cells'>): Tallies {
  const of = (method: Method): Tally => {
    const all = cells.filter((cell) => cell.method === method && cell.path === 'external').map(cellStats);
    const sum = (key: keyof Tally) => all.reduce((total, stats) => total + stats[key], 0);
    return { tries: sum('tries'), opened: sum('opened') };
  };
  return {
    direct: of('direct'),
    reverse: of('reverse'),
    'tcp-punch': of('tcp-punch'),
    'udp-punch': of('udp-punch'),
    relay: of('relay'),
  };
}

const always = ({ tries, opened }: Tally) => tries > 0 && opened === tries;

function nothingToDo(document: Pick<TrialDocument, 'cells'>, tallies: Tallies): string | null {
  if (document.cells.every(({ runs }) => runs.length === 0)) return 'Nothing was tried: run the trial again.';
  if (always(tallies.direct)) return 'Everything opens directly: nothing to do.';
  const reached = SIDES.find((side) => isReached(document, side));
  if (reached !== undefined) {
    const [there, here] = [sideLabel(reached), sideLabel(OTHER[reached])];
    const back = always(reverseTo(document, reached)) ? `, and ${there} asks ${here} to dial back` : '';
    return `Side ${here} reaches side ${there} directly${back}: nothing needs to change.`;
  }
  const isSure = { tcp: always(tallies['tcp-punch']), udp: always(tallies['udp-punch']) };
  if (!isSure.tcp && !isSure.udp) return null;
  const how = isSure.tcp && isSure.udp ? 'TCP and UDP' : isSure.tcp ? 'TCP' : 'UDP';
  return `Hole punching over ${how} opened every time: nothing needs to change.`;
}

/** Whether direct connects over the Internet reach that side, every time. */
function isReached({ cells }: Pick<TrialDocument, 'cells'>, side: SideName): boolean {
  return cells.some(
    (cell) =>
      cell.method === 'direct' &&
      cell.path === 'external' &&
      cell.initiator === OTHER[side] &&
      always(cellStats(cell)),
  );
}

function reverseTo({ cells }: Pick<TrialDocument, 'cells'>, asker: SideName): Tally {
  const cell = cells.find(
    ({ method, path, initiator }) => method === 'reverse' && path === 'external' && initiator === asker,
  );
  return cell === undefined ? { tries: 0, opened: 0 } : cellStats(cell);
}

type Facts = Pick<TrialDocument, 'sides' | 'cells'>;

/** What a side's router would open, if it were asked. */
function mappingAdvice({ sides }: Facts): string[] {
  return SIDES.flatMap((side) => {
    const offers = sides[side].reports.find(
      ({ portMapping }) => offered(portMapping).length > 0,
    )?.portMapping;
    if (offers === undefined || isOpen(natOf(sides[side], 4))) return [];
    const names = offered(offers).join(' and ');
    return `Port mapping on side ${sideLabel(side)} would make direct connects to it work: its router offers ${names} (start without --no-upnp).`;
  });
}

type Offers = NonNullable<TrialDocument['sides']['a']['reports'][number]['portMapping']>;

function offered(offers: Offers | undefined): string[] {
  if (offers === undefined) return [];
  const { pcp, natPmp, upnp } = offers;
  return [pcp && 'PCP', natPmp && 'NAT-PMP', upnp && 'UPnP'].filter((name) => typeof name === 'string');
}

const isOpen = ({ type }: NatSide) => type === 1;

function blockedAdvice({ sides }: Facts): string[] {
  return SIDES.filter((side) => natOf(sides[side], 4).type === 7).map(
    (side) =>
      `Nothing comes back to side ${sideLabel(side)}: another network there, or the same one without its VPN, would help.`,
  );
}

/** Over IPv6 a firewall is all that stands between two. */
function firewallAdvice({ sides }: Facts): string[] {
  return SIDES.filter(
    (side) => natOf(sides[side], 6).type === 2 && reportOf(sides[OTHER[side]], 6) !== null,
  ).map(
    (side) =>
      `The firewall of side ${sideLabel(side)} could let IPv6 connections to this program in: both sides have IPv6.`,
  );
}

/** A side whose ports cannot be told, if another kind of mapping would make it work. */
function symmetricAdvice({ sides }: Facts): string[] {
  return SIDES.flatMap((side) => {
    const [own, other] = [natOf(sides[side], 4), natOf(sides[OTHER[side]], 4)];
    if (own.type !== 6 || best(own, other) === 'yes' || best(ORDINARY, other) !== 'yes') return [];
    return `Another network on side ${sideLabel(side)}, or a router there that keeps one port for all destinations, would make hole punching work.`;
  });
}

function best(a: NatSide, b: NatSide): 'yes' | 'maybe' | 'no' {
  const outcomes = expectOutcomes(a, b);
  const expected = [outcomes['tcp-punch'].expected, outcomes['udp-punch'].expected];
  return expected.find((value) => value === 'yes') ?? expected.find((value) => value === 'maybe') ?? 'no';
}

function ipv6Advice({ sides }: Facts): string[] {
  const without = SIDES.filter((side) => !hasFamily(sides[side].reports, 6));
  if (without.length === 0 || SIDES.every((side) => sides[side].reports.length === 0)) return [];
  const tail = 'with IPv6 on both no NAT would stand between them, at most a firewall.';
  if (without.length === 2) return [`Neither side has IPv6: ${tail}`];
  return without.map((side) => `Side ${sideLabel(side)} has no IPv6: ${tail}`);
}

/** Whether a report of that family saw anything come back. */
function hasFamily(reports: TrialDocument['sides']['a']['reports'], family: Family): boolean {
  return reports.some((report) => report.family === family && report.udp.type !== 7);
}

function relayAdvice({ cells }: Facts, { relay }: Tallies): string[] {
  if (relay.opened > 0) return [];
  return cells.some(({ method }) => method === 'relay')
    ? [
        'The relay did not open: check the TURN servers (--servers, --via), or run p2pd-demo serve on a machine that both reach.',
      ]
    : [
        'A TURN server would give these two a relay: name one with --servers, or run p2pd-demo serve on a machine that both reach.',
      ];
}

function sometimesAdvice(tallies: Tallies): string[] {
  return (['tcp-punch', 'udp-punch'] as const).flatMap((method) => {
    const { tries, opened } = tallies[method];
    if (opened === 0 || opened === tries) return [];
    const name = method === 'tcp-punch' ? 'TCP' : 'UDP';
    return `${name} hole punching opened ${opened} of ${tries} times: where it fails, trying again helps.`;
  });
}

/** Where no router offers it, a person can. */
function forwardAdvice({ sides }: Facts): string[] {
  const closed = SIDES.filter((side) => {
    const report = mainReport(sides[side]);
    const { type } = natOf(sides[side], 4);
    return (
      report !== null && offered(report.portMapping).length === 0 && type !== null && type > 2 && type < 7
    );
  });
  const [first] = closed;
  if (first === undefined || closed.length < 2) return [];
  return [
    'Forwarding the port of one side by hand, in the settings of its router, would make direct connects to it work.',
  ];
}

function clockAdvice({ clock }: Pick<TrialDocument, 'clock'>, tallies: Tallies): string[] {
  const punched = tallies['tcp-punch'];
  if (clock !== null || punched.tries === 0 || always(punched)) return [];
  return [
    'The clocks of the two were not compared: TCP hole punching is timed by them, so let NTP (UDP port 123) through.',
  ];
}

function versionAdvice({ sides }: Facts): string[] {
  if (sides.a.version === sides.b.version) return [];
  return ['The two run different versions of p2pd-demo: the same one on both rules that out as a cause.'];
}

function incompleteAdvice({ complete }: Pick<TrialDocument, 'complete'>): string[] {
  return complete ? [] : ['The trial is not complete: run it again, for what was not tried.'];
}
