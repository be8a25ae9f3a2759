/**
 * The punching part of a connect of ours: what may work, the calls, and the handshake of what opens.
 * Wiring only: what is sent when is `punch/`.
 */
import type { NodeAddress } from '../address.ts';
import type { AskListener, Hope } from '../connect/asking.ts';
import { NOT_TRIED } from '../connect/causes.ts';
import type { PlannedMethod } from '../connect/plan.ts';
import { wayBack } from '../connect/way-back.ts';
import type { ByteStream } from '../io/io.ts';
import type { Preamble } from '../pipe/preamble.ts';
import { readPreamble, secureAsAnswerer } from '../pipe/secure.ts';
import { PunchCaller } from '../punch/caller.ts';
import { isUnknownPlace, type Place, type Stand, standsFor } from '../punch/place.ts';
import { methodOf, type PlayEnd } from '../punch/play.ts';
import { probeKey } from '../punch/probe.ts';
import type { PunchCall } from '../signal/punch-call.ts';
import { HANDSHAKE_TIMEOUT } from '../timing.ts';
import { familyOf } from '../wire/ip.ts';
import { sameBytes } from './same-bytes.ts';
import type { WishTask } from './wish-task.ts';

export const PUNCHES = ['tcp-punch', 'udp-punch'] as const;
type PunchMethod = (typeof PUNCHES)[number];

export interface PunchWishTask extends WishTask {
  readonly asker: AskListener;
  /** The peer's newest address. */
  readonly newest: () => NodeAddress;
  /** Asks the peer; null = for what needs no punch, once. */
  readonly ask: (call: PunchCall | null) => void;
  /** The connect is over. */
  readonly over: AbortSignal;
}

type Measure = Parameters<PlayEnd['connected']>[1];

export class PunchWish {
  readonly #task: PunchWishTask;
  #caller: PunchCaller | null = null;

  constructor(task: PunchWishTask) {
    this.#task = task;
  }

  /** Whether anything is being punched. */
  get isActive(): boolean {
    return this.#caller !== null;
  }

  /** Punches as soon as it is known from where; what else the peer can do need not wait for that. */
  async run(): Promise<void> {
    const { io, choice, natsKnown, ask, over } = this.#task;
    const others = choice.methods.some((method) => method === 'reverse' || method === 'direct');
    const askAlone = () => {
      if (others) ask(null);
    };
    if (this.#stands().some(({ place }) => isUnknownPlace(place))) {
      askAlone();
      await natsKnown(over);
    }
    const stands = this.#possible();
    const delay = Math.min(...this.#planned().map((planned) => planned.delay));
    if (stands.length === 0) {
      askAlone();
      return;
    }
    if (delay > 0) {
      askAlone();
      await io.sleepUntil(io.now() + delay, AbortSignal.any([over]));
    }
    const caller = this.#callerFor(stands);
    this.#caller = caller;
    if (!caller.ready) askAlone();
    await caller.run();
  }

  /** The peer has answered. */
  answered(call: PunchCall | null): void {
    for (const { method, impossible } of this.#planned())
      if (impossible !== null) this.#caller?.impossible(method, impossible);
    if (call !== null) this.#caller?.answered(this.#honest(call));
  }

  /** It will not take part, or cannot be asked. */
  refused(reason: string): void {
    this.#caller?.refused(reason);
  }

  #callerFor(stands: readonly Stand[]): PunchCaller {
    const { io, identity, peer, pipeId, signalling, asker, warm, isWarm } = this.#task;
    return new PunchCaller({
      io,
      stands,
      servers: this.#task.stunServers,
      key: probeKey(identity.sharedSecret(peer.publicKey), pipeId),
      enterChance: this.#task.enterChance,
      tracer: this.#task.account.tracer,
      warm: ({ place }) => warm(place),
      isWarm: ({ place }) => isWarm(place),
      oneWay: () => signalling.oneWay(peer.nodeId),
      wall: this.#task.wall,
      send: this.#task.ask,
      hope: (way) => asker.hope(way),
      connected: (stream, { place }, hope, quality) => this.#secure(stream, place, hope, quality),
      signal: this.#task.over,
    });
  }

  #planned(): (PlannedMethod & { readonly method: PunchMethod })[] {
    const plan = this.#task.plan(this.#task.newest());
    return PUNCHES.flatMap((method) =>
      plan.flatMap((one) => (one.method === method ? [{ ...one, method }] : [])),
    );
  }

