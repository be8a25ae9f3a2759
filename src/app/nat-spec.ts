/** A NAT as a person names it: `restrict port,equal`, `symmetric,independent,3`, or by numbers `5,2`. Pure. */
import { DELTA_NAMES, type Delta, NAT_NAMES, type NatType, P2pdError } from '../net/index.ts';

export interface NatSpec {
  readonly type: NatType;
  readonly delta: Delta;
}

/** Ports between two mappings, either way: more would leave no range to count in. */
const MAX_STEP = 1000;
/** Of the deltas that have a value: the smallest that is told from its neighbours. */
const STEPS: Readonly<Record<number, number>> = { 4: 1, 5: 2 };

/** @throws P2pdError USAGE */
export function parseNatSpec(text: string): NatSpec {
  const [type = '', delta, value, ...more] = text.split(',').map((part) => part.trim().toLowerCase());
  if (more.length > 0) throw wrong(text, 'it has more than three parts');
  const number = numberOf(NAT_NAMES, type);
  if (number === null) throw wrong(text, `"${type}" is none of ${Object.values(NAT_NAMES).join(', ')}`);
  return { type: number, delta: deltaOf(text, number, delta, value) };
}

/** A delta belongs to what translates. */
function deltaOf(text: string, type: NatType, name = 'equal', value?: string): Delta {
  const translates = type > 2 && type < 7;
  const number = numberOf(DELTA_NAMES, name);
  if (number === null) throw wrong(text, `"${name}" is none of ${Object.values(DELTA_NAMES).join(', ')}`);
  if (!translates) return { type: 1, value: 0 };
  if (number === 1) throw wrong(text, 'a NAT of this type has a delta');
  const usual = STEPS[number];
  if (value === undefined) return { type: number, value: usual ?? 0 };
  const step = Number(value);
  if (usual === undefined) throw wrong(text, `a ${DELTA_NAMES[number]} delta has no value`);
  if (!Number.isInteger(step) || step === 0 || Math.abs(step) > MAX_STEP)
    throw wrong(text, `a value is a whole number from -${MAX_STEP} to ${MAX_STEP}, and not 0`);
  return { type: number, value: step };
}

/** By its name, with spaces or hyphens, or its number. */
function numberOf<N extends number>(names: Readonly<Record<N, string>>, text: string): N | null {
  const plain = text.replace(/[-_ ]+/g, ' ');
  const found = Object.entries(names).find(([number, name]) => number === plain || name === plain);
  // Keys of an object are text, whatever they were written as.
  return found === undefined ? null : (Number(found[0]) as N);
}

function wrong(text: string, why: string): P2pdError {
  return new P2pdError('USAGE', `"${text}" names no NAT: ${why}`, {
    hint: 'TYPE,DELTA as p2pd-demo matrix prints them: "restrict port,equal", "symmetric,random"',
  });
}
