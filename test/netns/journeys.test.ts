/** The built program on two machines, in every kind of network where they reach each other. */
import { expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { expectContract } from './contract.ts';
import { inLab } from './lab.ts';
import { ipv4Only, ipv6Only, isolatedLan, lan, linkLocalOnly, routed } from './plans.ts';
import type { Plan } from './topology.ts';

interface Case {
  readonly name: string;
  readonly plan: Plan;
  readonly options?: readonly string[];
  /** Where the answering side sees another pathway: it knows only where the call came from. */
  readonly answeredPath?: string;
  /** What the `open` events of both sides say. */
  readonly open: {
    readonly path: string;
    readonly family: 4 | 6;
    readonly local: RegExp;
    readonly remote: RegExp;
  };
}

const privateNets = routed(['10.1.0', 'fd01'], ['10.2.0', 'fd02']);
/** Documentation ranges count as public (contract, `--servers`). */
const publicNets = routed(['198.51.100', '2001:db8:1'], ['203.0.113', '2001:db8:2']);
const onLan4 = { path: 'local', family: 4, local: /^10\.1\.0\.1:/, remote: /^10\.1\.0\.2:/ } as const;
const onLan6 = { path: 'local', family: 6, local: /^\[fd01::1\]:/, remote: /^\[fd01::2\]:/ } as const;
const linkLocal = /^\[fe80::[0-9a-f:]+(%eth0)?\]:/;

const cases: readonly Case[] = [
  { name: 'isolated LAN without a default route', plan: isolatedLan, open: onLan4 },
  { name: 'isolated LAN, IPv6 asked for', plan: isolatedLan, options: ['--families', '6'], open: onLan6 },
  { name: 'isolated LAN, IPv6 first', plan: isolatedLan, options: ['--families', '64'], open: onLan6 },
  { name: 'switched LAN with a gateway', plan: lan, open: onLan4 },
  { name: 'IPv4 only', plan: ipv4Only, open: onLan4 },
  {
    name: 'IPv6 only',
    plan: ipv6Only,
    open: { path: 'local', family: 6, local: /^\[2001:db8:1::1\]:/, remote: /^\[2001:db8:1::2\]:/ },
  },
  {
    name: 'IPv6 only, external pathway asked for',
    plan: ipv6Only,
    options: ['--paths', 'e'],
    answeredPath: 'local',
    open: { path: 'external', family: 6, local: /^\[2001:db8:1::1\]:/, remote: /^\[2001:db8:1::2\]:/ },
  },
  {
    name: 'link-local addresses only',
    plan: linkLocalOnly,
    open: { path: 'local', family: 6, local: linkLocal, remote: linkLocal },
  },
  {
    name: 'two routed private subnets',
    plan: privateNets,
    open: { path: 'local', family: 4, local: /^10\.1\.0\.2:/, remote: /^10\.2\.0\.2:/ },
  },
  {
    name: 'two routed private subnets over IPv6',
    plan: privateNets,
    options: ['--families', '6'],
    open: { path: 'local', family: 6, local: /^\[fd01::2\]:/, remote: /^\[fd02::2\]:/ },
  },
  {
    name: 'two routed public subnets',
    plan: publicNets,
    open: { path: 'external', family: 4, local: /^198\.51\.100\.2:/, remote: /^203\.0\.113\.2:/ },
  },
  {
    name: 'two routed public subnets over IPv6',
    plan: publicNets,
    options: ['--families', '6', '--paths', 'e'],
    open: { path: 'external', family: 6, local: /^\[2001:db8:1::2\]:/, remote: /^\[2001:db8:2::2\]:/ },
  },
];

describeNeeding({ namespaces: true, commands: ['ip'] }, 'journeys between two machines', () => {
  test.concurrent.for(cases)(
    'connect: a line goes there and back over $name',
    ({ plan, options = [], open, answeredPath = open.path }) =>
      inLab(plan, async (lab) => {
        const peer = await lab.accept('b');
        const dialler = await lab
          .start('a', ['connect', peer.address, '--json', ...options], { input: 'hi\n' })
          .exits(0);
        await peer.program.event('closed');

        expectContract(dialler.events);
        expectContract(peer.program.events);
        const [opened] = dialler.all('open');
        const [answered] = peer.program.all('open');
        const { path, family, local, remote } = open;
        expect(opened).toMatchObject({
          path,
          family,
          transport: 'tcp',
          method: 'direct',
          peer: peer.ready.nodeId,
        });
        expect(opened?.local).toMatch(local);
        expect(opened?.remote).toMatch(remote);
        expect(dialler.all('ready')[0]?.nodeId).toBe(answered?.peer);
        expect(answered).toMatchObject({ pipe: opened?.pipe, path: answeredPath, family, method: 'direct' });
        expect(answered?.local).toMatch(remote);
        expect(answered?.remote).toMatch(local);
        expect(dialler.all('message').map(({ direction, text }) => [direction, text])).toEqual([
          ['out', 'hi'],
          ['in', 'hi'],
        ]);
        expect(dialler.all('attempt').filter(({ state }) => state === 'open')).toHaveLength(1);
      })(),
  );
});
