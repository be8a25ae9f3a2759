/**
 * What a node sends over signalling: sealed, published to the peer's brokers, again until the peer
 * acknowledges it (`exchange.ts` says when). Effects through Io.
 */
import { type Deferred, deferred } from '../deferred.ts';
import type { ClockOffset } from '../events.ts';
import { nodeIdOf } from '../identity.ts';
import type { Io } from '../io/io.ts';
import { SIGNAL_LIFETIME } from '../timing.ts';
import { encodeBase16 } from '../wire/base16.ts';
import { MESSAGE_ID_LENGTH, seal, topicOf } from './envelope.ts';
import { Exchange, type ExchangeEffect, type ExchangeInput } from './exchange.ts';
import { encodeMessage, type SignalMessage } from './message.ts';
import type { PeerFacts } from './peer-clock.ts';
import type { Secrets } from './secrets.ts';

/** Whom a message goes to. */
export interface SignalPeer {
  readonly publicKey: Uint8Array;
  /** Brokers where it listens. */
  readonly brokers: readonly string[];
}

/** A message has arrived. */
export interface Delivery {
  /** Round trip to the peer's program, ms; null where it cannot be told. */
  readonly rtt: number | null;
  /** Its clock against ours. */
  readonly clock: ClockOffset | null;
}

export interface OutboxTask {
  readonly io: Io;
  readonly secrets: Secrets;
  /** Corrected Unix ms. */
  readonly wall: () => number;
  readonly publish: (brokers: readonly string[], topic: string, bytes: Uint8Array) => void;
  readonly signal: AbortSignal;
}

/** A message on its way out. */
interface Outgoing {
  readonly peer: SignalPeer;
  readonly message: SignalMessage;
  readonly bytes: Uint8Array;
  readonly delivered: Deferred<Delivery | null>;
}

export class Outbox {
  readonly #task: OutboxTask;
  readonly #exchange = new Exchange();
  /** By message id in hex digits. */
  readonly #outgoing = new Map<string, Outgoing>();
  #wakeAt: number | null = null;

  constructor(task: OutboxTask) {
    this.#task = task;
  }

  /** What is known of the way to a peer; null before its first acknowledgement. */
  facts(nodeId: string): PeerFacts | null {
    return this.#exchange.facts(nodeId);
  }

  /** Sends until it is acknowledged. @returns null when it was not */
  send(peer: SignalPeer, message: SignalMessage): Promise<Delivery | null> {
    const delivered = deferred<Delivery | null>();
    const sealed = this.#seal(peer, message, null);
    this.#outgoing.set(sealed.id, { peer, message, bytes: sealed.bytes, delivered });
    this.step({ kind: 'send', id: sealed.id, peer: nodeIdOf(peer.publicKey), sentAt: sealed.sentAt });
    return delivered.promise;
  }

  /** Sends and forgets. */
  sendOnce(peer: SignalPeer, message: SignalMessage): void {
    this.#publish(peer, this.#seal(peer, message, null).bytes);
  }

  /** Whether this message of ours to this peer waits for its acknowledgement. */
  isWaiting(id: Uint8Array, peer: string): boolean {
    return this.#exchange.isWaiting(encodeBase16(id), peer);
  }

  /** An acknowledgement or a challenge has come. */
  step(input: ExchangeInput): void {
    for (const effect of this.#exchange.step(input, this.#task.io.now())) this.#perform(effect);
    this.#arm();
  }

  #seal(peer: SignalPeer, message: SignalMessage, answered: Uint8Array | null) {
    const { io, wall, secrets } = this.#task;
    const messageId = io.randomBytes(MESSAGE_ID_LENGTH);
    const sentAt = Math.round(wall());
    const inner = { sentAt, lifetime: SIGNAL_LIFETIME, answered, payload: encodeMessage(message) };
    const bytes = seal({ secrets, peerKey: peer.publicKey, messageId, inner });
    return { id: encodeBase16(messageId), sentAt, bytes };
  }

  #perform(effect: ExchangeEffect): void {
    const outgoing = this.#outgoing.get(effect.id);
    if (outgoing === undefined) return;
    const { peer, message, delivered } = outgoing;
    switch (effect.kind) {
      case 'publish':
        this.#publish(peer, outgoing.bytes);
        break;
      case 'reseal': {
        const { id, sentAt, bytes } = this.#seal(peer, message, effect.nonce);
        this.#outgoing.delete(effect.id);
        this.#outgoing.set(id, { ...outgoing, bytes });
        this.step({ kind: 'resealed', id: effect.id, newId: id, sentAt });
        break;
      }
      case 'acknowledged':
        this.#outgoing.delete(effect.id);
        delivered.resolve({ rtt: effect.rtt, clock: effect.clock });
        break;
      case 'silent':
        this.#outgoing.delete(effect.id);
        delivered.resolve(null);
        break;
    }
  }

  #publish(peer: SignalPeer, bytes: Uint8Array): void {
    this.#task.publish(peer.brokers, topicOf(nodeIdOf(peer.publicKey)), bytes);
  }

  /** One sleeper at a time, set anew when something is due earlier. */
  #arm(): void {
    const { io, signal } = this.#task;
    const wish = this.#exchange.wakeAt;
    if (wish === null || (this.#wakeAt !== null && this.#wakeAt <= wish)) return;
    this.#wakeAt = wish;
    void io.sleepUntil(wish, signal).then(() => {
      if (signal.aborted || this.#wakeAt !== wish) return;
      this.#wakeAt = null;
      this.step({ kind: 'wake' });
    });
  }
}
