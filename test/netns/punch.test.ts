/** Hole punching with real packets: simulated rules on TUN devices, the kernel's NAT, IPv6 firewalls. */
import { expect, test } from 'vitest';
import { natPreset } from '../../src/lab/index.ts';
import type { DeltaType } from '../../src/lab/nat-ports.ts';
import type { NatTypeName } from '../../src/lab/nat-preset.ts';
import { describeNeeding } from '../helpers/needs.ts';
import { expectContract } from './contract.ts';
import type { Lab } from './lab.ts';
import { inMeeting, serversFile } from './services.ts';
import { become, behindTwoNats, TWO_NATS_NEEDS, type TwoNats } from './two-nats.ts';

type Nat = readonly [NatTypeName, DeltaType];

/** Every type and delta that translates is among them. */
const PAIRS: readonly (readonly [Nat, Nat])[] = [
  [
    ['full cone', 'equal'],
    ['restrict port', 'random'],
  ],
  [
    ['restrict', 'preserving'],
    ['symmetric', 'random'],
  ],
  [
    ['restrict port', 'independent'],
    ['restrict port', 'dependent'],
  ],
  [
    ['symmetric', 'equal'],
    ['restrict port', 'equal'],
  ],
  [
    ['symmetric', 'preserving'],
    ['restrict port', 'random'],
  ],
  [
    ['symmetric', 'independent'],
    ['restrict port', 'random'],
  ],
  [
    ['symmetric', 'independent'],
    ['symmetric', 'independent'],
  ],
  [
    ['symmetric', 'dependent'],
    ['restrict', 'equal'],
  ],
  [
    ['full cone', 'random'],
    ['symmetric', 'random'],
  ],
  [
    ['restrict', 'independent'],
    ['full cone', 'dependent'],
  ],
  [
    ['restrict port', 'preserving'],
    ['restrict', 'random'],
  ],
  [
    ['symmetric', 'preserving'],
    ['symmetric', 'equal'],
  ],
];

interface Round {
  readonly a: Nat;
  readonly b: Nat;
  readonly unsolicited: 'drop' | 'reset';
}

function roundsOf(pairs: typeof PAIRS, method: Punching): Round[] {
  return pairs.flatMap(([one, other], i): Round[] => {
    const [first, second] = i % 2 === 0 ? (['drop', 'reset'] as const) : (['reset', 'drop'] as const);
    if (method === 'udp-punch')
      return [{ ...(i % 2 === 0 ? { a: one, b: other } : { a: other, b: one }), unsolicited: 'drop' }];
    return [
      { a: one, b: other, unsolicited: first },
      { a: other, b: one, unsolicited: second },
    ];
  });
}

/** Only chance helps: one of seventy tries misses, and a second one is what a person would make. */
const CHANCES: readonly (readonly [Nat, Nat])[] = [
  [
    ['symmetric', 'random'],
    ['restrict port', 'equal'],
  ],
  [
    ['restrict port', 'random'],
    ['symmetric', 'random'],
  ],
];

const LETTERS = { 'tcp-punch': 'p', 'udp-punch': 'u' } as const;
type Punching = keyof typeof LETTERS;

/** One connect through two routers, in processes that have never seen them before. @returns whether it opened */
async function connects(lab: Lab, nats: TwoNats, method: Punching): Promise<boolean> {
  const options = ['--servers', nats.servers, '--methods', LETTERS[method]];
  const peer = await lab.accept('b', ['--echo', ...options]);
  const command = ['connect', peer.address, '--json', '--send', 'over the wall', ...options];
  const dialler = await lab.start('a', command).ended();
  expectContract(dialler.events);
  const opened = dialler.all('open').length > 0;
  if (opened) {
    const transport = method === 'tcp-punch' ? 'tcp' : 'udp';
    expect(dialler.all('open')).toMatchObject([{ method, path: 'external', transport }]);
    const texts = dialler.all('message').map(({ direction, text }) => [direction, text]);
    expect(texts).toEqual([
      ['out', 'over the wall'],
      ['in', 'over the wall'],
    ]);
  }
  peer.program.signal('SIGTERM');
  await peer.program.exits(0);
  expectContract(peer.program.events);
  return opened;
}

describeNeeding(TWO_NATS_NEEDS, 'punch: real packets', () => {
  for (const method of ['tcp-punch', 'udp-punch'] as const)
    for (const [part, pairs] of [PAIRS.slice(0, 6), PAIRS.slice(6)].entries())
      test.concurrent(
        `${method}: six pairs${method === 'tcp-punch' ? ', both ways, routers that drop and routers that reset' : ''} (${part + 1} of 2)`,
        { timeout: 150_000 },
        behindTwoNats(async (lab, nats) => {
          for (const { a, b, unsolicited } of roundsOf(pairs, method)) {
            const name = `${method}: ${a.join(' ')} × ${b.join(' ')}, ${unsolicited}`;
            await become(nats, natPreset(...a, { unsolicited }), natPreset(...b, { unsolicited }));
            expect(await connects(lab, nats, method), name).toBe(true);
          }
        }),
      );

  test.concurrent(
    'birthday: random ports on one side, both ways',
    { timeout: 120_000 },
    behindTwoNats(async (lab, nats) => {
      for (const [a, b] of CHANCES) {
        await become(nats, natPreset(...a), natPreset(...b));
        const opened = (await connects(lab, nats, 'udp-punch')) || (await connects(lab, nats, 'udp-punch'));
        expect(opened, `${a.join(' ')} × ${b.join(' ')}`).toBe(true);
      }
    }),
  );

  test.concurrent(
    'a side that stands still for two seconds in the middle is waited for',
    { timeout: 60_000 },
    behindTwoNats(async (lab, nats) => {
      await become(nats, natPreset('restrict port'), natPreset('restrict port'));
      const options = ['--servers', nats.servers, '--methods', 'p'];
      for (const side of ['a', 'b']) {
        const peer = await lab.accept('b', ['--echo', ...options]);
        const dialler = lab.start('a', ['connect', peer.address, '--json', '--send', '.', ...options]);
        const stopped = side === 'a' ? dialler : peer.program;
        await dialler.event('attempt');
        stopped.signal('SIGSTOP');
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        stopped.signal('SIGCONT');
        await dialler.exits(0);
        expect(dialler.all('open'), `${side} stopped`).toMatchObject([{ method: 'tcp-punch' }]);
        peer.program.signal('SIGTERM');
        await peer.program.exits(0);
      }
    }),
  );

  test.concurrent.for([
    [4, 'tcp-punch'],
    [6, 'tcp-punch'],
    [4, 'udp-punch'],
    [6, 'udp-punch'],
  ] as const)('the kernel: two routers that let nothing in, IPv%i, %s', ([family, method]) =>
    inMeeting({ a: 'nat', b: 'nat' }, async (lab, services) => {
      const servers = serversFile(lab, services.servers(family));
      const options = ['--servers', servers, '--families', String(family), '--methods', LETTERS[method]];
      const peer = await lab.accept('b', ['--echo', ...options]);
      const command = ['connect', peer.address, '--json', '--send', 'over the wall', ...options];
      const dialler = await lab.start('a', command).exits(0);
      expect(dialler.all('open')).toMatchObject([{ method, path: 'external', family }]);
    })(),
  );
});
