/**
 * Signalling of one node: sealed messages to and from peers through brokers that need not be
 * trusted. Joins the pool of brokers, the inbox (what is accepted) and the outbox (what is sent
 * until it is acknowledged). Effects through Io; every rule is in those.
 */
import { deferred } from '../deferred.ts';
import { P2pdError } from '../errors.ts';
import type { BrokerFact, ClockOffset } from '../events.ts';
import { type Identity, nodeIdOf } from '../identity.ts';
import type { Io } from '../io/io.ts';
import type { StateFiles } from '../state-files.ts';
import { ACK_PATIENCE, PUNCH_ONE_WAY, SERVICES_GRACE, SIGNAL_TIMEOUT } from '../timing.ts';
import { encodeBase16 } from '../wire/base16.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { canonicalIp, reachOf } from '../wire/ip.ts';
import { BrokerPool } from './broker-pool.ts';
import { type Head, MESSAGE_ID_LENGTH, type Opened, openEnvelope, readHead, topicOf } from './envelope.ts';
import { Inbox, type Repeat } from './inbox.ts';
import { decodeMessage, type Message, type SignalMessage } from './message.ts';
import { type Delivery, Outbox, type SignalPeer } from './outbox.ts';
import { Secrets } from './secrets.ts';

/** Whom a message came from: the key is proven. */
export interface Origin {
  readonly publicKey: Uint8Array;
  readonly nodeId: string;
  /** The broker that brought it first. */
  readonly broker: string;
  /** That broker has an address that only networks of this machine reach. */
  readonly localBroker: boolean;
}

export interface SignallingTask {
  readonly io: Io;
  readonly identity: Identity;
  /** Brokers to listen at, in the order in which they are to be tried. */
  readonly urls: readonly string[];
  /** Where the replay window is kept; null: nowhere. */
  readonly files: StateFiles | null;
  /** Its file there. */
  readonly file: string;
  /** Corrected Unix ms. */
  readonly wall: () => number;
  /** Its promise is waited for a moment: what it sends is to leave before the acknowledgement. */
  readonly receive: (message: Message, origin: Origin) => void | Promise<void>;
  /** Whether a pipe of this id is being asked for from this node. */
  readonly isWished: (pipeId: Uint8Array, nodeId: string) => boolean;
  /** Whether a pipe of this id is, or just was, being made with that node, whoever asked for it. */
  readonly isShared: (pipeId: Uint8Array, nodeId: string) => boolean;
  /** A broker came or went, or is known better. */
  readonly changed: () => void;
  readonly signal: AbortSignal;
}

export class Signalling {
  readonly #task: SignallingTask;
  readonly #pool: BrokerPool;
  readonly #secrets: Secrets;
  readonly #inbox = new Inbox();
  readonly #outbox: Outbox;
  /** Peers that this node turned to by itself, and how many of its messages they have not acknowledged. */
  readonly #asking = new Map<string, number>();
  readonly #settled = deferred<void>();
  readonly #first = deferred<void>();

