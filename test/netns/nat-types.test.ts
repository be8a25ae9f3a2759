/**
 * `p2pd-demo nat` with real packets: all NAT types × deltas by the simulation's rules behind a TUN
 * device, and the kernel's own NAT as a second opinion. The servers are coturn.
 */
import { expect, test } from 'vitest';
import { natPreset } from '../../src/lab/index.ts';
import { describeNeeding } from '../helpers/needs.ts';
import { type Case, casesOf } from '../net/nat/cases.ts';
import type { Lab } from './lab.ts';
import { inLab } from './lab.ts';
import { behindUserNat, NAT_PLAN, startStun, USER_NAT_NEEDS } from './user-nat.ts';

interface Report {
  readonly udp: Verdict;
  readonly tcp: Verdict;
}

interface Verdict {
  readonly type: number | null;
  readonly mapping: string | null;
  readonly filtering: string | null;
  readonly delta: { readonly type: number | null; readonly value: number };
}

async function reportFrom(lab: Lab, servers: string): Promise<Report> {
  const program = await lab.start('alice', ['nat', '--json', '--servers', servers]).exits(0);
  const { reports } = JSON.parse(program.stdout) as { readonly reports: readonly Report[] };
  const [report] = reports;
  if (report === undefined) throw new Error(program.said());
  return report;
}

const FILTERING = [
  'endpoint-independent',
  'address-and-port-dependent',
  'endpoint-independent',
  'address-dependent',
  'address-and-port-dependent',
  'address-and-port-dependent',
];

describeNeeding(USER_NAT_NEEDS, 'nat: real packets', () => {
  for (const [type, cases] of byType(casesOf(0)))
    test.concurrent(
      `type ${type} × all deltas, over UDP and TCP`,
      { timeout: 120_000 },
      behindUserNat(async (lab, nat, servers) => {
        for (const { name, nat: rules, delta, mapping } of cases) {
          await nat.become(rules);
          const { udp, tcp } = await reportFrom(lab, servers);
          expect(udp, name).toMatchObject({ type, delta, mapping, filtering: FILTERING[type - 1] ?? null });
          expect(tcp, name).toMatchObject({ delta, mapping, filtering: null });
        }
      }),
    );

  test.concurrent(
    'nothing answers: exits with 13 and one document; interrupted: with 130',
    { timeout: 60_000 },
    behindUserNat(async (lab, nat) => {
      await nat.become(natPreset('restrict port'));
      const stun = [{ host: '198.51.100.99', port: 3478, tcp: true }];
      const dead = lab.file('dead.json', JSON.stringify({ stun }));
      const interrupted = lab.start('alice', ['nat', '--servers', dead]);
      await interrupted.until('servers', () => interrupted.stderr.includes('servers: 1 stun') || undefined);
      interrupted.signal('SIGINT');
      await interrupted.exits(130);
      const program = await lab.start('alice', ['nat', '--json', '--servers', dead]).exits(13);
      const { reports } = JSON.parse(program.stdout);
      expect(reports[0]).toMatchObject({
        udp: { type: null, unknown: ['no server answered'] },
        tcp: { type: null },
      });
      expect(program.stderr).toContain('no STUN server answered');
    }),
  );

  test.concurrent.each([
    ['masquerade', { type: 5, delta: { type: 2, value: 0 } }],
    ['masquerade random,fully-random', { type: 6, delta: { type: 6, value: 0 } }],
  ])('the kernel: %s', { timeout: 60_000 }, (rule, wanted) =>
    inLab({ ...NAT_PLAN, rules: { router: kernelNat(rule) } }, async (lab) => {
      const { udp, tcp } = await reportFrom(lab, await startStun(lab));
      expect(udp).toMatchObject(wanted);
      expect(tcp).toMatchObject({ delta: wanted.delta });
    })(),
  );

  test.concurrent(
    'the kernel: no NAT, with and without a filter',
    { timeout: 60_000 },
    inLab(NAT_PLAN, async (lab) => {
      const servers = await startStun(lab);
      expect((await reportFrom(lab, servers)).udp).toMatchObject({ type: 1, delta: { type: 1 } });
      lab.net.filter('router', FIREWALL);
      const { udp, tcp } = await reportFrom(lab, servers);
      expect(udp).toMatchObject({ type: 2, delta: { type: 1 } });
      expect(tcp).toMatchObject({ mapping: 'endpoint-independent', delta: { type: 1 } });
    }),
  );
});

/** Each with a network of its own, since most of the time is waiting. */
function byType(cases: readonly Case[]): Map<number, Case[]> {
  const types = new Map<number, Case[]>();
  for (const one of cases) types.set(one.type, [...(types.get(one.type) ?? []), one]);
  return types;
}

const FIREWALL = [
  'table ip filter {',
  'chain forward {',
  'type filter hook forward priority 0; policy drop',
  'ct state established,related accept',
  'iifname "lan" accept',
  '}',
  '}',
].join('\n');

/** The router itself takes nothing that was not asked for, as home routers do. */
function kernelNat(rule: string): string {
  return [
    'table ip nat {',
    'chain pre {',
    'type nat hook prerouting priority -100',
    '}',
    'chain post {',
    'type nat hook postrouting priority 100',
    `oifname "wan" ${rule}`,
    '}',
    '}',
    'table ip filter {',
    'chain input {',
    'type filter hook input priority 0; policy drop',
    'ct state established,related accept',
    'iifname "lan" accept',
    '}',
    '}',
  ].join('\n');
}
