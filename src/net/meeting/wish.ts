/**
 * A connect of ours whose peer is asked to take part: to dial back, and to punch. Wiring only: what is
 * tried is `connect/plan.ts`, how holes are punched is `punch/`.
 */
import { addressOf, type NodeAddress } from '../address.ts';
import type { Asking, AskListener, Hope } from '../connect/asking.ts';
import { type Candidate, directCandidates, pathwayOf } from '../connect/pathway.ts';
import type { PlannedMethod } from '../connect/plan.ts';
import { wayBack } from '../connect/way-back.ts';
import { deferred } from '../deferred.ts';
import { P2pdError, reasonOf } from '../errors.ts';
import type { Pathway, SignalEvent } from '../events.ts';
import type { ByteStream } from '../io/io.ts';
import type { ConnectOptions } from '../node-options.ts';
import type { Preamble } from '../pipe/preamble.ts';
import { readPreamble, type Secured, secureAsAnswerer } from '../pipe/secure.ts';
import { PunchCaller } from '../punch/caller.ts';
import { isUnknownPlace, type Stand, standsFor } from '../punch/place.ts';
import type { AnswerMessage, OutcomeMessage } from '../signal/message.ts';
import type { PunchCall } from '../signal/punch-call.ts';
import { DIAL_BACK_TIMEOUT, HANDSHAKE_TIMEOUT } from '../timing.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { familyOf } from '../wire/ip.ts';
import { ReverseHope } from './reverse-hope.ts';
import { sameBytes } from './same-bytes.ts';
import type { MeetingTask } from './task.ts';

export interface WishTask extends MeetingTask {
  readonly peer: NodeAddress;
  readonly pipeId: Uint8Array;
  /** The pipe's name. */
  readonly pipe: string;
  readonly choice: ConnectOptions;
  /** @param peer its newest address */
  readonly plan: (peer: NodeAddress) => readonly PlannedMethod[];
}

const REFUSALS = {
  'not-allowed': 'the peer does not allow this node',
  busy: 'the peer was asked too often',
  unwilling: 'the peer may dial none of our addresses',
} as const;

export class Wish implements Asking {
  readonly peer: NodeAddress;
  readonly #task: WishTask;
  readonly #over = new AbortController();
  /** The peer has said something, or never will. */
  readonly #answered = deferred<void>();
  #listener: AskListener | null = null;
  #reverse: ReverseHope | null = null;
  #caller: PunchCaller | null = null;
  #asked = false;
  /** Its newer address has come. */
  #fresh: NodeAddress | null = null;

  constructor(task: WishTask) {
    this.#task = task;
    this.peer = task.peer;
  }

