/**
 * How two nodes agree on a pipe over signalling: connects of ours that ask a peer to take part, and
 * invitations of peers. Wiring only: who asked for what, and which message belongs to whom.
 */
import { addressOf, type NodeAddress } from '../address.ts';
import type { Asking } from '../connect/asking.ts';
import { type PlannedMethod, planMethods } from '../connect/plan.ts';
import { DialBackBudget } from '../connect/reverse.ts';
import type { Method } from '../events.ts';
import { natSideOf } from '../nat/matrix.ts';
import type { ConnectOptions } from '../node-options.ts';
import type { Expected } from '../pipe/accept.ts';
import { pipeName } from '../pipe/pipe-info.ts';
import type { Preamble } from '../pipe/preamble.ts';
import { standsFor } from '../punch/place.ts';
import { PunchBudget } from '../punch/rules.ts';
import type { AnswerResult, ConnectMessage, Message, SignalMessage } from '../signal/message.ts';
import type { PunchCall } from '../signal/punch-call.ts';
import type { Origin } from '../signal/signalling.ts';
import { encodeBase16 } from '../wire/base16.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { Invitation } from './invitation.ts';
import { Reports } from './reports.ts';
import { sameBytes } from './same-bytes.ts';
import type { MeetingTask } from './task.ts';
import { Wish } from './wish.ts';

const TRANSPORTS = ['tcp', 'udp'] as const;
/** Connects that are remembered after their end: their last request is under way for seconds. */
const MAX_ASKED = 512;
/** Times what strangers may ask for. */
const PARTNER = 20;

/** How to ask a peer. */
export interface AskingOf {
  readonly asking: Asking | null;
  /** Why it cannot be asked; null where it can. */
  readonly unaskable: string | null;
  /** ms until the first address is dialled. */
  readonly directDelay: number;
}

export class Meetings {
  readonly #task: MeetingTask;
  /** By pipe id in hex digits. */
  readonly #wishes = new Map<string, Wish>();
  /** Names of pipes that this node asked others for lately, the oldest first. */
  readonly #sought = new Set<string>();
  /** Pipes that peers asked for, by name. */
  readonly #invitations = new Map<string, Invitation>();
  readonly #reports: Reports;
  readonly #budgets = { dialBack: new DialBackBudget(), punch: new PunchBudget() };
  /** Of peers that may ask for more. */
  readonly #partners = { dialBack: new DialBackBudget(PARTNER), punch: new PunchBudget(PARTNER) };

  constructor(task: MeetingTask) {
    this.#task = task;
    this.#reports = new Reports(task);
  }

