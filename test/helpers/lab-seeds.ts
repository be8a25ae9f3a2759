/**
 * Worlds by the thousand: what a seed makes of two machines and their brokers, and the loop over
 * seeds. `SEEDS=10000` runs so many, `SEED=17` that one alone.
 */

import { type Broker, type BrokerFaults, type Lab, natPreset } from '../../src/lab/index.ts';
import { createRandom, type Random } from '../../src/lab/random.ts';
import type { SideOptions, WorldOptions } from '../../src/lab/world.ts';
import { SIGNAL_RESEND, SIGNAL_SKEW } from '../../src/net/timing.ts';

/** sound: one broker never fails · luck: all may · doomed: all die within seconds. */
export type Fate = 'sound' | 'luck' | 'doomed';

/** What happens to a broker while the world runs. */
interface Turn {
  readonly at: number;
  readonly broker: number;
  readonly what: 'die' | 'revive' | 'silent' | 'deaf';
}

export interface SeedPlan {
  readonly fate: Fate;
  readonly world: WorldOptions;
  /** Of each broker. */
  readonly faults: readonly Partial<BrokerFaults>[];
  readonly turns: readonly Turn[];
  /** The broker that never fails. */
  readonly sound: number | null;
  /** When all have died, if they do. */
  readonly doom: number;
  /** For what else the test draws. */
  readonly random: Random;
}

const HOUR = 3_600_000;
/** ms in which brokers begin to fail. */
const TURNS_UNTIL = 9_000;

/** @param services whether there may be STUN and time servers */
export function drawPlan(seed: number, services: boolean): SeedPlan {
  const random = createRandom(`plan ${seed}`);
  const fate: Fate = pick(random, ['sound', 'sound', 'sound', 'sound', 'luck', 'doomed']);
  const count = random.integer(3, 5);
  const sound = fate === 'sound' ? random.integer(0, 2) : null;
  const numbers = Array.from({ length: count }, (_, i) => i);
  const doom = fate === 'doomed' ? random.integer(2_500, 6_000) : Number.POSITIVE_INFINITY;
  const walled = pick(random, ['', 'a', 'a', 'a', 'b', 'b', 'b', 'ab'] as const);
  const loss = random.chance(0.3) ? random.next() * 0.02 : 0;
  const side = (name: 'a' | 'b'): SideOptions => ({
    delay: random.integer(1, 80),
    jitter: random.chance(0.5) ? random.integer(1, 30) : 0,
    loss,
    clockOffset: drawClock(random),
    nat: walled.includes(name) ? natPreset('restrict port', 'equal') : null,
  });
  return {
    fate,
    world: {
      seed,
      brokers: count,
      stun: services && random.chance(0.3) ? 2 : 0,
      ntp: services && random.chance(0.3) ? 3 : 0,
      a: side('a'),
      b: side('b'),
    },
    faults: numbers.map((i) => (i === sound ? soundFaults(random) : drawFaults(random))),
    turns: numbers.flatMap((i) => (i === sound ? [] : drawTurns(random, i, doom))),
    sound,
    doom,
    random,
  };
}

/** Sets the faults, and lets them change in time. */
export function unleash({ faults, turns }: SeedPlan, lab: Lab, brokers: readonly Broker[]): void {
  for (const [i, broker] of brokers.entries()) broker.set(faults[i] ?? {});
  for (const { at, broker: number, what } of turns) {
    const broker = brokers[number];
    lab.clock.at(at, () => {
      if (what === 'deaf') broker?.set({ deaf: true });
      else broker?.[what]();
    });
  }
}

function drawClock(random: Random): number {
  const kind = random.next();
  if (kind < 0.1) return 0;
  if (kind < 0.8) return random.integer(-300, 300);
  if (kind < 0.9) return random.integer(-30_000, 30_000);
  return pick(random, [-HOUR, HOUR]);
}

function soundFaults(random: Random): Partial<BrokerFaults> {
  return { delay: [0, random.integer(0, 300)], duplicate: random.next() * 0.5 };
}

function drawFaults(random: Random): Partial<BrokerFaults> {
  const mood = random.next();
  return {
    delay: [0, random.chance(0.5) ? random.integer(0, 100) : random.integer(0, 2_000)],
    duplicate: random.next() * 0.5,
    loss: random.chance(0.5) ? random.next() * 0.5 : 0,
    refuse: mood < 0.08,
    hang: mood > 0.92,
    deaf: mood > 0.84 && mood <= 0.92,
  };
}

