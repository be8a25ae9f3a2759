/** Worlds made of NAT reports: what a node finds out in them is what the report said. */
import { beforeAll, describe, expect, test } from 'vitest';
import {
  buildReplayWorld,
  firewallPreset,
  type NatOptions,
  natPreset,
  type ReplayWorld,
} from '../../src/lab/index.ts';
import { DELTA_TYPES } from '../../src/lab/nat-ports.ts';
import { NAT_TYPE_NAMES } from '../../src/lab/nat-preset.ts';
import type { NatReport, TransportReport } from '../../src/net/nat-report.ts';
import { openLabNode } from '../helpers/lab-node.ts';
import { natLab, reportIn } from '../net/nat/nat-lab.ts';

const OPEN = natPreset('open internet');

/** As a real machine behind this NAT reports it. */
async function reportOf(nat: NatOptions, seed: number | string = 1): Promise<NatReport> {
  return reportIn(await natLab({ seed, nat }));
}

/** What side a of a replay finds out itself. */
const again = ({ lab, servers, a }: ReplayWorld) => reportIn({ lab, host: a, servers: servers.stun });

const rulesOf = ({ type, mapping, filtering, delta, hairpin }: TransportReport) => ({
  type,
  mapping,
  filtering,
  delta,
  hairpin,
});
const told = ({ udp, tcp }: NatReport) => ({
  udp: rulesOf(udp),
  tcp: rulesOf(tcp),
  unsolicited: tcp.unsolicited,
});

describe('replay world: a node finds what the report said', () => {
  let open: NatReport;
  beforeAll(async () => {
    open = await reportOf(OPEN);
  });
  const cases = NAT_TYPE_NAMES.flatMap((type) => DELTA_TYPES.map((delta) => [type, delta] as const));
  test.each(cases)('%s, %s', async (type, delta) => {
    const report = await reportOf(natPreset(type, delta));
    const world = buildReplayWorld([report], [open], { seed: 'replay' });
    expect(told(await again(world))).toEqual(told(report));
    expect(world.assumed).toEqual([]);
  });

  const habits: readonly (readonly [string, Partial<NatOptions>])[] = [
    ['strangers are reset', { unsolicited: 'reset' }],
    ['hairpinning', { hairpin: true }],
    ['only UDP is blocked', { blocked: ['udp'] }],
    ['only TCP is blocked', { blocked: ['tcp'] }],
    [
      'TCP is mapped otherwise',
      { tcp: { mapping: 'address-and-port-dependent', delta: { type: 'random', value: 0 } } },
    ],
    ['ports are counted by 7, downwards', { delta: { type: 'independent', value: -7 } }],
  ];
  test.each(habits)('%s', async (_name, changes) => {
    const report = await reportOf(natPreset('restrict port', 'equal', changes), 3);
    const world = buildReplayWorld([report], [open], { seed: 'habits' });
    expect(told(await again(world))).toEqual(told(report));
  });

  test('random ports stay about where they were seen', async () => {
    const report = await reportOf(natPreset('symmetric', 'random', { range: [20_000, 24_095] }));
    const world = buildReplayWorld([report], [open], { seed: 'range' });
    const [lowest, highest] = (await again(world)).udp.range ?? [0, 0];
    expect(lowest).toBeGreaterThan(19_000);
    expect(highest).toBeLessThan(25_000);
  });
});

describe('replay world: who is where', () => {
  const addressesOf = async ({ lab, a, b }: ReplayWorld) =>
    lab.run(async () => {
      const all = [await a.io.interfaces(), await b.io.interfaces()];
      return all.map((nics) => nics.flatMap(({ addresses }) => addresses.map(({ ip }) => ip)));
    });
  const subnetOf = (ip = '') => ip.split('.').slice(0, 3).join('.');

  test('seen at one address: both are on one LAN, unless it is said that they are not', async () => {
    const report = await reportOf(natPreset('restrict port'));
    const [[a] = [], [b] = []] = await addressesOf(buildReplayWorld([report], [report], { seed: 1 }));
    expect(subnetOf(a)).toBe(subnetOf(b));
    const apart = buildReplayWorld([report], [report], { seed: 1, sameLan: false });
    const [[c] = [], [d] = []] = await addressesOf(apart);
    expect(subnetOf(c)).not.toBe(subnetOf(d));
  });

  test('two interfaces and two families: each as its report tells it', async () => {
    const cable = await reportOf(natPreset('restrict port'));
    const radio = { ...(await reportOf(natPreset('symmetric', 'random'), 2)), interface: 'wlan0' };
    const ipv6 = { ...(await reportOf(firewallPreset(), 3)), family: 6 as const };
    const world = buildReplayWorld([cable, ipv6, radio], [await reportOf(OPEN, 4)], { seed: 2 });
    const nics = await world.lab.run(world.a.io.interfaces());
    expect(nics.map(({ id }) => id)).toEqual(['eth0', 'wlan0']);
    const families = nics.map(({ addresses }) => [...new Set(addresses.map(({ family }) => family))]);
    expect(families).toEqual([[4, 6], [4]]);
  });

  test('round trips to the other side and to the services are as told', async () => {
    const reports = [await reportOf(OPEN), await reportOf(natPreset('full cone'), 2)] as const;
    const world = buildReplayWorld([reports[1]], [reports[0]], { seed: 3, rtt: 80, servicesRtt: 200 });
    const { udp } = await again(world);
    const answered = udp.evidence.flatMap(({ rtt }) => (rtt === null ? [] : [Math.round(rtt)]));
    expect(Math.min(...answered)).toBe(200);
  });

  test('what a report leaves open is assumed, and said', async () => {
    const report = await reportOf(natPreset('blocked'));
    const blank: TransportReport = { ...report.udp, type: null, unknown: ['nobody asked'] };
    const world = buildReplayWorld([{ ...report, udp: blank }], [report], { seed: 4, sameLan: false });
    expect(world.assumed.join('\n')).toContain('a, eth0: the mapping of udp over IPv4 is not known');
  });

  test('a node on each side opens a pipe, and the same seed gives the same course', async () => {
    const [a, b] = [
      await reportOf(natPreset('restrict port')),
      await reportOf(natPreset('symmetric', 'independent'), 2),
    ];
    const course = async () => {
      const { lab, servers, ...hosts } = buildReplayWorld([a], [b], { seed: 5, sameLan: false });
      const open = (side: 'a' | 'b', machineId: string) =>
        openLabNode(hosts[side], { servers, machineId, nat: true });
      const [left, right] = await lab.run(() =>
        Promise.all([open('a', 'a'.repeat(16)), open('b', 'b'.repeat(16))]),
      );
      await lab.advance(5_000);
      const pipe = await lab.run(left.node.connect(right.node.address));
      return `${pipe.info.method} at ${lab.now()}`;
    };
    const first = await course();
    expect(first).toMatch(/punch/);
    expect(await course()).toBe(first);
  });
});
