/**
 * Beating random mappings by chance (the birthday paradox): the side whose ports nobody can tell opens many
 * to the one port of the other, which guesses until it hits one of them. Pure.
 *
 * With 256 ports of 64,512 a guess hits with 1 in 252: half of all punches within 175 guesses, 98.7 % within
 * 1,100. Where both sides are random it is hopeless: every guess would come from another port.
 */
import type { PortFacts, PortSource } from '../nat/predict.ts';

/** Guesses of the side whose port is known; the other one opens BIRTHDAY_PORT_COUNT. */
export const BIRTHDAY_GUESSES = 1_100;
/** Guesses a second: at first, and once the own router was seen to drop them. */
export const BIRTHDAY_RATES = { quick: 1_000, slow: 200 } as const;
/** Ports that the random side opens in a ms. */
export const BIRTHDAY_OPENINGS = 4;
/** ms between two hellos of one of its ports: they only hold the filter open. */
export const BIRTHDAY_PACE = 1_000;

/** What a side knows of a place that it or its peer punches from. */
export interface BirthdaySide {
  readonly source: PortSource;
  readonly facts: Pick<PortFacts, 'type'>;
}

/** Which part a side has; null where there is no need for chance, or no hope. */
export function birthdayPart(own: BirthdaySide, peer: BirthdaySide): 'random' | 'guesser' | null {
  if ((own.source === 'none') === (peer.source === 'none')) return null;
  const [part, steady] = own.source === 'none' ? (['random', peer] as const) : (['guesser', own] as const);
  // Whoever takes packets from any port of an address it has sent to needs no guess; nobody can count on a symmetric NAT.
  const { type } = steady.facts;
  const isLenient = type === 1 || type === 3 || type === 4;
  return isLenient || type === 6 || type === 7 ? null : part;
}

/** Chance that `guesses` ports of `size` meet one of `opened`, none being guessed twice. */
export function birthdayOdds(guesses: number, opened: number, size: number): number {
  let missed = 1;
  for (let i = 0; i < guesses && i < size; i++) missed *= Math.max(0, (size - opened - i) / (size - i));
  return 1 - missed;
}

/**
 * Ports to guess, each once, in random order.
 *
 * @param draw 32 random bits
 */
export function* guessPorts(range: readonly [number, number] | null, draw: () => number): Generator<number> {
  const [lowest, highest] = range ?? [1_024, 65_535];
  const ports = Uint16Array.from({ length: highest - lowest + 1 }, (_, i) => lowest + i);
  for (let left = ports.length; left > 0; left--) {
    const at = draw() % left;
    yield ports[at] ?? lowest;
    ports[at] = ports[left - 1] ?? lowest;
  }
}

/** How many guesses are due. Machine: no clock. */
export class GuessPacer {
  #sent = 0;
  #rate: number = BIRTHDAY_RATES.quick;
  #from: { at: number; sent: number };

  constructor(now: number) {
    this.#from = { at: now, sent: 0 };
  }

  get sent(): number {
    return this.#sent;
  }

  get rate(): number {
    return this.#rate;
  }

  get isOver(): boolean {
    return this.#sent >= BIRTHDAY_GUESSES;
  }

  /** The own router drops: from now on slowly. */
  slowDown(now: number): void {
    if (this.#rate === BIRTHDAY_RATES.slow) return;
    this.#rate = BIRTHDAY_RATES.slow;
    this.#from = { at: now, sent: this.#sent };
  }

  /** @returns guesses to send now; after a pause of the machine no burst makes up for it */
  take(now: number): number {
    const due = Math.floor(((now - this.#from.at) * this.#rate) / 1000) + 1 - (this.#sent - this.#from.sent);
    const count = Math.max(0, Math.min(due, MAX_BURST, BIRTHDAY_GUESSES - this.#sent));
    this.#sent += count;
    if (due > MAX_BURST) this.#from = { at: now, sent: this.#sent };
    return count;
  }
}

const MAX_BURST = 20;