function drawTurns(random: Random, broker: number, doom: number): Turn[] {
  const at = random.integer(0, TURNS_UNTIL);
  if (doom <= TURNS_UNTIL) return [{ at: random.integer(2_000, doom), broker, what: 'die' }];
  const what = pick(random, ['die', 'die', 'silent', 'deaf', null, null] as const);
  if (what === null) return [];
  const back: Turn[] = random.chance(0.4)
    ? [{ at: at + random.integer(1, 4_000), broker, what: 'revive' }]
    : [];
  return [{ at, broker, what }, ...back];
}

export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.integer(0, choices.length - 1)] as T;
}

export interface SeedLoop {
  /** How many without `SEEDS`. */
  readonly usual: number;
  readonly file: string;
  run(seed: number): Promise<void>;
}

/** @throws naming the seeds that fail and how to replay the first */
export async function forSeeds({ usual, file, run }: SeedLoop): Promise<void> {
  const { SEED, SEEDS } = process.env;
  const first = SEED === undefined ? 1 : Number(SEED);
  const count = SEED === undefined ? Number(SEEDS ?? usual) : 1;
  const failures: { readonly seed: number; readonly error: unknown }[] = [];
  const startedAt = performance.now();
  for (let seed = first; seed < first + count && failures.length < 10; seed++) {
    const [outcome] = await Promise.allSettled([run(seed)]);
    if (outcome.status === 'rejected') failures.push({ seed, error: outcome.reason });
  }
  const took = Math.round(performance.now() - startedAt);
  console.log(`${count} seeds in ${took} ms, ${(took / count).toFixed(1)} ms each`);
  const [worst] = failures;
  if (worst === undefined) return;
  const list = failures.map(({ seed, error }) => `seed ${seed}: ${firstLine(error)}`).join('\n');
  throw new Error(`${list}\nreplay: SEED=${worst.seed} npx vitest run ${file}`, { cause: worst.error });
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';
}

/** What can come of one machine's asking the other for a pipe. */
export interface Ways {
  /** The other machine can be dialled. */
  readonly direct: boolean;
  /** The own machine can be dialled back. */
  readonly reverse: boolean;
  /** ms that it takes at most; null where no bound is known. */
  readonly bound: number | null;
}

/** Round trips of a pipe that is dialled, and of one that is dialled back once the peer has been asked. */
const DIRECT_TRIPS = 3;
const REVERSE_TRIPS = 3.2;
/** ms beyond the packets of a path. */
const SLACK = 40;

export function waysOf(plan: SeedPlan, by: 'a' | 'b'): Ways {
  const { a = {}, b = {} } = plan.world;
  const [own, other] = by === 'a' ? [a, b] : [b, a];
  const roundTrip = 2 * (lengthOf(a) + lengthOf(b));
  const ways = { direct: other.nat === null, reverse: own.nat === null };
  if (a.loss || b.loss) return { ...ways, bound: null };
  if (ways.direct) return { ...ways, bound: DIRECT_TRIPS * roundTrip + 1 };
  const signal = signalTime(plan);
  if (signal === null || !ways.reverse) return { ...ways, bound: null };
  // The question, a challenge and the question again; the first challenges may be lost on another broker.
  const asking = areApart(plan) ? 3 * signal + 3 * Math.max(SIGNAL_RESEND, 4 * signal) : signal;
  return { ...ways, bound: asking + REVERSE_TRIPS * roundTrip + SLACK };
}

/** One way through the broker that never fails at most, ms; null where packets are lost or there is none. */
export function signalTime({ world, faults, sound }: SeedPlan): number | null {
  const { a = {}, b = {} } = world;
  const delay = faults[sound ?? -1]?.delay;
  return delay === undefined || a.loss || b.loss ? null : lengthOf(a) + delay[1] + lengthOf(b);
}

/** Whether the clocks may be too far apart for a message to be taken without a challenge: time servers see to it. */
export function areApart({ world }: SeedPlan): boolean {
  if (world.ntp !== 0) return false;
  return Math.abs((world.a?.clockOffset ?? 0) - (world.b?.clockOffset ?? 0)) >= SIGNAL_SKEW - 1_000;
}

/** One way from a machine to the Internet at most. */
function lengthOf({ delay = 0, jitter = 0 }: SideOptions): number {
  return delay + jitter;
}
