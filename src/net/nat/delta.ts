/**
 * Evidence to delta: how external ports follow local ports and each other (P2PD's delta types). Fresh
 * local ports are mapped one right after the other, first scattered over all ports, then consecutive.
 * A verdict is given only where coincidence can be ruled out. Pure; samples carry their order.
 *
 *   equal        some ports are the local ones (others may be taken, or outside the NAT's range)
 *   preserving   scattered: external − local is the same for all, modulo the size of the range
 *   independent  scattered: successive mappings differ by the same value
 *   dependent    only consecutive: they differ by the same value
 *   random       neither
 */
import type { Delta } from './behavior.ts';

export interface Sample {
  readonly local: number;
  readonly external: number;
  /** Samples of one run were sent one right after the other. */
  readonly run: number;
  /** The place in its run. */
  readonly order: number;
  readonly kind: 'scattered' | 'consecutive';
}

export interface DeltaVerdict {
  readonly delta: Delta;
  /** 0 to 1. */
  readonly confidence: number;
  /** More samples of which kind would help; null where the verdict stands. */
  readonly wants: 'scattered' | 'consecutive' | null;
}

/** A coincidence rarer than this is none. */
const PROOF = 1e-6;
/** A step that fewer pairs have is a coincidence, not a pattern with others' mappings in between. */
const PATTERN_SHARE = 0.25;
/** Pairs without a pattern that are needed: scattered, as consecutive ones follow, and consecutive. */
const ENOUGH_FAR = 3;
const ENOUGH_NEAR = 6;
/** Foreign mappings between two of ours that are still told from chance. */
const MAX_FOREIGN = 8;
/** Steps in one direction are told by their commonest from this share on, else by what divides so many. */
const CLEAR_SHARE = 0.7;
const ENOUGH_DIVIDED = 12;
/** Beyond this a step is a wrap, or another range. */
const MAX_COUNTED = 4096;
/** An order this rare asks for more before a delta is told that does not count. */
const ODD_ORDER = 0.01;
/** Scattered samples that are compared each with each. */
const MAX_COMPARED = 10;
/** Steps up to this are what allocators really use. */
const SMALL_STEP = 64;
/** A modulus below this may be chance. */
const MIN_MODULUS = 256;

export function foldDelta(samples: readonly Sample[]): DeltaVerdict {
  const matches = samples.filter(({ local, external }) => local === external).length;
  if (matches >= 3 || (matches >= 2 && matches === samples.length)) return sure(2, 0, 1 - 1e-9);
  const scattered = samples.filter(({ kind }) => kind === 'scattered');
  const consecutive = samples.filter(({ kind }) => kind === 'consecutive');
  const span = spanOf(samples);
  const far = stepsOf(scattered, span, () => true);
  const counted = Math.min(far.chance, far.order);
  if (counted <= PROOF)
    return countedBy(
      stepsOf(samples, span, () => true),
      1 - counted,
    );
  const anchors = anchorsOf(consecutive);
  if (isPreserving(scattered, anchors)) {
    // Equal ports that lie outside the NAT's range look the same: neighbours within it tell.
    return anchors.length > 0 ? sure(3, 0, 1 - 1e-9) : open('consecutive');
  }
  if (isSuspicious(far) || scattered.length < 2) return open('scattered');
  const near = stepsOf(consecutive, span, (a, b) => a.local + 1 === b.local);
  if (near.chance <= PROOF) return stepwise(far, near, anchors);
  if (near.steps.length < ENOUGH_NEAR || isSuspicious(near) || matches > 0) return open('consecutive');
  return sure(6, 0, 1 - PROOF);
}

/** Neighbours follow each other by one step: do others too? */
function stepwise(far: Steps, near: Steps, anchors: readonly number[]): DeltaVerdict {
  if (far.steps.length < ENOUGH_FAR) return open('scattered');
  // The same step, or others' mappings in between, whatever the local ports: it does not depend on them.
  const same = far.steps.filter((step) => step % near.step === 0 && isFew(step / near.step));
  if (same.length * 2 >= far.steps.length) return sure(4, near.step, 1 - near.chance);
  // By 1 go preserved ports too, where one that was taken has shifted a row.
  if (near.step === 1 && anchors.length < 2) return open('consecutive');
  return sure(5, near.step, 1 - near.chance);
}

function isFew(times: number): boolean {
  return times > 0 && times <= MAX_FOREIGN;
}

/**
 * Successive mappings go one way: by what? Others' mappings in between, and ports that are taken, only
 * make steps larger: so it is the smallest where most have it, else what divides them all.
 */
function countedBy({ step, count, steps }: Steps, confidence: number): DeltaVerdict {
  const up = steps.filter((one) => one > 0).length * 2 >= steps.length;
  const forward = steps.filter((one) => one > 0 === up && Math.abs(one) <= MAX_COUNTED).map(Math.abs);
  const isSmallest = forward.every((one) => one >= Math.abs(step));
  if (isSmallest && count >= forward.length * CLEAR_SHARE) return sure(4, step, confidence);
  if (forward.length < ENOUGH_DIVIDED) return open('scattered');
  const value = forward.reduce(gcd, 0);
  return sure(4, up ? value : -value, confidence);
}

