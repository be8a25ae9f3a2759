/**
 * A pipe that a peer asks us for: dialling it back and punching, in as many messages as it takes.
 * Wiring only: what may be tried is `connect/reverse.ts` and `punch/rules.ts`.
 */
import type { NodeAddress } from '../address.ts';
import { dialBack, type OfferTask } from '../connect/dial-back.ts';
import {
  type DialBackBudget,
  dialBackCandidates,
  reasonToTell,
  relayCandidates,
} from '../connect/reverse.ts';
import { PunchAnswerer } from '../punch/answerer.ts';
import { externalPlaces, isUnknownPlace } from '../punch/place.ts';
import { probeKey } from '../punch/probe.ts';
import { matchesFor, type PunchBudget } from '../punch/rules.ts';
import type { ConnectMessage } from '../signal/message.ts';
import { MAX_OFFERS, type PunchCall } from '../signal/punch-call.ts';
import type { RelayedAddress } from '../signal/relayed.ts';
import { PUNCH_ROUNDS } from '../timing.ts';
import { PUNCHES } from './punch-wish.ts';
import { dialRelayed, RelayOffer } from './relay-offer.ts';
import type { Account } from './reports.ts';
import type { MeetingTask } from './task.ts';

const TRANSPORTS = ['tcp', 'udp'] as const;

export interface Budgets {
  readonly dialBack: DialBackBudget;
  readonly punch: PunchBudget;
}

export interface InvitationTask extends MeetingTask {
  readonly asker: NodeAddress;
  readonly pipeId: Uint8Array;
  /** The pipe's name. */
  readonly pipe: string;
  readonly account: Account;
  readonly localBroker: boolean;
  readonly budgets: Budgets;
  /** ms after which a method begins by the plan of both. */
  readonly delayOf: (message: ConnectMessage, method: 'reverse' | 'relay') => number;
  /** Everything that was under way has ended. */
  readonly ended: () => void;
  /** Dialling back has come to nothing. */
  readonly failed: (reasons: readonly string[]) => void;
  /** Tells the asker where a relay of ours lets it in. */
  readonly relayed: (relayed: readonly RelayedAddress[]) => void;
}

export class Invitation {
  readonly #task: InvitationTask;
  readonly #over = new AbortController();
  #dialling = false;
  #relaying = false;
  #relayOffer: RelayOffer | null = null;
  #answerer: PunchAnswerer | null = null;
  /** The last round that was answered. */
  #round = -1;
  #running = 0;
  #messages = 0;

  constructor(task: InvitationTask) {
    this.#task = task;
  }

  /** Nothing is under way any more. */
  get isOver(): boolean {
    return this.#running === 0;
  }

  /** Whether further messages are part of it: its rounds, and one without a call. */
  get takesMore(): boolean {
    return this.#messages <= PUNCH_ROUNDS + 1;
  }

  /** The pipe has opened. */
  stop(): void {
    this.#over.abort(new Error('another path was faster'));
  }

  /**
   * Does what a message asks for and was not done yet.
   *
   * @returns what to tell of our punching; `unwilling` where nothing may be tried at all
   */
  async accept(message: ConnectMessage): Promise<PunchCall | null | 'unwilling'> {
    this.#messages++;
    const dials = message.methods.includes('reverse') && !this.#dialling ? this.#dialBack(message) : null;
    const { punch } = message;
    const isNew =
      punch !== null &&
      punch.round > this.#round &&
      punch.round < PUNCH_ROUNDS &&
      PUNCHES.some((method) => message.methods.includes(method));
    const relays = message.methods.includes('relay');
    if (relays) this.#offerRelay(message);
    if (relays) this.#dialRelays(message);
    const call = isNew ? await this.#punch(message, punch) : null;
    if (dials === false && call === null && !relays) return this.#answerer === null ? 'unwilling' : null;
    if (dials === false) this.#task.failed(['the peer may dial none of our addresses']);
    return call;
  }

