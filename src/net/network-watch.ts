/**
 * The machine's interfaces as they are now: looked at again and again while a node runs. A change of addresses or
 * routes, and a sleep of the machine, are told. Effects through Io.
 */
import type { Io, NetworkInterface } from './io/io.ts';
import { NETWORK } from './path-timing.ts';

export interface NetworkWatchTask {
  readonly io: Io;
  readonly interfaces: readonly NetworkInterface[];
  /** Looks again. */
  readonly list: () => Promise<readonly NetworkInterface[]>;
  /** @param detail what is different, for people */
  readonly changed: (detail: string) => void;
  /** After each look: what could not be done at the change may be possible now. */
  readonly looked: () => void;
  readonly signal: AbortSignal;
}

export class NetworkWatch {
  readonly #task: NetworkWatchTask;
  #interfaces: readonly NetworkInterface[];

  constructor(task: NetworkWatchTask) {
    this.#task = task;
    this.#interfaces = task.interfaces;
  }

  get interfaces(): readonly NetworkInterface[] {
    return this.#interfaces;
  }

  /** Until the signal aborts. Never rejects. */
  async watch(): Promise<void> {
    const { io, signal, looked } = this.#task;
    const stop = AbortSignal.any([signal]);
    while (!stop.aborted) {
      const [now, wall] = [io.now(), io.wallClock()];
      await io.sleepUntil(now + NETWORK.look, stop);
      if (stop.aborted) return;
      await this.#look(sleptFor(io.now() - now, io.wallClock() - wall));
      if (!stop.aborted) looked();
    }
  }

  /** @param slept ms that the machine was asleep; 0: it was not */
  async #look(slept: number): Promise<void> {
    const { list, changed, signal } = this.#task;
    const before = this.#interfaces;
    // A list that cannot be had is no other network.
    const found = await list().catch(() => before);
    if (signal.aborted) return;
    this.#interfaces = found;
    const differences = differencesOf(before, found);
    if (slept > 0) differences.push(`the machine slept for ${Math.round(slept / 1000)} s`);
    if (differences.length > 0) changed(differences.join('; '));
  }
}

/**
 * A monotonic clock stands still while a machine sleeps, or wakes late; a clock on the wall goes on.
 *
 * @param monotonic ms that a wait of NETWORK.look took
 * @param wall the same by the other clock
 * @returns ms; 0: it was awake
 */
export function sleptFor(monotonic: number, wall: number): number {
  const late = Math.max(monotonic, wall) - NETWORK.look;
  return late > NETWORK.sleep ? late : 0;
}

/** What is different, a few words for each interface. */
export function differencesOf(
  before: readonly NetworkInterface[],
  after: readonly NetworkInterface[],
): string[] {
  const ids = [...new Set([...before, ...after].map(({ id }) => id))];
  return ids.flatMap((id) => {
    const [old, now] = [before, after].map((list) => list.find((nic) => nic.id === id));
    const [had, has] = [ipsOf(old), ipsOf(now)];
    const words = [
      ...has.filter((ip) => !had.includes(ip)).map((ip) => `has ${ip}`),
      ...had.filter((ip) => !has.includes(ip)).map((ip) => `lost ${ip}`),
    ];
    if (words.length === 0 && routesOf(old) !== routesOf(now)) words.push('has another default route');
    return words.length === 0 ? [] : [`${id} ${words.join(', ')}`];
  });
}

function ipsOf(nic: NetworkInterface | undefined): readonly string[] {
  return nic?.addresses.map(({ ip }) => ip) ?? [];
}

function routesOf(nic: NetworkInterface | undefined): string {
  return JSON.stringify([nic?.defaultRoute, nic?.gateways]);
}