function isSuspicious({ count, steps, order }: Steps): boolean {
  return order < ODD_ORDER || (count >= 2 && count / steps.length > PATTERN_SHARE);
}

function sure(type: 2 | 3 | 4 | 5 | 6, value: number, confidence: number): DeltaVerdict {
  return { delta: { type, value }, confidence, wants: null };
}

function open(wants: 'scattered' | 'consecutive'): DeltaVerdict {
  return { delta: { type: null, value: 0 }, confidence: 0, wants };
}

function spanOf(samples: readonly Sample[]): number {
  const ports = samples.map(({ external }) => external);
  return Math.max(MIN_MODULUS, Math.max(...ports) - Math.min(...ports));
}

/** External − local of each run of neighbours that has one. */
function anchorsOf(consecutive: readonly Sample[]): number[] {
  const runs = new Map<number, number[]>();
  for (const { run, local, external } of consecutive)
    runs.set(run, [...(runs.get(run) ?? []), external - local]);
  return [...runs.values()].map(commonest).flatMap(({ step, count }) => (count > 1 ? [step] : []));
}

/**
 * Whether external − local is one number for most, modulo the size of the range that the NAT brings
 * ports into. Some may be exceptions: their port was taken. What neighbours have is no exception.
 */
function isPreserving(scattered: readonly Sample[], anchors: readonly number[]): boolean {
  const offsets = scattered.slice(0, MAX_COMPARED).map(({ local, external }) => external - local);
  const ports = scattered.map(({ external }) => external);
  const width = Math.max(...ports) - Math.min(...ports);
  const fits = (anchor: number, own: readonly number[]) => {
    const modulus = own.reduce((divisor, offset) => gcd(divisor, Math.abs(offset - anchor)), 0);
    return modulus === 0 || (modulus >= MIN_MODULUS && modulus > width);
  };
  if (anchors.length > 0)
    return anchors.some((anchor) =>
      subsets(offsets, Math.min(3, offsets.length)).some((own) => fits(anchor, own)),
    );
  if (offsets.length < 4) return false;
  return subsets(offsets, Math.max(4, offsets.length - 2)).some((own) => fits(own[0] ?? 0, own));
}

/** All choices of `size` of the numbers. */
function subsets(numbers: readonly number[], size: number): (readonly number[])[] {
  if (size === 0) return [[]];
  return numbers.flatMap((number, i) =>
    subsets(numbers.slice(i + 1), size - 1).map((rest) => [number, ...rest]),
  );
}

interface Steps {
  readonly step: number;
  /** How often it was seen. */
  readonly count: number;
  /** How likely so regular a row is by chance, were ports random. */
  readonly chance: number;
  /** How likely rows that only rise (or only fall) are by chance. */
  readonly order: number;
  readonly steps: readonly number[];
}

/** The commonest difference between one mapping and the next. */
function stepsOf(samples: readonly Sample[], span: number, counts: (a: Sample, b: Sample) => boolean): Steps {
  const steps: number[] = [];
  let order = 1;
  for (const row of rowsOf(samples)) {
    const own = row.slice(1).map((sample, i) => sample.external - (row[i]?.external ?? 0));
    row.slice(1).forEach((sample, i) => {
      const before = row[i];
      if (before !== undefined && before.order + 1 === sample.order && counts(before, sample))
        steps.push(sample.external - before.external);
    });
    // Ever upwards (or downwards) is an order that chance has once in n!.
    if (own.length >= 3 && (own.every((step) => step > 0) || own.every((step) => step < 0)))
      order *= 2 / factorial(row.length);
  }
  const common = commonest(steps);
  if (common.count < 2 || common.step === 0) return { ...common, chance: 1, order, steps };
  const candidates = Math.abs(common.step) <= SMALL_STEP ? 2 * SMALL_STEP : span;
  const chance = (choose(steps.length, common.count) * candidates * order) / span ** common.count;
  return { ...common, chance: Math.min(1, chance), order, steps };
}

function rowsOf(samples: readonly Sample[]): Sample[][] {
  const rows = new Map<number, Sample[]>();
  for (const sample of [...samples].sort((a, b) => a.order - b.order))
    rows.set(sample.run, [...(rows.get(sample.run) ?? []), sample]);
  return [...rows.values()];
}

/** Of several equally common steps the smallest: others are what foreign mappings in between made of it. */
function commonest(steps: readonly number[]): { readonly step: number; readonly count: number } {
  const counts = new Map<number, number>();
  for (const step of steps) counts.set(step, (counts.get(step) ?? 0) + 1);
  let best = { step: 0, count: 0 };
  for (const [step, count] of counts) {
    const isBetter = count > best.count || (count === best.count && Math.abs(step) < Math.abs(best.step));
    if (isBetter) best = { step, count };
  }
  return best;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

function choose(n: number, k: number): number {
  let result = 1;
  for (let i = 0; i < k; i++) result *= (n - i) / (i + 1);
  return result;
}
