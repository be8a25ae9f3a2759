/**
 * A connect of ours whose peer is asked to take part: to dial back, and to punch. Wiring only: what is
 * tried is `connect/plan.ts`, how holes are punched is `punch/`.
 */
import { addressOf, type NodeAddress } from '../address.ts';
import type { Asking, AskListener } from '../connect/asking.ts';
import type { Explanation } from '../connect/lane-case.ts';
import { type Candidate, directCandidates, pathwayOf } from '../connect/pathway.ts';
import { wayBack } from '../connect/way-back.ts';
import { deferred } from '../deferred.ts';
import { P2pdError, reasonOf } from '../errors.ts';
import type { SignalEvent } from '../events.ts';
import type { Secured } from '../pipe/secure.ts';
import type { AnswerMessage, OutcomeMessage, RelayedMessage } from '../signal/message.ts';
import type { PunchCall } from '../signal/punch-call.ts';
import type { RelayedAddress } from '../signal/relayed.ts';
import { DIAL_BACK_TIMEOUT } from '../timing.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { familyOf } from '../wire/ip.ts';
import { PUNCHES, PunchWish } from './punch-wish.ts';
import { RelayWish } from './relay-wish.ts';
import { ReverseHope } from './reverse-hope.ts';
import type { WishTask } from './wish-task.ts';

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
  #punching: PunchWish | null = null;
  #relaying: RelayWish | null = null;
  #asked = false;
  /** It does not answer, or cannot be asked. */
  #isSilent = false;
  #isRefused = false;
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
    if (choice.methods.includes('relay')) this.#relay(listener);
    const punches = PUNCHES.some((method) => choice.methods.includes(method));
    const asking = punches ? this.#punch(listener) : this.#ask(null);
    void Promise.all([asking, this.#answered.promise])
      .then(() => (this.#isSilent || this.#isRefused ? undefined : this.#relaying?.expected()))
      .then(() => this.#explain())
      .then((explanation) => listener.done(explanation));
  }

  stop(): void {
    this.#over.abort();
    this.#answered.resolve();
    const { pipe, isRelayed, relays } = this.#task;
    if (!isRelayed(pipe)) relays.settle(pipe, false);
  }

  /** Takes a connection that the peer has dialled; null where it is not wanted. */
  expects(remote: Endpoint): ((secured: Secured) => void) | null {
    const { choice, interfaces } = this.#task;
    const path = pathwayOf(interfaces, remote.ip);
    const family = familyOf(remote.ip);
    const reverse = this.#reverse;
    if (reverse === null || !choice.paths.includes(path) || !choice.families.includes(family)) return null;
    const began = this.#task.io.now();
    reverse.connecting();
    return (secured) => {
      const { local, remote: from } = secured.stream;
      const way = { method: 'reverse', path, family, local, remote: from } as const;
      reverse.arrived(secured, way, { transport: 'tcp', rtt: this.#task.io.now() - began, loss: null });
    };
  }

  answered({ result, address, punch }: AnswerMessage): void {
    const listener = this.#listener;
    if (listener === null) return;
    if (result === 'accepted' || result === 'unwilling') {
      this.#heard();
      listener.more(this.#moreBy(address));
      this.#punching?.answered(punch);
    }
    this.#isRefused = result === 'busy' || result === 'not-allowed';
    if (result !== 'accepted') {
      if (result !== 'unwilling' || this.#punching?.isActive !== true) listener.refused(result);
      this.#reverse?.failed(REFUSALS[result]);
      if (result !== 'unwilling') this.#punching?.refused(REFUSALS[result]);
    }
    this.#answered.resolve();
  }

  outcome({ reasons }: OutcomeMessage): void {
    this.#reverse?.failed(`the peer could not dial back: ${reasons.join(', ')}`);
  }

  relayed({ relayed }: RelayedMessage): void {
    void this.#relaying?.offered(relayed);
  }

  /** Nothing has opened: what both saw tells why. */
  async #explain(): Promise<Explanation | null> {
    const isOver = this.#over.signal.aborted || this.#punching === null || this.#isSilent;
    return isOver ? null : this.#task.account.failed(this.#fresh ?? this.peer, this.#over.signal);
  }

  #relay(asker: AskListener): void {
    const ask = (relayed: readonly RelayedAddress[]) => void this.#ask(null, relayed);
    const relay = new RelayWish({ ...this.#task, asker, ask, over: this.#over.signal });
    this.#relaying = relay;
    void relay.run(this.#task.plan(this.peer).find(({ method }) => method === 'relay')?.delay ?? 0);
  }

  async #punch(listener: AskListener): Promise<void> {
    const punching = new PunchWish({
      ...this.#task,
      asker: listener,
      newest: () => this.#fresh ?? this.peer,
      ask: (call) => void this.#ask(call),
      over: this.#over.signal,
    });
    this.#punching = punching;
    await punching.run();
    // Where nothing could be tried nobody was asked.
    if (!this.#asked) this.#answered.resolve();
  }

  /** The first message tells how asking goes; later ones are further rounds. At most one goes without a call. */
  async #ask(punch: PunchCall | null, relayed: readonly RelayedAddress[] = []): Promise<void> {
    const { signalling, emit, ownAddress, peer, pipeId, pipe, choice } = this.#task;
    if (punch === null && relayed.length === 0 && this.#asked) return;
    const isFirst = !this.#asked;
    this.#asked = true;
    const tell = (state: SignalEvent['state'], facts: Partial<SignalEvent> = {}) => {
      const { nodeId, brokers } = peer;
      if (isFirst)
        emit({ event: 'signal', pipe, peer: nodeId, state, brokers, rtt: null, clock: null, ...facts });
    };
    tell('asked');
    try {
      const { paths, families } = choice;
      const { rtt, clock } = await signalling.send(peer, {
        type: 'connect',
        pipeId,
        methods: choice.methods,
        paths,
        families,
        knownSequence: (this.#fresh ?? peer).sequence,
        address: ownAddress().bytes,
        punch,
        ...(relayed.length > 0 ? { relayed } : {}),
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
    this.#isSilent = true;
    this.#listener?.silent(reason, reached);
    this.#reverse?.failed(reason);
    this.#punching?.refused(reason);
    this.#answered.resolve();
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
}

function keyOf({ local, remote }: Candidate): string {
  return `${local.ip} ${remote.ip} ${remote.port}`;
}