  start(listener: AskListener): void {
    const { io, choice, peer, locals } = this.#task;
    this.#listener = listener;
    if (choice.methods.includes('reverse')) {
      const hope = listener.hope(wayBack(peer, locals(), choice));
      this.#reverse = new ReverseHope(io, hope, this.#over.signal);
    }
    const asking = choice.methods.includes('tcp-punch') ? this.#punch(listener) : this.#ask(null);
    void Promise.all([asking, this.#answered.promise]).then(() => listener.done());
  }

  stop(): void {
    this.#over.abort();
    this.#answered.resolve();
  }

  /** Takes a connection that the peer has dialled; null where it is not wanted. */
  expects(remote: Endpoint): ((secured: Secured) => void) | null {
    const { choice, interfaces } = this.#task;
    const path = pathwayOf(interfaces, remote.ip);
    const family = familyOf(remote.ip);
    const reverse = this.#reverse;
    if (reverse === null || !choice.paths.includes(path) || !choice.families.includes(family)) return null;
    return (secured) => {
      const { local, remote: from } = secured.stream;
      reverse.arrived(secured, { method: 'reverse', path, family, local, remote: from });
    };
  }

  answered({ result, address, punch }: AnswerMessage): void {
    const listener = this.#listener;
    if (listener === null) return;
    if (result === 'accepted' || result === 'unwilling') {
      this.#heard();
      listener.more(this.#moreBy(address));
      const { impossible = null } = this.#plannedPunch() ?? {};
      if (impossible !== null) this.#caller?.refused(impossible);
      else if (punch !== null) this.#caller?.answered(this.#honest(punch));
    }
    if (result !== 'accepted') {
      if (result !== 'unwilling' || this.#caller === null) listener.refused(result);
      this.#reverse?.failed(REFUSALS[result]);
      if (result !== 'unwilling') this.#caller?.refused(REFUSALS[result]);
    }
    this.#answered.resolve();
  }

  outcome({ reasons }: OutcomeMessage): void {
    this.#reverse?.failed(`the peer could not dial back: ${reasons.join(', ')}`);
  }

  /** Punches as soon as it is known from where; what else the peer can do need not wait for that. */
  async #punch(listener: AskListener): Promise<void> {
    const { io, choice, natsKnown, stunOverTcp, warm, isWarm, wall } = this.#task;
    const others = choice.methods.some((method) => method === 'reverse' || method === 'direct');
    const askAlone = () => {
      if (others) void this.#ask(null);
    };
    if (this.#stands().some(({ place }) => isUnknownPlace(place))) {
      askAlone();
      await natsKnown(this.#over.signal);
    }
    const stands = this.#stands();
    const { delay = 0, impossible = null } = this.#plannedPunch() ?? {};
    const [stand] = stands;
    if (impossible !== null || stand === undefined) {
      this.#cannot(listener, stand, impossible ?? 'no own address can meet one of the peer');
      if (others) askAlone();
      else this.#answered.resolve();
      return;
    }
    if (delay > 0) {
      askAlone();
      await io.sleepUntil(io.now() + delay, AbortSignal.any([this.#over.signal]));
    }
    const caller = new PunchCaller({
      io,
      stands,
      servers: stunOverTcp,
      warm: ({ place }) => warm(place),
      isWarm: ({ place }) => isWarm(place),
      oneWay: () => this.#oneWay(),
      wall,
      send: (call) => void this.#ask(call),
      hope: (way) => listener.hope(way),
      connected: (stream, { place }, hope) => this.#secure(stream, place.path, hope),
      signal: this.#over.signal,
    });
    this.#caller = caller;
    if (!caller.ready) askAlone();
    await caller.run();
  }

  #plannedPunch(): PlannedMethod | undefined {
    return this.#task.plan(this.#fresh ?? this.peer).find(({ method }) => method === 'tcp-punch');
  }

  #stands(): Stand[] {
    const { interfaces, outer, nats, peer, choice } = this.#task;
    return standsFor({ interfaces, outer: outer(), nats: nats() }, this.#fresh ?? peer, choice);
  }

  #oneWay(): number {
    return this.#task.signalling.oneWay(this.peer.nodeId);
  }

  /** Told as an attempt that failed before anything was sent. */
  #cannot(listener: AskListener, stand: Stand | undefined, reason: string): void {
    const { choice, peer, locals } = this.#task;
    const way = wayBack(peer, locals(), choice);
    const path = stand?.place.path ?? way.path;
    listener.hope({ ...way, path, method: 'tcp-punch' }).failed(reason);
  }

  /** The first message tells how asking goes; later ones are further rounds. At most one goes without a call. */
  async #ask(punch: PunchCall | null): Promise<void> {
    const { signalling, emit, ownAddress, peer, pipeId, pipe, choice } = this.#task;
    if (punch === null && this.#asked) return;
    const isFirst = !this.#asked;
    this.#asked = true;
    const tell = (state: SignalEvent['state'], facts: Partial<SignalEvent> = {}) => {
      const { nodeId, brokers } = peer;
      if (isFirst)
        emit({ event: 'signal', pipe, peer: nodeId, state, brokers, rtt: null, clock: null, ...facts });
    };
    tell('asked');
    try {
      const { methods, paths, families } = choice;
      const { rtt, clock } = await signalling.send(peer, {
        type: 'connect',
        pipeId,
        methods,
        paths,
        families,
        knownSequence: (this.#fresh ?? peer).sequence,
        address: ownAddress().bytes,
        punch,
      });
      tell('answered', { rtt, clock });
      this.#heard();
    } catch (error) {
      if (!this.#over.signal.aborted) tell('silent');
      if (isFirst) this.#silent(reasonOf(error), error instanceof P2pdError && error.code === 'PEER_SILENT');
    }
  }

  #heard(): void {
    const { io } = this.#task;
    this.#listener?.heard();
    const plan = this.#task.plan(this.peer).find(({ method }) => method === 'reverse');
    this.#reverse?.heard(plan?.delay ?? 0);
    const until = io.now() + DIAL_BACK_TIMEOUT;
    void io.sleepUntil(until, AbortSignal.any([this.#over.signal])).then(() => this.#answered.resolve());
  }

  #silent(reason: string, reached: boolean): void {
    this.#listener?.silent(reason, reached);
    this.#reverse?.failed(reason);
    this.#caller?.refused(reason);
    this.#answered.resolve();
  }

  /** The peer says who it is and which pipe it means; then it proves the one, and we choose. */
  async #secure(stream: ByteStream, path: Pathway, hope: Hope): Promise<boolean> {
    const { io, identity, peer, pipeId } = this.#task;
    const limit = new AbortController();
    const done = new AbortController();
    const signal = AbortSignal.any([limit.signal, this.#over.signal]);
    void io
      .sleepUntil(io.now() + HANDSHAKE_TIMEOUT, done.signal)
      .then(() => limit.abort(new Error('no handshake')));
    try {
      const first = await readPreamble(stream, signal);
      if (first.kind !== 'preamble' || !isFrom(first.preamble, peer, pipeId))
        throw new Error('somebody else');
      const secured = await secureAsAnswerer(io, stream, identity, first.preamble, signal);
      const { local, remote } = secured.stream;
      hope.arrived(secured, { method: 'tcp-punch', path, family: familyOf(remote.ip), local, remote });
      return true;
    } catch {
      // Its own attempt goes on: whoever this was, it is not the peer.
      stream.destroy();
      return false;
    } finally {
      done.abort();
    }
  }

  /** Pairs to dial that the peer's newest address adds. One newer address a connect, or a peer could have us dial for ever. */
  #moreBy(bytes: Uint8Array): Candidate[] {
    const { peer, choice, interfaces } = this.#task;
    if (bytes.length === 0 || this.#fresh !== null) return [];
    const fresh = addressOf(bytes);
    if (fresh === null || fresh.nodeId !== peer.nodeId || fresh.sequence <= peer.sequence) return [];
    this.#fresh = fresh;
    if (!choice.methods.includes('direct')) return [];
    const known = new Set(directCandidates(interfaces, peer.interfaces, choice).map(keyOf));
    const all = directCandidates(interfaces, fresh.interfaces, choice);
    return all.filter((candidate) => !known.has(keyOf(candidate)));
  }

  /** Offers of addresses that the peer has signed. */
  #honest(call: PunchCall): PunchCall {
    const entries = [this.peer, ...(this.#fresh === null ? [] : [this.#fresh])].flatMap(
      (one) => one.interfaces,
    );
    const isTheirs = (ip: string) =>
      entries.some(({ inner, outer }) => inner.includes(ip) || outer.includes(ip));
    return { ...call, offers: call.offers.filter(({ ip }) => isTheirs(ip)) };
  }
}

function isFrom(preamble: Preamble, peer: NodeAddress, pipeId: Uint8Array): boolean {
  return sameBytes(preamble.publicKey, peer.publicKey) && sameBytes(preamble.pipeId, pipeId);
}

function keyOf({ local, remote }: Candidate): string {
  return `${local.ip} ${remote.ip} ${remote.port}`;
}
