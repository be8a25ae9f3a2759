/**
 * A connect of ours by a relay: an allocation, its address told to the peer, and what the peer brings by it: a
 * connection, or the stream behind the probes of a UDP punch. Effects through Io.
 */
import type { AskListener, Hope } from '../connect/asking.ts';
import type { Candidate } from '../connect/pathway.ts';
import { relayCandidates } from '../connect/reverse.ts';
import { wayBack } from '../connect/way-back.ts';
import { deferred } from '../deferred.ts';
import { reasonOf } from '../errors.ts';
import type { ByteStream } from '../io/io.ts';
import { RELAY_OFFER } from '../path-timing.ts';
import { readPreamble, secureAsAnswerer } from '../pipe/secure.ts';
import { probeKey } from '../punch/probe.ts';
import { openRelayPort, playRelayed } from '../punch/relay-play.ts';
import { UdpPort } from '../punch/udp-port.ts';
import type { RelayedAddress } from '../signal/relayed.ts';
import { DIAL_BACK_TIMEOUT, HANDSHAKE_TIMEOUT } from '../timing.ts';
import type { UdpRelay } from '../turn/udp-relay.ts';
import { familyOf } from '../wire/ip.ts';
import { sameBytes } from './same-bytes.ts';
import type { WishTask } from './wish-task.ts';

const NO_RELAY =
  'neither side knows a relay: run p2pd-demo serve where both sides reach it (--via), or name a TURN server (--servers)';
/** Addresses that the peer may come from. */
const MAX_PEER_IPS = 16;

export interface RelayWishTask extends WishTask {
  readonly asker: AskListener;
  /** Tells the peer. */
  readonly ask: (relayed: readonly RelayedAddress[]) => void;
  /** The connect is over. */
  readonly over: AbortSignal;
}

export class RelayWish {
  readonly #task: RelayWishTask;
  /** Told as an attempt; null until there is a relay. */
  #hope: Hope | null = null;
  readonly #offered = deferred<void>();
  #isOffered = false;
  /** Aborts when a connection has come. */
  readonly #arrival = new AbortController();
  /** Our allocation, where it is one of UDP, and the port that it is. */
  #own: { readonly udp: UdpRelay; readonly port: UdpPort } | null = null;

  constructor(task: RelayWishTask) {
    this.#task = task;
    if (!task.relays.isEmpty) this.#expect();
  }

