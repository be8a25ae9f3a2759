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
import type { Endpoint } from '../net/wire/endpoint.ts';
import type { Random } from './random.ts';

export type DeltaType = 'equal' | 'preserving' | 'independent' | 'dependent' | 'random';

export const DELTA_TYPES: readonly DeltaType[] = [
  'equal',
  'preserving',
  'independent',
  'dependent',
  'random',
];

/** What some NATs do besides. */
export interface PortHabits {
  /** Equal ports that are taken: the next free one, or any (Linux masquerade). @default 'next' */
  readonly onCollision?: 'next' | 'random';
  /** Even local ports get even external ones, odd ones odd ones (RFC 4787 §4.2.2). */
  readonly parity?: boolean;
  /** Each inside host has so many ports of the range to itself (carrier-grade NATs, RFC 6888). */
  readonly block?: number;
}

export interface PortRule {
  readonly delta: { readonly type: DeltaType; readonly value: number };
  /** Lowest and highest external port. */
  readonly range: readonly [number, number];
  readonly habits?: PortHabits;
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
  /** By inside host. */
  readonly #blocks = new Map<string, readonly [number, number]>();

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
    const { parity = false } = this.#rule.habits ?? {};
    const fits = (port: number) => (!parity || port % 2 === local.port % 2) && isFree(port);
    const port = this.#choose(local, this.#previous.get(proto), fits);
    if (port !== null) this.#previous.set(proto, { external: port, local });
    return port;
  }

  #choose(local: Endpoint, previous: Previous | undefined, isFree: (port: number) => boolean): number | null {
    const { type, value } = this.#rule.delta;
    switch (type) {
      case 'equal':
        if (this.#rule.habits?.onCollision === 'random' && !isFree(local.port))
          return this.#draw(local, isFree);
        return this.#search(local, local.port, 1, isFree);
      case 'preserving':
        return this.#search(local, local.port + this.#offset, 1, isFree);
      case 'independent':
        return previous === undefined
          ? this.#draw(local, isFree)
          : this.#search(local, previous.external + value, value, isFree);
      case 'dependent':
        return previous !== undefined &&
          previous.local.ip === local.ip &&
          previous.local.port + 1 === local.port
          ? this.#search(local, previous.external + value, value, isFree)
          : this.#draw(local, isFree);
      case 'random':
        return this.#draw(local, isFree);
    }
  }

  #draw(local: Endpoint, isFree: (port: number) => boolean): number | null {
    const [lowest, highest] = this.#rangeOf(local.ip);
    for (let i = 0; i < MAX_DRAWS; i++) {
      const port = this.#random.integer(lowest, highest);
      if (isFree(port)) return port;
    }
    return this.#search(local, this.#random.integer(lowest, highest), 1, isFree);
  }

  /** The whole range, or the host's own part of it. */
  #rangeOf(host: string): readonly [number, number] {
    const { range, habits } = this.#rule;
    const block = habits?.block;
    if (block === undefined) return range;
    const known = this.#blocks.get(host);
    if (known !== undefined) return known;
    const count = Math.floor((range[1] - range[0] + 1) / block);
    const lowest = range[0] + this.#random.integer(0, count - 1) * block;
    const own = [lowest, lowest + block - 1] as const;
    this.#blocks.set(host, own);
    return own;
  }

  /** The first free port from `start` on, in steps, then one by one, round the range. */
  #search(local: Endpoint, start: number, step: number, isFree: (port: number) => boolean): number | null {
    const [lowest, highest] = this.#rangeOf(local.ip);
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
