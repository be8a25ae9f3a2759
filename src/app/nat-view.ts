/** A NAT report as rows of words, for the command and the screen alike. Pure. */
import {
  deltaName,
  type NatReport,
  natName,
  type PortMappingFacts,
  type TcpReport,
  type TransportReport,
} from '../net/index.ts';
import { makeVisible } from './visible.ts';

type Row = readonly [string, string, string];

/** `eth0 IPv4 (213 ms)`. */
export function natTitle({ interface: name, family, elapsed }: NatReport): string {
  return `${makeVisible(name)} IPv${family} (${elapsed} ms)`;
}

/** What it is called, then how UDP and TCP fare. */
export function natRows({ udp, tcp, portMapping }: NatReport): Row[] {
  const both = (name: string, tell: (report: TransportReport) => string): Row => [name, tell(udp), tell(tcp)];
  return [
    both('type', ({ type }) => (type === null ? 'unknown' : `${type} ${natName(type)}`)),
    both('mapping', ({ mapping }) => mapping ?? 'unknown'),
    both('filtering', ({ filtering }) => filtering ?? 'unknown'),
    both('delta', deltaText),
    both('ports seen', rangeText),
    ...(udp.parity === null && tcp.parity === null ? [] : [both('port parity', parityText)]),
    both('outer address', ({ external }) => external.join(' ') || 'unknown'),
    both('hairpinning', ({ hairpin }) => (hairpin === null ? 'unknown' : hairpin ? 'yes' : 'no')),
    ['unsolicited SYN', '', (tcp satisfies TcpReport).unsolicited],
    ...(portMapping === undefined ? [] : [both('port mapping', () => mappingText(portMapping))]),
  ];
}

function deltaText({ delta: { type, value } }: TransportReport): string {
  if (type !== 4 && type !== 5) return deltaName(type);
  return `${deltaName(type)}, ${value > 0 ? '+' : ''}${value}`;
}

function rangeText({ range, confidence }: TransportReport): string {
  if (range === null) return '-';
  return `${range[0]} to ${range[1]} (${Math.round(confidence.range * 100)} % of all)`;
}

function parityText({ parity }: TransportReport): string {
  if (parity === null) return 'unknown';
  return parity ? 'kept' : 'not kept';
}

/** What could not be found out, and why. */
export function natNotes({ udp, tcp }: NatReport): string[] {
  const said = (name: string, { unknown }: TransportReport) =>
    unknown.map((text) => `${name}: ${makeVisible(text)}`);
  return [...said('UDP', udp), ...said('TCP', tcp)];
}

/** What the router offers. */
function mappingText({ pcp, natPmp, upnp }: PortMappingFacts): string {
  const all = [pcp && 'PCP', natPmp && 'NAT-PMP', upnp && 'UPnP'].filter((name) => typeof name === 'string');
  return all.length > 0 ? all.join(', ') : 'none';
}

/** Each test: what was asked, whom, from where, and what came back; `arrow` is what the terminal can show of that. */
export function evidenceLines({ evidence }: TransportReport, arrow = '→'): string[] {
  return evidence.map(({ test, server, local, mapped, rtt }) => {
    const answer = mapped === null ? 'nothing came back' : `${mapped}${rtt === null ? '' : `, ${rtt} ms`}`;
    return `${makeVisible(test)}: ${server} from ${local} ${arrow} ${answer}`;
  });
}