  constructor(task: SignallingTask) {
    this.#task = task;
    this.#secrets = new Secrets(task.identity);
    this.#outbox = new Outbox({
      ...task,
      secrets: this.#secrets,
      publish: (brokers, topic, bytes) => this.#pool.publish(brokers, topic, bytes),
    });
    this.#pool = new BrokerPool({
      ...task,
      topic: topicOf(task.identity.nodeId),
      deliver: (payload, url) => this.#deliver(payload, url),
      changed: () => {
        if (this.#pool.settled) this.#settled.resolve();
        if (this.#pool.listening.length > 0) this.#first.resolve();
        task.changed();
      },
    });
  }

  /** Brokers where this node listens. */
  get listening(): readonly string[] {
    return this.#pool.listening;
  }

  /** The network is doubtful: brokers that do not answer soon are dialled anew. */
  check(): void {
    this.#pool.check();
  }

  /** The network is another one. */
  renew(): void {
    this.#pool.renew();
  }

  /** All that were tried. */
  get brokers(): readonly BrokerFact[] {
    return this.#pool.facts;
  }

  /**
   * Resolves when enough brokers are listened at, none is left to try, a moment after the first, or
   * when the time has come; the rest goes on.
   */
  async start(until: number): Promise<void> {
    const { io, files, file, signal } = this.#task;
    this.#inbox.restore((await files?.read(file)) ?? null, this.#task.wall());
    this.#pool.fill();
    const done = new AbortController();
    const stop = AbortSignal.any([signal, done.signal]);
    const grace = this.#first.promise.then(() => io.sleepUntil(io.now() + SERVICES_GRACE, stop));
    await Promise.race([this.#settled.promise, grace, io.sleepUntil(until, stop)]);
    done.abort();
  }

  /** Remembers what must not be accepted again. */
  async stop(): Promise<void> {
    await this.#task.files?.write(this.#task.file, this.#inbox.snapshot());
  }

  /**
   * Sends a message to all brokers of a peer, again and again until it is acknowledged.
   *
   * @throws P2pdError NO_SERVICE when none of its brokers can be reached, PEER_SILENT when it does not answer
   */
  async send(peer: SignalPeer, message: SignalMessage): Promise<Delivery> {
    const reached = this.#pool.reach(peer.brokers);
    this.#secrets.prefer(peer.publicKey);
    const names = peer.brokers.map((url) => url.replace(/^mqtts?:\/\//, '')).join(', ');
    if (!(await reached))
      throw new P2pdError('NO_SERVICE', `none of the peer's brokers can be reached (${names})`);
    const nodeId = nodeIdOf(peer.publicKey);
    this.#asking.set(nodeId, (this.#asking.get(nodeId) ?? 0) + 1);
    const delivery = await this.#outbox.send(peer, message);
    const left = (this.#asking.get(nodeId) ?? 1) - 1;
    if (left === 0) this.#asking.delete(nodeId);
    else this.#asking.set(nodeId, left);
    if (delivery !== null) return delivery;
    const waited = `${SIGNAL_TIMEOUT / 1000} s`;
    throw new P2pdError('PEER_SILENT', `the peer does not answer on any broker within ${waited} (${names})`);
  }

  /** How long a message to this peer may take one way, ms: half its round trip, else that of the nearest broker. */
  oneWay(nodeId: string): number {
    const rtt = this.#outbox.facts(nodeId)?.rtt ?? null;
    if (rtt !== null) return rtt / 2;
    return this.#pool.roundTrip ?? PUNCH_ONE_WAY;
  }

  /** A peer's clock against ours; null before its first acknowledgement. */
  clockOf(nodeId: string): ClockOffset | null {
    return this.#outbox.facts(nodeId)?.clock ?? null;
  }

  /**
   * As `send` to somebody who wrote first: through brokers that have a link already, as a stranger
   * names them. @param insists again until it is acknowledged; else once, the way the question came
   */
  reply(origin: Origin, brokers: readonly string[], message: SignalMessage, insists = true): void {
    const peer = { publicKey: origin.publicKey, brokers: [...new Set([origin.broker, ...brokers])] };
    if (insists) void this.#outbox.send(peer, message);
    else this.#outbox.sendOnce({ ...peer, brokers: [origin.broker] }, message);
  }

  #deliver(bytes: Uint8Array, broker: string): void {
    const inbox = this.#inbox;
    const { io, wall } = this.#task;
    const now = io.now();
    let head: Head | null = null;
    try {
      head = readHead(bytes);
      const admission = inbox.admit(head, broker, this.#secrets.has(head.sender), now);
      if (admission.kind === 'duplicate') this.#repeat(head, broker, admission.repeat);
      if (admission.kind !== 'open') return;
      const opened = openEnvelope(this.#secrets, head, bytes);
      const message = decodeMessage(opened.payload);
      const nonce = io.randomBytes(MESSAGE_ID_LENGTH);
      const { type } = message;
      const { nodeId } = opened;
      const solicited = this.#isSolicited(message, nodeId);
      const awaited = this.#asking.has(nodeId);
      const verdict = inbox.judge({ opened, type, solicited, awaited, nonce }, now, wall());
      if (verdict.kind === 'fresh') void this.#accept(opened, message, broker, wall());
      else if (verdict.kind === 'duplicate') this.#repeat(head, broker, verdict.repeat);
      else if (verdict.kind === 'challenge') this.#challenge(opened, broker, nonce);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      if (head !== null) inbox.failed(head, error, now);
    }
  }

  /** Names something random of ours that is still under way. */
  #isSolicited(message: Message, nodeId: string): boolean {
    switch (message.type) {
      case 'ack':
      case 'challenge':
        return this.#outbox.isWaiting(message.of, nodeId);
      case 'answer':
      case 'outcome':
      case 'relayed':
        return this.#task.isWished(message.pipeId, nodeId);
      case 'report':
        return this.#task.isShared(message.pipeId, nodeId);
      default:
        return false;
    }
  }

  async #accept(opened: Opened, message: Message, broker: string, receivedAt: number): Promise<void> {
    const { sender: publicKey, nodeId, messageId } = opened;
    switch (message.type) {
      case 'ack': {
        const { receivedAt: at, of } = message;
        const repliedAt = opened.sentAt;
        this.#outbox.step({ kind: 'ack', peer: nodeId, of: encodeBase16(of), receivedAt: at, repliedAt });
        break;
      }
      case 'challenge':
        this.#outbox.step({
          kind: 'challenge',
          peer: nodeId,
          of: encodeBase16(message.of),
          nonce: message.nonce,
        });
        break;
      default: {
        const unsaved = this.#inbox.unsaved();
        if (unsaved !== null) await this.#task.files?.write(this.#task.file, unsaved);
        // First what was asked for: sealing the acknowledgement takes a moment.
        const origin = { publicKey, nodeId, broker, localBroker: isLocal(broker) };
        const { io } = this.#task;
        const done = new AbortController();
        const patience = io.sleepUntil(io.now() + ACK_PATIENCE, done.signal);
        await Promise.race([this.#task.receive(message, origin), patience]);
        done.abort();
        this.#answer(publicKey, broker, { type: 'ack', of: messageId, receivedAt: Math.round(receivedAt) });
      }
    }
  }

  #repeat(head: Head, broker: string, repeat: Repeat | null): void {
    if (repeat?.kind === 'ack') {
      const receivedAt = Math.round(repeat.receivedAt);
      this.#answer(head.sender, broker, { type: 'ack', of: head.messageId, receivedAt });
    } else if (repeat?.kind === 'challenge') this.#challenge(head, broker, repeat.nonce);
  }

  #challenge(head: Head, broker: string, nonce: Uint8Array): void {
    const now = Math.round(this.#task.wall());
    this.#answer(head.sender, broker, { type: 'challenge', of: head.messageId, nonce, now });
  }

  /** Once, the way the question came: whoever asked listens there. */
  #answer(peerKey: Uint8Array, broker: string, message: SignalMessage): void {
    this.#outbox.sendOnce({ publicKey: peerKey, brokers: [broker] }, message);
  }
}

/** A broker whose address only networks of this machine reach; of a name nothing is known. */
function isLocal(url: string): boolean {
  const ip = canonicalIp(new URL(url).hostname.replace(/^\[|\]$/g, ''));
  return ip !== null && reachOf(ip) !== 'global';
}
