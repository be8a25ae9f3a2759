/**
 * Which external port the next mapping gets (P2PD's delta types), with a range and with what is
 * taken left out. Pure.
 *
 * What the types mean here, local being the inside port, per protocol:
 *   equal        external = local, brought into the range where it is outside
 *   preserving   external = local + an offset that never changes (`value`, or by seed when 0), so
 *                two mappings differ by what their local ports differ by
 *   independent  external = the previous mapping's + value, whatever the local port and whoever asks
 *   dependent    external = the previous mapping's + value when the local port is the previous one's
 *                + 1 on the same host; else random. One foreign mapping in between breaks the row
 *   random       any free port
 * A port that is taken: the next free one above for equal and preserving, another `value` further
 * for independent and dependent, another draw for random.
 */
import type { Endpoint } from '../../src/net/wire/endpoint.ts';
import type { Random } from './random.ts';

export type DeltaType = 'equal' | 'preserving' | 'independent' | 'dependent' | 'random';

export const DELTA_TYPES: readonly DeltaType[] = [
  'equal',
  'preserving',
  'independent',
  'dependent',
  'random',
];

export interface PortRule {
  readonly delta: { readonly type: DeltaType; readonly value: number };
  /** Lowest and highest external port. */
  readonly range: readonly [number, number];
}

interface Previous {
  readonly external: number;
  readonly local: Endpoint;
}

/** Random draws before the search goes through the range one by one. */
const MAX_DRAWS = 64;

export class PortAllocator {
  readonly #rule: PortRule;
  readonly #random: Random;
  readonly #offset: number;
  readonly #previous = new Map<string, Previous>();

  constructor(rule: PortRule, random: Random) {
    const [lowest, highest] = rule.range;
    if (lowest < 1 || highest > 65535 || lowest > highest)
      throw new RangeError(`${lowest} to ${highest} is no range of ports`);
    this.#rule = rule;
    this.#random = random;
    // Never a multiple of the range's size, which would make it `equal`.
    const size = highest - lowest + 1;
    this.#offset = rule.delta.value || (size > 1 ? random.integer(1, size - 1) : 0);
  }

  /** The next mapping's external port, null when none is free. */
  next(proto: string, local: Endpoint, isFree: (port: number) => boolean): number | null {
    const port = this.#choose(local, this.#previous.get(proto), isFree);
    if (port !== null) this.#previous.set(proto, { external: port, local });
    return port;
  }

  #choose(local: Endpoint, previous: Previous | undefined, isFree: (port: number) => boolean): number | null {
    const { type, value } = this.#rule.delta;
    switch (type) {
      case 'equal':
        return this.#search(local.port, 1, isFree);
      case 'preserving':
        return this.#search(local.port + this.#offset, 1, isFree);
      case 'independent':
        return previous === undefined
          ? this.#draw(isFree)
          : this.#search(previous.external + value, value, isFree);
      case 'dependent':
        return previous !== undefined &&
          previous.local.ip === local.ip &&
          previous.local.port + 1 === local.port
          ? this.#search(previous.external + value, value, isFree)
          : this.#draw(isFree);
      case 'random':
        return this.#draw(isFree);
    }
  }

  #draw(isFree: (port: number) => boolean): number | null {
    const [lowest, highest] = this.#rule.range;
    for (let i = 0; i < MAX_DRAWS; i++) {
      const port = this.#random.integer(lowest, highest);
      if (isFree(port)) return port;
    }
    return this.#search(this.#random.integer(lowest, highest), 1, isFree);
  }

  /** The first free port from `start` on, in steps, then one by one, round the range. */
  #search(start: number, step: number, isFree: (port: number) => boolean): number | null {
    const [lowest, highest] = this.#rule.range;
    const size = highest - lowest + 1;
    for (const stride of step === 1 ? [1] : [step, 1]) {
      for (let i = 0; i < size; i++) {
        const port = lowest + mod(start + i * stride - lowest, size);
        if (isFree(port)) return port;
      }
    }
    return null;
  }
}

function mod(n: number, size: number): number {
  return ((n % size) + size) % size;
}