  /** How to ask this peer for a pipe. */
  asking(peer: NodeAddress, pipeId: Uint8Array, pipe: string, choice: ConnectOptions): AskingOf {
    const plan = (newest: NodeAddress) => this.#planOf(newest, choice, true);
    const directDelay = plan(peer).find(({ method }) => method === 'direct')?.delay ?? 0;
    if (peer.brokers.length === 0)
      return { asking: null, unaskable: 'its address names no broker', directDelay: 0 };
    const key = encodeBase16(pipeId);
    const account = this.#reports.of({
      pipeId,
      pipe,
      peer,
      asked: true,
      // Whoever has gone by then will not miss it.
      tell: (message) => void this.#task.signalling.send(peer, message).catch(() => undefined),
    });
    const { punch } = this.#budgetsOf(peer.nodeId);
    const enterChance = (ip: string) => punch.enterChance(ip, false, this.#task.io.now());
    const wish = new Wish({ ...this.#task, peer, pipeId, pipe, choice, plan, enterChance, account });
    const asking: Asking = {
      start: (listener) => {
        this.#wishes.set(key, wish);
        // By its own name: another path is asked for under that of the pipe which wants it.
        this.#remember(pipeName(pipeId, this.#task.identity.publicKey, peer.publicKey));
        wish.start(listener);
      },
      stop: () => {
        this.#wishes.delete(key);
        wish.stop();
        account.end();
      },
    };
    return { asking, unaskable: null, directDelay };
  }

  /** The connect of ours that this caller was asked to dial back for. */
  expected({ pipeId, publicKey }: Preamble, remote: Endpoint): Expected | null {
    const wish = this.#wishes.get(encodeBase16(pipeId));
    if (wish === undefined || !sameBytes(wish.peer.publicKey, publicKey)) return null;
    const take = wish.expects(remote);
    return take === null ? null : { take };
  }

  /**
   * Whether this node has asked for this pipe: then nobody may bring it but whom `expected` lets in,
   * not even once the connect was given up.
   */
  hasAsked(pipe: string): boolean {
    return this.#sought.has(pipe);
  }

  /** A pipe has opened: what was tried for it has no purpose any more. */
  opened(pipe: string, method: Method): void {
    this.#reports.opened(pipe, method);
    this.#invitations.get(pipe)?.stop();
  }

  /** A signal from a peer that has proven its key. */
  received(message: Message, origin: Origin): void | Promise<void> {
    switch (message.type) {
      case 'connect':
        return this.#asked(message, origin);
      case 'answer':
        this.#wishOf(message.pipeId, origin)?.answered(message);
        break;
      case 'outcome':
        this.#wishOf(message.pipeId, origin)?.outcome(message);
        break;
      case 'relayed':
        this.#wishOf(message.pipeId, origin)?.relayed(message);
        break;
      case 'report':
        this.#reports.take(message, origin.nodeId);
        break;
    }
  }

  /** Whether anything is under way whose mappings others would disturb. */
  get isBusy(): boolean {
    return this.#wishes.size > 0 || this.#invitations.size > 0;
  }

  /** Whether this pipe is being asked for from this node. */
  isWished(pipeId: Uint8Array, nodeId: string): boolean {
    return this.#wishes.get(encodeBase16(pipeId))?.peer.nodeId === nodeId;
  }

  /** As of `Reports`. */
  isShared(pipeId: Uint8Array, nodeId: string): boolean {
    return this.#reports.isShared(pipeId, nodeId);
  }

  #wishOf(pipeId: Uint8Array, origin: Origin): Wish | null {
    return this.isWished(pipeId, origin.nodeId) ? (this.#wishes.get(encodeBase16(pipeId)) ?? null) : null;
  }

  #remember(pipe: string): void {
    this.#sought.add(pipe);
    for (const oldest of this.#sought) {
      if (this.#sought.size <= MAX_ASKED) break;
      this.#sought.delete(oldest);
    }
  }

  /** @param isCaller whether this node asks; both sides come to the same plan */
  #planOf(
    peer: NodeAddress,
    choice: Pick<ConnectOptions, 'methods' | 'paths' | 'families'>,
    isCaller: boolean,
  ): PlannedMethod[] {
    const { interfaces, outer, nats, lastMethod } = this.#task;
    const own = { interfaces, outer: outer(), nats: nats() };
    const shared = new Set(own.outer.map((fact) => fact.outer));
    const isNear = peer.interfaces.some((entry) => entry.outer.some((ip) => shared.has(ip)));
    const stands = TRANSPORTS.flatMap((transport) => standsFor(own, peer, choice, transport));
    const pairs = stands.flatMap(({ place, aims }) => {
      // Private networks of one number are many: only what both see from outside speaks for one.
      if (place.path === 'local' && !isNear) return [];
      return aims.map((aim) => {
        const sides = [place.facts, aim.facts].map(({ type, delta }) =>
          place.path === 'local' ? OPEN : natSideOf({ type, delta: { type: delta } }),
        );
        const [ours = OPEN, theirs = OPEN] = sides;
        const { transport } = place;
        return isCaller ? { transport, a: ours, b: theirs } : { transport, a: theirs, b: ours };
      });
    });
    // What worked before may be known to one side only: a plan of both cannot depend on it.
    const last: Method | null = isCaller ? lastMethod(peer.nodeId) : null;
    return planMethods({ methods: choice.methods, pairs, last });
  }

  /** A peer asks for a pipe, or more of what it takes. */
  async #asked(message: ConnectMessage, origin: Origin): Promise<void> {
    const { identity, allowed, isOpen } = this.#task;
    const asker = addressOf(message.address);
    if (asker === null || !sameBytes(asker.publicKey, origin.publicKey)) {
      this.#refused(origin, 'its request carries no address of its own');
      return;
    }
    const name = pipeName(message.pipeId, asker.publicKey, identity.publicKey);
    const answer = (result: AnswerResult, punch: PunchCall | null = null) =>
      this.#answer(message, origin, asker, result, punch);
    if (!allowed(asker.nodeId)) {
      answer('not-allowed');
      this.#refused(origin, 'it is not on the --allow list');
    } else if (!this.#admits(asker.nodeId, name)) answer('busy');
    else if (isOpen(name)) answer('accepted');
    else {
      const invitation = this.#invitationOf(message, origin, asker, name);
      const told = await invitation.accept(message);
      // Where nothing was begun nothing will end.
      if (invitation.isOver && this.#invitations.get(name) === invitation) this.#invitations.delete(name);
      if (told === 'unwilling') answer('unwilling');
      else answer('accepted', told);
    }
  }

  /** Further rounds of what was let in are part of it. */
  #admits(nodeId: string, pipe: string): boolean {
    return (
      this.#invitations.get(pipe)?.takesMore === true ||
      this.#budgetsOf(nodeId).dialBack.admit(nodeId, this.#task.io.now())
    );
  }

  #budgetsOf(nodeId: string) {
    return this.#task.isPartner(nodeId) ? this.#partners : this.#budgets;
  }

  #invitationOf(message: ConnectMessage, origin: Origin, asker: NodeAddress, pipe: string): Invitation {
    const known = this.#invitations.get(pipe);
    if (known !== undefined) return known;
    const { pipeId } = message;
    const account = this.#reports.of({
      pipeId,
      pipe,
      peer: asker,
      asked: false,
      tell: (report) => this.#reply(origin, asker, report),
    });
    const invitation = new Invitation({
      ...this.#task,
      asker,
      pipeId,
      pipe,
      account,
      localBroker: origin.localBroker,
      budgets: this.#budgetsOf(asker.nodeId),
      delayOf: ({ methods, paths, families }, method) =>
        this.#planOf(asker, { methods, paths, families }, false).find((one) => one.method === method)
          ?.delay ?? 0,
      ended: () => {
        if (this.#invitations.get(pipe) === invitation) this.#invitations.delete(pipe);
        account.end();
      },
      failed: (reasons) => this.#reply(origin, asker, { type: 'outcome', pipeId, reasons }),
      relayed: (relayed) => this.#reply(origin, asker, { type: 'relayed', pipeId, relayed }),
    });
    this.#invitations.set(pipe, invitation);
    return invitation;
  }

  #answer(
    message: ConnectMessage,
    origin: Origin,
    asker: NodeAddress,
    result: AnswerResult,
    punch: PunchCall | null,
  ): void {
    const { bytes, sequence } = this.#task.ownAddress();
    const known = result === 'not-allowed' || message.knownSequence >= sequence;
    const address = known ? new Uint8Array(0) : bytes;
    this.#reply(origin, asker, { type: 'answer', pipeId: message.pipeId, result, address, punch });
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

const OPEN = { type: 1, delta: 1 } as const;
