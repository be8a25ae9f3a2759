/**
 * The side that is asked: the asker's relay is gone to, and where its own relay may carry the pipe, there is an
 * allocation for the asker, its address told, and what comes in by it offered as a connection that was dialled back.
 * Effects through Io.
 */

import type { NodeAddress } from '../address.ts';
import { type DialBackTask, dialBack, type OfferTask } from '../connect/dial-back.ts';
import type { Relays } from '../connect/relays.ts';
import type { ByteStream } from '../io/io.ts';
import { RELAY_OFFER } from '../path-timing.ts';
import { meetRelayed, openRelayPort, playRelayed } from '../punch/relay-play.ts';
import type { RelayedAddress } from '../signal/relayed.ts';
import { DIAL_BACK_TIMEOUT } from '../timing.ts';
import type { UdpRelay } from '../turn/udp-relay.ts';
import type { Endpoint, Family } from '../wire/endpoint.ts';
import { familyOf } from '../wire/ip.ts';

export interface RelayOfferTask extends OfferTask {
  readonly relays: Relays;
  readonly asker: NodeAddress;
  readonly families: readonly Family[];
  /** Of `probeKey`, for this pipe. */
  readonly key: () => Uint8Array;
  /** Whether the pipe is open by a relay. */
  readonly isRelayed: (pipe: string) => boolean;
  /** Tells the asker. */
  readonly relayed: (relayed: readonly RelayedAddress[]) => void;
}

/** As `dialBack`, to relayed addresses of UDP. @param key of `probeKey`, for this pipe */
export async function dialRelayed(task: DialBackTask, key: Uint8Array): Promise<void> {
  const { io } = task;
  const over = new AbortController();
  try {
    await dialBack({
      ...task,
      dial: ({ local, remote }, stop) => {
        // Longer than the dialling takes: the asker may still need to hear what was chosen.
        const signal = AbortSignal.any([stop, over.signal]);
        return meetRelayed({ io, role: 'answerer', key, signal }, local, [remote]);
      },
    });
  } finally {
    over.abort(new Error('not needed'));
  }
}

export class RelayOffer {
  readonly #task: RelayOfferTask;
  /** Where the asker's own relay may come from. */
  #others: readonly Endpoint[] = [];
  #arrivals = 0;
  /** A pipe is open by it, or none is wanted any more. */
  readonly #over = new AbortController();

  constructor(task: RelayOfferTask) {
    this.#task = task;
  }

  /** The asker has told relayed addresses of its own: its relay may come to ours. */
  also(relayed: readonly Endpoint[]): void {
    if (relayed.length > 0) this.#others = relayed;
  }

  /** @param delay ms by the plan of both; the asker's own relay comes first. Never rejects. */
  async run(delay: number): Promise<void> {
    const { io, relays, pipe, asker, families, relayed, isRelayed, signal } = this.#task;
    await io.sleepUntil(io.now() + delay + RELAY_OFFER.delay, signal);
    if (signal.aborted || isRelayed(pipe) || relays.size >= RELAY_OFFER.most) return;
    const own = asker.interfaces.flatMap(({ outer, inner }) => [...outer, ...inner]);
    const peers = [...this.#others.map(({ ip }) => ip), ...own];
    try {
      const { address, udp } = await relays.open({
        pipe,
        peers: [...new Set(peers)].slice(0, RELAY_OFFER.peers),
        families,
        arrived: (stream) => void this.#arrived(stream),
        lost: () => undefined,
        signal,
      });
      if (udp !== null) await this.#wait(udp);
      relayed([address]);
      await io.sleepUntil(io.now() + DIAL_BACK_TIMEOUT, signal);
    } catch {
      // The asker has its own ways, and is told by those.
    } finally {
      this.#over.abort();
      if (!isRelayed(pipe)) relays.settle(pipe, false);
    }
  }

  /** At the relayed address, for the asker's probes. */
  async #wait(udp: UdpRelay): Promise<void> {
    const { io, key, signal } = this.#task;
    const port = await openRelayPort(io, udp);
    playRelayed(port, {
      io,
      role: 'answerer',
      key: key(),
      taken: (stream) => void this.#arrived(stream),
      signal: AbortSignal.any([signal, this.#over.signal]),
    });
  }

  async #arrived(stream: ByteStream): Promise<void> {
    // Whoever shares the asker's address may come: few are let in.
    if (++this.#arrivals > RELAY_OFFER.arrivals) {
      stream.destroy();
      return;
    }
    const { local, remote } = stream;
    const candidate = { path: 'external', family: familyOf(remote.ip), local, remote } as const;
    const dial = async () => stream;
    const faults = await dialBack({
      ...this.#task,
      candidates: [candidate],
      delay: 0,
      method: 'relay',
      dial,
    });
    if (faults === null) this.#over.abort();
  }
}
