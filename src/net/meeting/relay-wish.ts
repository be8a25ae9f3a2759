/**
 * A connect of ours by a relay: an allocation, its address told to the peer, and the connection that the peer dials.
 * Effects through Io.
 */
import type { AskListener, Hope } from '../connect/asking.ts';
import type { Relays } from '../connect/relays.ts';
import { wayBack } from '../connect/way-back.ts';
import { reasonOf } from '../errors.ts';
import type { ByteStream } from '../io/io.ts';
import { readPreamble, secureAsAnswerer } from '../pipe/secure.ts';
import { DIAL_BACK_TIMEOUT, HANDSHAKE_TIMEOUT } from '../timing.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { familyOf } from '../wire/ip.ts';
import { sameBytes } from './same-bytes.ts';
import type { WishTask } from './wish-task.ts';

/** Addresses that the peer may come from. */
const MAX_PEER_IPS = 16;

export interface RelayWishTask extends WishTask {
  readonly relays: Relays;
  readonly asker: AskListener;
  /** Tells the peer. */
  readonly ask: (relayed: readonly Endpoint[]) => void;
  /** The connect is over. */
  readonly over: AbortSignal;
}

export class RelayWish {
  readonly #task: RelayWishTask;
  readonly #hope: Hope;

  constructor(task: RelayWishTask) {
    this.#task = task;
    const { asker, peer, locals, choice } = task;
    this.#hope = asker.hope({ ...wayBack(peer, locals(), choice), method: 'relay', path: 'external' });
  }

  /** @param delay ms until it begins. Never rejects. */
  async run(delay: number): Promise<void> {
    const { io, relays, pipe, peer, choice, ask, over } = this.#task;
    if (delay > 0) await io.sleepUntil(io.now() + delay, over);
    if (over.aborted) return;
    const ips = peer.interfaces.flatMap(({ outer, inner }) => [...outer, ...inner]);
    try {
      const relayed = await relays.open({
        pipe,
        peers: [...new Set(ips)].slice(0, MAX_PEER_IPS),
        families: choice.families,
        arrived: (stream) => void this.#arrived(stream),
        lost: (reason) => this.#hope.failed(reason),
        signal: over,
      });
      ask([relayed]);
      await io.sleepUntil(io.now() + DIAL_BACK_TIMEOUT, over);
      if (!over.aborted) this.#hope.failed(`nobody came by the relay within ${DIAL_BACK_TIMEOUT / 1000} s`);
    } catch (error) {
      this.#hope.failed(reasonOf(error));
    }
  }

  /** Whoever knows the relayed address may dial it from the peer's network: only the peer is let in. */
  async #arrived(stream: ByteStream): Promise<void> {
    const { io, identity, peer, pipeId, over } = this.#task;
    const limit = new AbortController();
    const done = new AbortController();
    void io.sleepUntil(io.now() + HANDSHAKE_TIMEOUT, done.signal).then(() => {
      if (!done.signal.aborted) limit.abort(new Error('no handshake in time'));
    });
    const signal = AbortSignal.any([limit.signal, over]);
    const began = io.now();
    try {
      const first = await readPreamble(stream, signal);
      const isTheirs =
        first.kind === 'preamble' &&
        sameBytes(first.preamble.pipeId, pipeId) &&
        sameBytes(first.preamble.publicKey, peer.publicKey);
      if (!isTheirs) throw new Error('somebody else');
      this.#hope.connecting(true);
      const secured = await secureAsAnswerer(io, stream, identity, first.preamble, signal);
      const { local, remote } = secured.stream;
      const way = { method: 'relay', path: 'external', family: familyOf(remote.ip), local, remote } as const;
      this.#hope.arrived(secured, way, { transport: 'tcp', rtt: io.now() - began, loss: null });
    } catch {
      stream.destroy();
    } finally {
      done.abort();
    }
  }
}