  /** With a relay of our own. @param delay ms until it begins. Never rejects. */
  async run(delay: number): Promise<void> {
    const { io, relays, pipe, peer, choice, ask, over } = this.#task;
    if (relays.isEmpty) return;
    if (delay > 0) await io.sleepUntil(io.now() + delay, over);
    if (over.aborted) return;
    const ips = peer.interfaces.flatMap(({ outer, inner }) => [...outer, ...inner]);
    try {
      const { address, udp } = await relays.open({
        pipe,
        peers: [...new Set(ips)].slice(0, MAX_PEER_IPS),
        families: choice.families,
        arrived: (stream) => void this.#arrived(stream),
        lost: (reason) => this.#hope?.failed(reason),
        signal: over,
      });
      if (udp !== null) this.#own = { udp, port: this.#playOn(await openRelayPort(io, udp)) };
      ask([address]);
      await io.sleepUntil(io.now() + DIAL_BACK_TIMEOUT, over);
      if (!over.aborted) this.#hope?.failed(`nobody came by the relay within ${DIAL_BACK_TIMEOUT / 1000} s`);
    } catch (error) {
      // The peer's relay may do what ours does not.
      await this.#offer();
      if (!this.#isOffered) this.#hope?.failed(reasonOf(error));
    }
  }

  /** Resolves when no relay will come that is not told yet: where we have none the peer may offer its own. */
  async expected(): Promise<void> {
    const { relays, choice } = this.#task;
    if (!relays.isEmpty) return;
    await this.#offer();
    // Of other methods there is enough to be told.
    if (!this.#isOffered && choice.methods.length === 1) this.#expect().failed(NO_RELAY);
  }

  /** Resolves when the peer has offered a relay, or will hardly do so any more. */
  async #offer(): Promise<void> {
    const { io, over } = this.#task;
    const done = new AbortController();
    const stop = AbortSignal.any([over, done.signal]);
    await Promise.race([this.#offered.promise, io.sleepUntil(io.now() + RELAY_OFFER.wait, stop)]);
    done.abort();
  }

  /** The peer's own relay lets us in: dialled, and where that leads nowhere, by our relay. Once a connect. */
  async offered(relayed: readonly RelayedAddress[]): Promise<void> {
    const { interfaces, outer, peer, choice, over } = this.#task;
    if (this.#isOffered || this.#hasArrived || over.aborted) return;
    this.#isOffered = true;
    const hope = this.#expect();
    this.#offered.resolve();
    const question = { own: interfaces, outer: outer(), asker: peer, choice, localBroker: false };
    const reaching = relayed.flatMap((address) => {
      const isTcp = address.transport === 'tcp';
      const candidates = relayCandidates(question, [address]);
      return candidates.map((one) => (isTcp ? this.#reach(one) : this.#reachByUdp(one)));
    });
    const faults = await Promise.all(reaching);
    const isHopeless = faults.every((fault) => fault !== null);
    if (isHopeless && this.#task.relays.isEmpty)
      hope.failed(faults[0] ?? 'the peer offers a relay that may not be dialled');
  }

  get #hasArrived(): boolean {
    return this.#arrival.signal.aborted;
  }

  #expect(): Hope {
    const { asker, peer, locals, choice } = this.#task;
    this.#hope ??= asker.hope({ ...wayBack(peer, locals(), choice), method: 'relay', path: 'external' });
    return this.#hope;
  }

  /** @returns why it cannot be reached; null where it was */
  async #reach({ local, remote }: Candidate): Promise<string | null> {
    const { io, relays, pipe, over } = this.#task;
    const reached = new AbortController();
    const limit = AbortSignal.any([over, reached.signal]);
    const take = (stream: ByteStream) => {
      reached.abort(new Error('reached another way'));
      void this.#arrived(stream);
      return null;
    };
    const dialling = io.dialTcp(local, remote, limit).then(take, reasonOf);
    const done = new AbortController();
    await Promise.race([
      dialling,
      io.sleepUntil(io.now() + RELAY_OFFER.patience, AbortSignal.any([over, done.signal])),
    ]);
    done.abort();
    if (over.aborted || reached.signal.aborted) return null;
    const relaying = relays.connect(pipe, remote, limit).then(take, reasonOf);
    const [direct, relayed] = await Promise.all([dialling, relaying]);
    return direct === null || relayed === null ? null : direct;
  }

  /**
   * Its probes are answered, from a port of this machine and, where that leads nowhere, from our own relayed address.
   *
   * @returns why it cannot be reached; null where it was
   */
  async #reachByUdp({ local, remote }: Candidate): Promise<string | null> {
    const { io, over } = this.#task;
    const own = this.#own;
    const [until, patience] = [io.now() + DIAL_BACK_TIMEOUT, io.now() + RELAY_OFFER.patience];
    const stop = AbortSignal.any([over, this.#arrival.signal]);
    try {
      const port = this.#playOn(await UdpPort.open(io, local));
      port.aim([remote]);
    } catch (error) {
      if (own === null) return reasonOf(error);
    }
    await io.sleepUntil(patience, stop);
    if (own !== null && !stop.aborted) {
      await own.udp.lease.permit([remote.ip]).catch(() => undefined);
      own.port.aim([remote]);
    }
    await io.sleepUntil(until, stop);
    return stop.aborted ? null : "no answer from the peer's relay";
  }

  /** What the peer's probes bring there. */
  #playOn(port: UdpPort): UdpPort {
    const { io, identity, peer, pipeId, over } = this.#task;
    playRelayed(port, {
      io,
      role: 'caller',
      key: probeKey(identity.sharedSecret(peer.publicKey), pipeId),
      taken: (stream) => void this.#arrived(stream),
      signal: AbortSignal.any([over, this.#arrival.signal]),
    });
    return port;
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
      this.#expect().connecting(true);
      const secured = await secureAsAnswerer(io, stream, identity, first.preamble, signal);
      // One relay is as good as another.
      if (this.#hasArrived) throw new Error('relayed already');
      this.#arrival.abort();
      const { local, remote, transport } = secured.stream;
      const way = { method: 'relay', path: 'external', family: familyOf(remote.ip), local, remote } as const;
      this.#expect().arrived(secured, way, { transport, rtt: io.now() - began, loss: null });
    } catch {
      stream.destroy();
    } finally {
      done.abort();
    }
  }
}
