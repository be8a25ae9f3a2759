/**
 * How two nodes agree on a pipe over signalling: asking a peer to dial back, and dialling back when
 * asked. Wiring only: what may be dialled is `connect/reverse.ts`, messages are `signal/`.
 */
import { addressOf, type NodeAddress } from './address.ts';
import type { Asking, AskListener } from './connect/connect.ts';
import { dialBack } from './connect/dial-back.ts';
import { directCandidates, pathwayOf } from './connect/pathway.ts';
import { DialBackBudget, dialBackCandidates, reasonToTell } from './connect/reverse.ts';
import { wayBack } from './connect/way-back.ts';
import { P2pdError, reasonOf } from './errors.ts';
import type { NodeEvent, OuterFact, Pathway, SignalEvent } from './events.ts';
import type { Identity } from './identity.ts';
import type { Io, NetworkInterface } from './io/io.ts';
import type { ConnectOptions } from './node-options.ts';
import type { Expected } from './pipe/accept.ts';
import { type PipeListener, pipeName } from './pipe/pipe.ts';
import type { Preamble } from './pipe/preamble.ts';
import type { Secured } from './pipe/secure.ts';
import type { ConnectMessage, Message, SignalMessage } from './signal/message.ts';
import type { Origin, Signalling } from './signal/signalling.ts';
import { encodeBase16 } from './wire/base16.ts';
import type { Endpoint } from './wire/endpoint.ts';
import { familyOf } from './wire/ip.ts';

/** Connects that are remembered after their end: their last request is under way for seconds. */
const MAX_ASKED = 512;

/** What a node lends to those who bring it pipes. */
export interface NodeSide {
  /** Where the node listens. */
  readonly locals: () => readonly Endpoint[];
  readonly allowed: (nodeId: string) => boolean;
  readonly isOpen: (pipe: string) => boolean;
  /** @param startedAt when the pipe showed its first sign */
  readonly listener: (startedAt: number) => PipeListener;
  readonly emit: (event: NodeEvent) => void;
  readonly signal: AbortSignal;
}

/** What the meetings of a node stand on. */
export interface MeetingTask extends NodeSide {
  readonly io: Io;
  readonly identity: Identity;
  readonly interfaces: readonly NetworkInterface[];
  readonly signalling: Signalling;
  readonly outer: () => readonly OuterFact[];
  /** The own newest address, as signed bytes, and its sequence number. */
  readonly ownAddress: () => { readonly bytes: Uint8Array; readonly sequence: number };
}

/** A connect of ours that waits for answers and connections. */
interface Wish {
  readonly peer: NodeAddress;
  readonly listener: AskListener;
  readonly choice: ConnectOptions;
  take: ((secured: Secured, path: Pathway) => void) | null;
  /** Its newer address has come. */
  renewed: boolean;
}

export class Meetings {
  readonly #task: MeetingTask;
  /** By pipe id in hex digits. */
  readonly #wishes = new Map<string, Wish>();
  /** Names of pipes that this node asked others for lately, the oldest first. */
  readonly #sought = new Set<string>();
  /** Pipes that are being dialled back, by name. */
  readonly #dialling = new Map<string, AbortController>();
  readonly #budget = new DialBackBudget();

  constructor(task: MeetingTask) {
    this.#task = task;
  }