  #stands(): Stand[] {
    const { interfaces, outer, nats, newest, choice } = this.#task;
    const own = { interfaces, outer: outer(), nats: nats() };
    return PUNCHES.filter((method) => choice.methods.includes(method)).flatMap((method) =>
      standsFor(own, newest(), choice, method === 'tcp-punch' ? 'tcp' : 'udp'),
    );
  }

  /** What may work; of each method that cannot it is told why. */
  #possible(): Stand[] {
    const stands = this.#stands();
    return this.#planned().flatMap(({ method, impossible }) => {
      const own = stands.filter(({ place }) => methodOf(place) === method);
      if (impossible === null && own.length > 0) return own;
      this.#cannot(method, own[0], impossible ?? 'no own address can meet one of the peer');
      return [];
    });
  }

  /** Told as an attempt that failed before anything was sent. */
  #cannot(method: PunchMethod, stand: Stand | undefined, reason: string): void {
    const { asker, choice, peer, locals } = this.#task;
    const way = wayBack(peer, locals(), choice);
    const path = stand?.place.path ?? way.path;
    asker.hope({ ...way, path, method }).failed(reason);
    this.#task.account.tracer.lane({ ...way, path, method }).failed(`${NOT_TRIED}${reason}`);
  }

  /** The peer says who it is and which pipe it means; then it proves the one, and we choose. */
  async #secure(stream: ByteStream, place: Place, hope: Hope, quality: Measure): Promise<boolean> {
    const { io, identity, peer, pipeId, over } = this.#task;
    const limit = new AbortController();
    const done = new AbortController();
    const signal = AbortSignal.any([limit.signal, over]);
    void io
      .sleepUntil(io.now() + HANDSHAKE_TIMEOUT, done.signal)
      .then(() => limit.abort(new Error('no handshake')));
    try {
      hope.connecting(true);
      const first = await readPreamble(stream, signal);
      if (first.kind !== 'preamble' || !isFrom(first.preamble, peer, pipeId))
        throw new Error('somebody else');
      const began = io.now();
      const secured = await secureAsAnswerer(io, stream, identity, first.preamble, signal);
      const rtt = io.now() - began;
      const { local, remote } = secured.stream;
      const way = { method: methodOf(place), path: place.path, family: familyOf(remote.ip) };
      const { transport } = place;
      hope.arrived(secured, { ...way, local, remote }, { transport, rtt, loss: quality?.().loss ?? null });
      return true;
    } catch {
      // Its own attempt goes on: whoever this was, it is not the peer.
      hope.connecting(false);
      stream.destroy();
      return false;
    } finally {
      done.abort();
    }
  }

  /** Offers of addresses that the peer has signed. */
  #honest(call: PunchCall): PunchCall {
    const { peer, newest } = this.#task;
    const entries = [...peer.interfaces, ...newest().interfaces];
    const isTheirs = (ip: string) =>
      entries.some(({ inner, outer }) => inner.includes(ip) || outer.includes(ip));
    return { ...call, offers: call.offers.filter(({ ip }) => isTheirs(ip)) };
  }
}

function isFrom(preamble: Preamble, peer: NodeAddress, pipeId: Uint8Array): boolean {
  return sameBytes(preamble.publicKey, peer.publicKey) && sameBytes(preamble.pipeId, pipeId);
}
