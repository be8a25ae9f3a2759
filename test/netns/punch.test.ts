/** TCP hole punching with real packets: simulated rules on TUN devices, the kernel's NAT, IPv6 firewalls. */
import { expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { natPreset } from '../lab/index.ts';
import type { DeltaType } from '../lab/nat-ports.ts';
import type { NatTypeName } from '../lab/nat-preset.ts';
import { expectContract } from './contract.ts';
import { inMeeting, serversFile } from './services.ts';
import { become, behindTwoNats, TWO_NATS_NEEDS } from './two-nats.ts';

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

describeNeeding(TWO_NATS_NEEDS, 'tcp punch: real packets', () => {
  test(
    'twelve pairs, both ways, routers that drop and routers that reset',
    { timeout: 240_000 },
    behindTwoNats(async (lab, nats) => {
      for (const [i, [one, other]] of PAIRS.entries())
        for (const [a, b] of [
          [one, other],
          [other, one],
        ] as const) {
          const unsolicited = (i + (a === one ? 0 : 1)) % 2 === 0 ? 'drop' : 'reset';
          const name = `${a.join(' ')} × ${b.join(' ')}, ${unsolicited}`;
          await become(nats, natPreset(...a, { unsolicited }), natPreset(...b, { unsolicited }));
          const options = ['--servers', nats.servers, '--methods', 'p'];
          const peer = await lab.accept('b', ['--echo', ...options]);
          const command = ['connect', peer.address, '--json', '--send', 'over the wall', ...options];
          const dialler = lab.start('a', command);
          await dialler.exits(0);
          expectContract(dialler.events);
          expect(dialler.all('open'), name).toMatchObject([
            { method: 'tcp-punch', path: 'external', transport: 'tcp' },
          ]);
          const texts = dialler.all('message').map(({ direction, text }) => [direction, text]);
          expect(texts, name).toEqual([
            ['out', 'over the wall'],
            ['in', 'over the wall'],
          ]);
          peer.program.signal('SIGTERM');
          await peer.program.exits(0);
          expectContract(peer.program.events);
        }
    }),
  );

  test(
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

  test.for([4, 6] as const)('the kernel: two routers that let nothing in, IPv%i', (family) =>
    inMeeting({ a: 'nat', b: 'nat' }, async (lab, services) => {
      const servers = serversFile(lab, services.servers(family));
      const options = ['--servers', servers, '--families', String(family)];
      const peer = await lab.accept('b', ['--echo', ...options]);
      const command = ['connect', peer.address, '--json', '--send', 'over the wall', ...options];
      const dialler = await lab.start('a', command).exits(0);
      expect(dialler.all('open')).toMatchObject([{ method: 'tcp-punch', path: 'external', family }]);
    })(),
  );
});