  /** @returns how to ask this peer for a pipe; what cannot be asked says why */
  asking(
    peer: NodeAddress,
    pipeId: Uint8Array,
    pipe: string,
    choice: ConnectOptions,
  ): { readonly asking: Asking | null; readonly unaskable: string | null } {
    if (peer.brokers.length === 0) return { asking: null, unaskable: 'its address names no broker' };
    const key = encodeBase16(pipeId);
    const wantsDialBack = choice.methods.includes('reverse');
    let take: Wish['take'] = null;
    const asking: Asking = {
      way: wantsDialBack ? wayBack(peer, this.#task.locals(), choice) : null,
      expect: (taker) => {
        take = taker;
      },
      start: (listener) => {
        this.#wishes.set(key, { peer, listener, choice, take: wantsDialBack ? take : null, renewed: false });
        this.#remember(pipe);
        void this.#ask(peer, pipeId, pipe, choice, listener);
      },
      stop: () => this.#wishes.delete(key),
    };
    return { asking, unaskable: null };
  }

  /** The connect of ours that this caller was asked to dial back for. */
  expected({ pipeId, publicKey }: Preamble, remote: Endpoint): Expected | null {
    const wish = this.#wishes.get(encodeBase16(pipeId));
    if (wish === undefined || wish.take === null || !sameBytes(wish.peer.publicKey, publicKey)) return null;
    const { take, choice } = wish;
    const path = pathwayOf(this.#task.interfaces, remote.ip);
    if (!choice.paths.includes(path) || !choice.families.includes(familyOf(remote.ip))) return null;
    return { take: (secured) => take(secured, path) };
  }

  /**
   * Whether this node has asked for this pipe: then nobody may bring it but whom `expected` lets in,
   * not even once the connect was given up.
   */
  hasAsked(pipe: string): boolean {
    return this.#sought.has(pipe);
  }

  #remember(pipe: string): void {
    this.#sought.add(pipe);
    for (const oldest of this.#sought) {
      if (this.#sought.size <= MAX_ASKED) break;
      this.#sought.delete(oldest);
    }
  }

  /** A pipe has opened: dialling back for it has no purpose any more. */
  opened(pipe: string): void {
    this.#dialling.get(pipe)?.abort(new Error('another path was faster'));
  }

  /** A signal from a peer that has proven its key. */
  received(message: Message, origin: Origin): void {
    switch (message.type) {
      case 'connect':
        this.#asked(message, origin);
        break;
      case 'answer': {
        const wish = this.#wishOf(message.pipeId, origin);
        if (wish === null) return;
        if (message.result === 'accepted' || message.result === 'unwilling')
          wish.listener.answered(this.#moreFor(wish, message.address));
        if (message.result !== 'accepted') wish.listener.refused(message.result);
        break;
      }
      case 'outcome':
        this.#wishOf(message.pipeId, origin)?.listener.failed(message.reasons);
        break;
    }
  }

  /** Whether this pipe is being asked for from this node. */
  isWished(pipeId: Uint8Array, nodeId: string): boolean {
    return this.#wishes.get(encodeBase16(pipeId))?.peer.nodeId === nodeId;
  }

  #wishOf(pipeId: Uint8Array, origin: Origin): Wish | null {
    return this.isWished(pipeId, origin.nodeId) ? (this.#wishes.get(encodeBase16(pipeId)) ?? null) : null;
  }

  async #ask(
    peer: NodeAddress,
    pipeId: Uint8Array,
    pipe: string,
    choice: ConnectOptions,
    listener: AskListener,
  ): Promise<void> {
    const { signalling, emit, ownAddress } = this.#task;
    const tell = (state: SignalEvent['state'], facts: Partial<SignalEvent> = {}) => {
      const { nodeId, brokers } = peer;
      emit({ event: 'signal', pipe, peer: nodeId, state, brokers, rtt: null, clock: null, ...facts });
    };
    tell('asked');
    try {
      const { methods, paths, families } = choice;
      const message: SignalMessage = {
        type: 'connect',
        pipeId,
        methods,
        paths,
        families,
        knownSequence: peer.sequence,
        address: ownAddress().bytes,
      };
      const { rtt, clock } = await signalling.send(peer, message);
      tell('answered', { rtt, clock });
      listener.heard();
    } catch (error) {
      if (this.#wishes.has(encodeBase16(pipeId))) tell('silent');
      listener.silent(reasonOf(error), error instanceof P2pdError && error.code === 'PEER_SILENT');
    }
  }

  /** Pairs that the peer's newest address adds. */
  #moreFor(wish: Wish, bytes: Uint8Array) {
    const { peer, choice } = wish;
    if (bytes.length === 0 || !choice.methods.includes('direct')) return [];
    const fresh = addressOf(bytes);
    if (fresh === null || fresh.nodeId !== peer.nodeId || fresh.sequence <= peer.sequence) return [];
    // One newer address a connect, or a peer could have us dial whatever it likes, for ever.
    if (wish.renewed) return [];
    wish.renewed = true;
    const known = new Set(directCandidates(this.#task.interfaces, peer.interfaces, choice).map(keyOf));
    const all = directCandidates(this.#task.interfaces, fresh.interfaces, choice);
    return all.filter((candidate) => !known.has(keyOf(candidate)));
  }

  /** A peer asks for a pipe. */
  #asked(message: ConnectMessage, origin: Origin): void {
    const { io, identity, allowed, isOpen } = this.#task;
    const asker = addressOf(message.address);
    if (asker === null || !sameBytes(asker.publicKey, origin.publicKey)) {
      this.#refused(origin, 'its request carries no address of its own');
      return;
    }
    const name = pipeName(message.pipeId, asker.publicKey, identity.publicKey);
    if (!allowed(asker.nodeId)) {
      this.#answer(message, origin, asker, 'not-allowed');
      this.#refused(origin, 'it is not on the --allow list');
    } else if (!this.#budget.admit(asker.nodeId, io.now())) this.#answer(message, origin, asker, 'busy');
    else if (!message.methods.includes('reverse') || isOpen(name) || this.#dialling.has(name))
      this.#answer(message, origin, asker, 'accepted');
    else void this.#dialBack(message, origin, asker, name);
  }

  async #dialBack(message: ConnectMessage, origin: Origin, asker: NodeAddress, pipe: string): Promise<void> {
    const { io, identity, interfaces, outer, emit, listener, signal } = this.#task;
    const choice = { paths: message.paths, families: message.families };
    const localBroker = origin.localBroker;
    const permitted = dialBackCandidates({ own: interfaces, outer: outer(), asker, choice, localBroker });
    const candidates = this.#budget.spend(permitted, io.now());
    if (candidates.length === 0) {
      this.#answer(message, origin, asker, 'unwilling');
      return;
    }
    const stop = new AbortController();
    this.#dialling.set(pipe, stop);
    try {
      const { pipeId } = message;
      const dialling = dialBack({
        io,
        identity,
        peerKey: asker.publicKey,
        peer: asker.nodeId,
        pipeId,
        pipe,
        candidates,
        listener: listener(io.now()),
        emit,
        signal: AbortSignal.any([stop.signal, signal]),
      });
      this.#answer(message, origin, asker, 'accepted');
      const reasons = await dialling;
      if (reasons === null) return;
      const told = reasons.flatMap((reason, i) => {
        const candidate = candidates[i];
        return candidate === undefined ? [] : [reasonToTell(candidate, reason)];
      });
      this.#reply(origin, asker, { type: 'outcome', pipeId, reasons: told });
    } finally {
      this.#dialling.delete(pipe);
    }
  }

  #answer(
    message: ConnectMessage,
    origin: Origin,
    asker: NodeAddress,
    result: 'accepted' | 'not-allowed' | 'busy' | 'unwilling',
  ): void {
    const { bytes, sequence } = this.#task.ownAddress();
    const known = result === 'not-allowed' || message.knownSequence >= sequence;
    const address = known ? new Uint8Array(0) : bytes;
    this.#reply(origin, asker, { type: 'answer', pipeId: message.pipeId, result, address });
  }

  #reply(origin: Origin, asker: NodeAddress, message: SignalMessage): void {
    // What is refused costs one message, or strangers could make us flood our brokers.
    const insists =
      message.type !== 'answer' || message.result === 'accepted' || message.result === 'unwilling';
    this.#task.signalling.reply(origin, asker.brokers, message, insists);
  }

  #refused(origin: Origin, reason: string): void {
    const { identity, emit } = this.#task;
    emit({
      event: 'refused',
      node: identity.nodeId,
      remote: `node ${origin.nodeId} by ${origin.broker}`,
      reason,
    });
  }
}

function keyOf({ local, remote }: { readonly local: Endpoint; readonly remote: Endpoint }): string {
  return `${local.ip} ${remote.ip} ${remote.port}`;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
