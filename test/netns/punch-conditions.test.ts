/** Hole punching with real packets where the way is bad: loss, blocked UDP, short memories, one more NAT. */
import { expect, test } from 'vitest';
import { natPreset } from '../../src/lab/index.ts';
import { describeNeeding } from '../helpers/needs.ts';
import type { Lab, Program } from './lab.ts';
import { become, behindThreeNats, behindTwoNats, TWO_NATS_NEEDS, type TwoNats } from './two-nats.ts';

const PORT = natPreset('restrict port');
const TRIES = 6;
/** ms after which the routers forget a UDP mapping that nobody used, and how long nobody says a word. */
const MEMORY = 20_000;
const SILENCE = 45_000;

async function meet(
  lab: Lab,
  { servers }: TwoNats,
  methods: string,
  body: (dialler: Program) => Promise<void>,
  input: string | null = '',
): Promise<void> {
  const options = ['--servers', servers, '--methods', methods];
  const peer = await heard(lab, ['--echo', ...options]);
  const send = input === null ? [] : ['--send', 'over the wall'];
  const dialler = lab.start('a', ['connect', peer.address, '--json', ...send, ...options], { input });
  await body(dialler);
  peer.program.signal('SIGTERM');
  await peer.program.exits(0);
}

/** Started anew until its broker answered in time: where packets are lost it may not, and no punch is asked for. */
async function heard(lab: Lab, args: readonly string[]): Promise<Awaited<ReturnType<Lab['accept']>>> {
  const peer = await lab.accept('b', args);
  if (peer.program.all('step').some(({ name, state }) => name === 'mqtt' && state === 'ok')) return peer;
  peer.program.signal('SIGTERM');
  await peer.program.exits(0);
  return heard(lab, args);
}

const textsOf = (program: Program) =>
  program.all('message').map(({ direction, text }) => `${direction}: ${text}`);

describeNeeding(TWO_NATS_NEEDS, 'punch: bad ways', () => {
  for (const [methods, method] of [
    ['u', 'udp-punch'],
    ['p', 'tcp-punch'],
  ] as const)
    test.concurrent(
      `${method}: each router loses 3 % of all packets`,
      { timeout: 120_000 },
      behindTwoNats(async (lab, nats) => {
        await become(nats, PORT, PORT, 0.03);
        for (let i = 0; i < TRIES; i++)
          await meet(lab, nats, methods, async (dialler) => {
            await dialler.exits(0);
            expect(dialler.all('open')).toMatchObject([{ method }]);
            expect(textsOf(dialler)).toEqual(['out: over the wall', 'in: over the wall']);
          });
      }),
    );

  test.concurrent(
    'one network lets no UDP through: TCP opens, and UDP alone says whose network it is',
    { timeout: 60_000 },
    behindTwoNats(async (lab, nats) => {
      for (const whose of ['your', 'their'] as const) {
        const blocked = natPreset('restrict port', 'equal', { blocked: ['udp'] });
        await become(nats, whose === 'your' ? blocked : PORT, whose === 'your' ? PORT : blocked);
        await meet(lab, nats, 'pu', async (dialler) => {
          await dialler.exits(0);
          expect(dialler.all('open')).toMatchObject([{ method: 'tcp-punch' }]);
        });
        await meet(lab, nats, 'u', async (dialler) => {
          await dialler.exits(10);
          const [{ sentence } = {}] = dialler.all('explanation');
          expect(sentence, dialler.said()).toMatch(
            new RegExp(`UDP.*(${whose} network)|${whose} network.*UDP`),
          );
        });
      }
    }),
  );

  test.concurrent(
    'the routers forget in 20 s, and nobody says a word for longer: the pipe is there when somebody does',
    { timeout: 120_000 },
    behindTwoNats(async (lab, nats) => {
      const timeouts = { ...PORT.timeouts, udp: MEMORY };
      await become(nats, { ...PORT, timeouts }, { ...PORT, timeouts });
      await meet(
        lab,
        nats,
        'u',
        async (dialler) => {
          await dialler.event('open');
          dialler.type('before\n');
          await dialler.event('message', 1);
          await new Promise((resolve) => setTimeout(resolve, SILENCE));
          dialler.type('after\n', true);
          await dialler.exits(0);
          expect(textsOf(dialler)).toEqual(['out: before', 'in: before', 'out: after', 'in: after']);
        },
        null,
      );
    }),
  );

  test.concurrent(
    'two NATs in a row, the kernel’s and a carrier’s, whatever the carrier does with ports',
    { timeout: 120_000 },
    behindThreeNats(async (lab, nats) => {
      for (const [carrier, other] of [
        [PORT, PORT],
        [natPreset('restrict port', 'random'), PORT],
        [natPreset('symmetric', 'independent'), natPreset('restrict port', 'random')],
        [natPreset('symmetric', 'random'), natPreset('restrict')],
      ] as const) {
        await become(nats, carrier, other);
        for (const [methods, method] of [
          ['p', 'tcp-punch'],
          ['u', 'udp-punch'],
        ] as const)
          await meet(lab, nats, methods, async (dialler) => {
            await dialler.exits(0);
            expect(dialler.all('open')).toMatchObject([{ method, path: 'external' }]);
            expect(textsOf(dialler)).toEqual(['out: over the wall', 'in: over the wall']);
          });
      }
    }),
  );
});
