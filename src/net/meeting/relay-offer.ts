/**
 * The side that is asked, where its own relay may carry the pipe: an allocation for the asker, its address told, and
 * what comes in by it offered as a connection that was dialled back. Effects through Io.
 */

import type { NodeAddress } from '../address.ts';
import { dialBack, type OfferTask } from '../connect/dial-back.ts';
import type { Relays } from '../connect/relays.ts';
import type { ByteStream } from '../io/io.ts';
import { RELAY_OFFER } from '../path-timing.ts';
import { DIAL_BACK_TIMEOUT } from '../timing.ts';
import type { Endpoint, Family } from '../wire/endpoint.ts';
import { familyOf } from '../wire/ip.ts';

export interface RelayOfferTask extends OfferTask {
  readonly relays: Relays;
  readonly asker: NodeAddress;
  readonly families: readonly Family[];
  /** Whether the pipe is open by a relay. */
  readonly isRelayed: (pipe: string) => boolean;
  /** Tells the asker. */
  readonly relayed: (relayed: readonly Endpoint[]) => void;
}

export class RelayOffer {
  readonly #task: RelayOfferTask;
  /** Where the asker's own relay may come from. */
  #others: readonly Endpoint[] = [];
  #arrivals = 0;

  constructor(task: RelayOfferTask) {
    this.#task = task;
  }

  /** The asker has told relayed addresses of its own: its relay may dial ours. */
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
      const at = await relays.open({
        pipe,
        peers: [...new Set(peers)].slice(0, RELAY_OFFER.peers),
        families,
        arrived: (stream) => void this.#arrived(stream),
        lost: () => undefined,
        signal,
      });
      relayed([at]);
      await io.sleepUntil(io.now() + DIAL_BACK_TIMEOUT, signal);
    } catch {
      // The asker has its own ways, and is told by those.
    } finally {
      if (!isRelayed(pipe)) relays.settle(pipe, false);
    }
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
    await dialBack({ ...this.#task, candidates: [candidate], delay: 0, method: 'relay', dial });
  }
}