  /** @returns whether it dials */
  #dialBack(message: ConnectMessage): boolean {
    const { io, interfaces, outer, asker, localBroker, budgets, delayOf } = this.#task;
    this.#dialling = true;
    const choice = { paths: message.paths, families: message.families };
    const permitted = dialBackCandidates({ own: interfaces, outer: outer(), asker, choice, localBroker });
    const candidates = budgets.dialBack.spend(permitted, io.now());
    if (candidates.length === 0) return false;
    const running = dialBack({ ...this.#offer(), candidates, delay: delayOf(message, 'reverse') });
    void this.#during(
      running.then((reasons) => {
        if (reasons === null) return;
        this.#task.failed(
          reasons.flatMap((reason, i) => {
            const candidate = candidates[i];
            return candidate === undefined ? [] : [reasonToTell(candidate, reason)];
          }),
        );
      }),
    );
    return true;
  }

  /** A relay of our own lets the asker in, where its own ways do not lead here soon. */
  #offerRelay(message: ConnectMessage): void {
    const { relays, delayOf } = this.#task;
    this.#relayOffer?.also(message.relayed ?? []);
    if (this.#relayOffer !== null || relays.isEmpty) return;
    const delay = delayOf(message, 'relay');
    this.#relayOffer = new RelayOffer({
      ...this.#task,
      ...this.#offer(),
      families: message.families,
      key: () => this.#key(),
    });
    void this.#during(this.#relayOffer.run(delay));
  }

  /** The asker's relayed addresses are dialled as its own would be. */
  #dialRelays(message: ConnectMessage): void {
    const { io, interfaces, outer, asker, localBroker, budgets } = this.#task;
    const { relayed = [], paths, families } = message;
    if (relayed.length === 0 || this.#relaying) return;
    this.#relaying = true;
    const question = { own: interfaces, outer: outer(), asker, choice: { paths, families }, localBroker };
    for (const transport of TRANSPORTS) {
      const offered = relayed.filter((address) => address.transport === transport);
      const candidates = budgets.dialBack.spend(relayCandidates(question, offered), io.now());
      const task = { ...this.#offer(), candidates, delay: 0, method: 'relay' } as const;
      if (candidates.length > 0)
        void this.#during(transport === 'tcp' ? dialBack(task) : dialRelayed(task, this.#key()));
    }
  }

  async #punch(message: ConnectMessage, call: PunchCall): Promise<PunchCall | null> {
    const { io, interfaces, outer, nats, asker, localBroker, machineId, budgets, wall, natsKnown } =
      this.#task;
    this.#round = call.round;
    // Whoever has just started does not know yet where its packets come from.
    const isUnknown = () =>
      TRANSPORTS.some((transport) =>
        externalPlaces({ interfaces, outer: outer(), nats: nats() }, message.families, transport).some(
          isUnknownPlace,
        ),
      );
    if (message.paths.includes('external') && isUnknown()) await natsKnown(this.#over.signal);
    const choice = { paths: message.paths, families: message.families };
    const own = { interfaces, outer: outer(), nats: nats() };
    const offers = call.offers.filter(({ method }) => message.methods.includes(method));
    const allowed = matchesFor({ own, machineId, asker, choice, localBroker }, { ...call, offers });
    const matches = budgets.punch.spend(allowed, io.now());
    if (matches.length === 0) return null;
    const answerer = this.#answerer ?? this.#openAnswerer();
    if (answerer === null) return null;
    const met = await answerer.answer(call, matches);
    return { round: call.round, meetAt: Math.round(wall()), wish: 0, offers: met.slice(0, MAX_OFFERS) };
  }

  /** null where there are too many punches under way. */
  #openAnswerer(): PunchAnswerer | null {
    const { io, asker, account, budgets, stunServers, warm, signalling, wall } = this.#task;
    if (!budgets.punch.enter(asker.nodeId)) return null;
    const oneWay = () => signalling.oneWay(asker.nodeId);
    const answerer = new PunchAnswerer({
      ...this.#offer(),
      servers: stunServers,
      warm,
      oneWay,
      wall,
      key: this.#key(),
      tracer: account.tracer,
      enterChance: (ip) => budgets.punch.enterChance(ip, true, io.now()),
    });
    this.#answerer = answerer;
    void this.#during(this.#finish(answerer).finally(() => budgets.punch.leave(asker.nodeId)));
    return answerer;
  }

  /** Of the probes between the two for this pipe. */
  #key(): Uint8Array {
    const { identity, asker, pipeId } = this.#task;
    return probeKey(identity.sharedSecret(asker.publicKey), pipeId);
  }

  /** What both saw is put together where nothing has opened. */
  async #finish(answerer: PunchAnswerer): Promise<void> {
    const { account, asker, signal } = this.#task;
    await answerer.end();
    const stop = AbortSignal.any([this.#over.signal, signal]);
    if (!this.#over.signal.aborted) void account.failed(asker, stop);
  }

  #offer(): OfferTask {
    const { io, identity, asker, pipeId, pipe, listener, emit, signal } = this.#task;
    return {
      io,
      identity,
      peerKey: asker.publicKey,
      peer: asker.nodeId,
      pipeId,
      pipe,
      listener: listener(io.now(), asker),
      emit,
      signal: AbortSignal.any([this.#over.signal, signal]),
    };
  }

  async #during(work: Promise<unknown>): Promise<void> {
    this.#running++;
    try {
      await work;
    } finally {
      this.#running--;
      if (this.isOver) this.#task.ended();
    }
  }
}
