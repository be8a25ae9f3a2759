/**
 * Signalling through brokers that delay, double, reorder, lose and die, between clocks that are off:
 * one seed, one world, one course of events.
 *
 *   SEEDS=10000 npx vitest run test/net/signalling-seeds.test.ts     all of them, 3 minutes
 *   SEED=17 npx vitest run test/net/signalling-seeds.test.ts         one that failed, exactly as it did
 */
import { expect, test, vi } from 'vitest';
import { createWorld } from '../../src/lab/world.ts';
import { P2pdError } from '../../src/net/errors.ts';
import type { Message, SignalMessage } from '../../src/net/signal/message.ts';
import type { Delivery } from '../../src/net/signal/outbox.ts';
import { SIGNAL_SKEW } from '../../src/net/timing.ts';
import { encodeBase16 } from '../../src/net/wire/base16.ts';
import { labIdentity } from '../helpers/lab-identity.ts';
import { expectSealed } from '../helpers/lab-sealed.ts';
import {
  areApart,
  drawPlan,
  forSeeds,
  pick,
  type SeedPlan,
  signalTime,
  unleash,
} from '../helpers/lab-seeds.ts';
import { createSignaller, type Mail, type Signaller } from '../helpers/lab-signaller.ts';

vi.mock('../../src/net/identity.ts', async (importOriginal) => {
  const { withStandIns } = await import('../helpers/lab-signatures.ts');
  return withStandIns(await importOriginal());
});

const FILE = 'test/net/signalling-seeds.test.ts';
const IDENTITIES = { a: labIdentity(1), b: labIdentity(2) } as const;

/** One message on its way and what its sender was told. */
interface Sent {
  readonly from: Signaller;
  readonly to: Signaller;
  readonly id: string;
  readonly at: number;
  /** Both listen at the broker that never fails. */
  sound: boolean;
  outcome: Delivery | P2pdError | null;
}

test('signalling: what reaches a node is acted upon once, and its sender learns the truth', async () => {
  await forSeeds({ usual: 1_200, file: FILE, run: exchangeMessages });
}, 3_600_000);

async function exchangeMessages(seed: number): Promise<void> {
  const plan = drawPlan(seed, false);
  const { random } = plan;
  const world = createWorld(plan.world);
  const { lab, brokers, servers } = world;
  unleash(plan, lab, brokers);
  const make = (name: 'a' | 'b'): Signaller => {
    const options = { host: world[name], identity: IDENTITIES[name], urls: servers.mqtt };
    const signaller = createSignaller({
      ...options,
      onMessage(message, origin) {
        // Half of the questions are answered, by their ids.
        if (message.type === 'connect' && ((message.pipeId[0] ?? 0) & 1) === 0)
          signaller.signalling.reply(origin, servers.mqtt, answerTo(message.pipeId));
      },
    });
    return signaller;
  };
  const [a, b] = [make('a'), make('b')];
  await lab.run(() => Promise.all([a.signalling.start(1_500), b.signalling.start(1_500)]));
  const url = brokers[plan.sound ?? -1]?.url ?? '';
  const sent: Sent[] = [];
  for (let i = 0; i < 6; i++) {
    const [from, to] = pick(random, [
      [a, b],
      [b, a],
    ] as const);
    const [at, pipeId] = [lab.now() + random.integer(0, 5_000), random.bytes(16)];
    const entry: Sent = { from, to, id: encodeBase16(pipeId), at, sound: false, outcome: null };
    sent.push(entry);
    lab.clock.at(at, () => {
      entry.sound = [a, b].every(({ signalling }) => signalling.listening.includes(url));
      void send(entry, pipeId, random.bytes(200));
    });
  }
  await lab.advance(20_000);
  a.stop();
  b.stop();
  await lab.advance(5_000);
  const mail = new Map([a, b].map((signaller) => [signaller, signaller.mail()]));
  for (const entry of sent) judge(plan, entry, mail);
  const pipeIds = sent.map(({ id }) => Buffer.from(id, 'hex').toString('latin1'));
  expectSealed(world, [IDENTITIES.a, IDENTITIES.b], pipeIds);
}

async function send(entry: Sent, pipeId: Uint8Array, address: Uint8Array): Promise<void> {
  const { from, to } = entry;
  from.wishes.add(entry.id);
  const peer = { publicKey: to.identity.publicKey, brokers: to.signalling.listening };
  const message = {
    type: 'connect',
    pipeId,
    methods: ['reverse'],
    paths: ['external'],
    families: [4],
    knownSequence: 0,
    address,
    punch: null,
  } as const;
  try {
    entry.outcome = await from.signalling.send(peer, message);
  } catch (error) {
    if (!(error instanceof P2pdError)) throw error;
    entry.outcome = error;
  }
}

function answerTo(pipeId: Uint8Array): SignalMessage {
  return { type: 'answer', pipeId, result: 'accepted', address: new Uint8Array(0), punch: null };
}

function judge(plan: SeedPlan, sent: Sent, mail: ReadonlyMap<Signaller, readonly Mail[]>): void {
  const { from, to, id, at, outcome } = sent;
  const questions = actedUpon(to, id, 'connect');
  const due = arrived(mail.get(to), id, 'connect').filter(isFresh);
  expect(questions.length, `${id} asked`).toBe(due.length > 0 ? 1 : 0);
  // An answer names a pipe of ours, so that no clock counts.
  const answers = arrived(mail.get(from), id, 'answer');
  expect(actedUpon(from, id, 'answer').length, `${id} answered`).toBe(answers.length > 0 ? 1 : 0);
  const signal = signalTime(plan);
  if (sent.sound && signal !== null && !areApart(plan))
    expect(questions[0]?.at ?? Number.POSITIVE_INFINITY, 'in time').toBeLessThanOrEqual(at + signal + 0.001);
  judgeOutcome(sent, outcome, questions.length);
}

/** What its sender was told is true. */
function judgeOutcome({ from, to, id, sound }: Sent, outcome: Sent['outcome'], times: number): void {
  expect(outcome, `${id} settles`).not.toBeNull();
  if (outcome === null || outcome instanceof P2pdError) {
    expect(sound, `${id} fails: ${outcome?.message}`).toBe(false);
    expect(outcome?.code).toMatch(/^(PEER_SILENT|NO_SERVICE)$/);
    return;
  }
  expect(times, `${id} acknowledged`).toBe(1);
  const truth = to.host.clockOffset - from.host.clockOffset;
  const { clock } = outcome;
  if (clock !== null) expect(Math.abs(clock.offset - truth)).toBeLessThanOrEqual(clock.error);
}

function actedUpon({ received }: Signaller, id: string, type: Message['type']) {
  return received.filter(({ message }) => message.type === type && idOf(message) === id);
}

function arrived(mail: readonly Mail[] | undefined, id: string, type: Message['type']): readonly Mail[] {
  return mail?.filter(({ message }) => message.type === type && idOf(message) === id) ?? [];
}

function isFresh({ wall, sentAt, lifetime, answered }: Mail): boolean {
  return answered || (wall >= sentAt - SIGNAL_SKEW && wall <= sentAt + lifetime + SIGNAL_SKEW);
}

function idOf(message: Message): string | null {
  return 'pipeId' in message ? encodeBase16(message.pipeId) : null;
}
