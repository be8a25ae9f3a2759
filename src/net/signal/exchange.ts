/**
 * Outgoing messages until they are acknowledged: sent again while no answer comes, sealed anew when
 * the peer challenges their time, given up in the end. Pure; the caller seals, publishes and keeps
 * the bytes, and steps with `wake` at `wakeAt`.
 *
 *   send ─► waiting ──ack──────────────────────────► acknowledged
 *            │ ▲  └──── wake: publish again, later each time
 *            │ └─resealed (once)── resealing ◄──challenge──┐
 *            └─────────────────────────────────────────────┘
 *   any ──SIGNAL_TIMEOUT since send, or too many at once──► silent
 */
import type { ClockOffset } from '../events.ts';
import { ACK_PATIENCE, SIGNAL_RESEND, SIGNAL_RESEND_LONGEST, SIGNAL_TIMEOUT } from '../timing.ts';
import { NOTHING_KNOWN, offsetOf, type PeerFacts, withClock, withRoundTrip } from './peer-clock.ts';

/** Messages that wait at once; past that the oldest is given up, so that peers who never answer cost little. */
const MAX_WAITING = 1_024;
/** Of these to one peer: a pipe needs at most three. */
const MAX_WAITING_PER_PEER = 32;
/** Peers whose round trip and clock are remembered. */
const MAX_PEERS = 256;

/** Message ids as 32 hex digits, peers by node id. */
export type ExchangeInput =
  /** A message was sealed at `sentAt` (own corrected Unix ms) and is to leave. */
  | { readonly kind: 'send'; readonly id: string; readonly peer: string; readonly sentAt: number }
  /** As asked by `reseal`: the message `id` has become `newId`. */
  | { readonly kind: 'resealed'; readonly id: string; readonly newId: string; readonly sentAt: number }
  | {
      readonly kind: 'ack';
      /** Node id of who sealed the acknowledgement. */
      readonly peer: string;
      readonly of: string;
      /** Peer's Unix ms: when our message came, and when the acknowledgement left. */
      readonly receivedAt: number;
      readonly repliedAt: number;
    }
  | { readonly kind: 'challenge'; readonly peer: string; readonly of: string; readonly nonce: Uint8Array }
  /** Nobody waits for it any more. */
  | { readonly kind: 'cancel'; readonly id: string }
  | { readonly kind: 'wake' };

export type ExchangeEffect =
  /** To all brokers of the peer; the same bytes each time. */
  | { readonly kind: 'publish'; readonly id: string }
  /** Seal the message anew with this nonce and step with `resealed`. */
  | { readonly kind: 'reseal'; readonly id: string; readonly nonce: Uint8Array }
  | {
      readonly kind: 'acknowledged';
      readonly id: string;
      readonly peer: string;
      /** Round trip to the peer's program, ms; null where it cannot be told which copy was acknowledged. */
      readonly rtt: number | null;
      /** The peer's clock against ours by this message alone; null where its times contradict themselves. */
      readonly clock: ClockOffset | null;
    }
  | { readonly kind: 'silent'; readonly id: string; readonly peer: string };

interface Waiting {
  readonly id: string;
  readonly peer: string;
  readonly sentAt: number;
  /** Monotonic ms of the first copy. */
  readonly startedAt: number;
  readonly deadline: number;
  /** Copies that have left. */
  readonly copies: number;
  /** Until the next copy, when it leaves. */
  readonly pause: number;
  readonly nextAt: number;
  readonly state: 'waiting' | 'resealing';
  /** A second challenge changes nothing. */
  readonly challenged: boolean;
}

export class Exchange {
  /** By message id, the oldest first. */
  readonly #waiting = new Map<string, Waiting>();
  /** By node id, the one heard last at the end. */
  readonly #peers = new Map<string, PeerFacts>();

  /** When `wake` has something to do, monotonic ms; null when nothing waits. */
  get wakeAt(): number | null {
    let at: number | null = null;
    for (const entry of this.#waiting.values()) {
      const due = dueAt(entry);
      if (at === null || due < at) at = due;
    }
    return at;
  }

  /** Whether this message of ours to this peer waits for its acknowledgement: only then can there be a genuine one. */
  isWaiting(id: string, peer: string): boolean {
    return this.#waiting.get(id)?.peer === peer;
  }

  /** Whether we wait for anything from this peer. */
  awaits(peer: string): boolean {
    return this.#countOf(peer) > 0;
  }

  /** What is known of a peer; null before its first acknowledgement. */
  facts(peer: string): PeerFacts | null {
    return this.#peers.get(peer) ?? null;
  }

  step(input: ExchangeInput, now: number): ExchangeEffect[] {
    switch (input.kind) {
      case 'send':
        return this.#send(input.id, input.peer, input.sentAt, now);
      case 'resealed':
        return this.#resealed(input.id, input.newId, input.sentAt, now);
      case 'ack':
        return this.#acknowledged(input, now);
      case 'challenge':
        return this.#challenged(input.of, input.peer, input.nonce);
      case 'cancel':
        this.#waiting.delete(input.id);
        return [];
      case 'wake':
        return this.#wake(now);
    }
  }

  #send(id: string, peer: string, sentAt: number, now: number): ExchangeEffect[] {
    if (this.#countOf(peer) >= MAX_WAITING_PER_PEER) return [{ kind: 'silent', id, peer }];
    const effects: ExchangeEffect[] = [];
    for (const oldest of this.#waiting.values()) {
      if (this.#waiting.size < MAX_WAITING) break;
      this.#waiting.delete(oldest.id);
      effects.push({ kind: 'silent', id: oldest.id, peer: oldest.peer });
    }
    const deadline = now + SIGNAL_TIMEOUT;
    this.#waiting.set(id, this.#firstCopy({ id, peer, sentAt, deadline, challenged: false }, now));
    return [...effects, { kind: 'publish', id }];
  }

  #firstCopy(
    entry: Pick<Waiting, 'id' | 'peer' | 'sentAt' | 'deadline' | 'challenged'>,
    now: number,
  ): Waiting {
    const { rtt, atMost } = this.#peers.get(entry.peer) ?? NOTHING_KNOWN;
    const pause = Math.min(Math.max(SIGNAL_RESEND, 2 * (rtt ?? 0), atMost), SIGNAL_RESEND_LONGEST);
    return { ...entry, startedAt: now, copies: 1, pause, nextAt: now + pause, state: 'waiting' };
  }

  #resealed(id: string, newId: string, sentAt: number, now: number): ExchangeEffect[] {
    const entry = this.#waiting.get(id);
    if (entry === undefined || entry.state !== 'resealing') return [];
    this.#waiting.delete(id);
    this.#waiting.set(newId, this.#firstCopy({ ...entry, id: newId, sentAt }, now));
    return [{ kind: 'publish', id: newId }];
  }

  #challenged(id: string, peer: string, nonce: Uint8Array): ExchangeEffect[] {
    const entry = this.#waiting.get(id);
    if (entry === undefined || entry.peer !== peer || entry.challenged) return [];
    this.#waiting.set(id, { ...entry, state: 'resealing', challenged: true });
    return [{ kind: 'reseal', id, nonce }];
  }

  #acknowledged(ack: Extract<ExchangeInput, { kind: 'ack' }>, now: number): ExchangeEffect[] {
    const entry = this.#waiting.get(ack.of);
    if (entry === undefined || entry.peer !== ack.peer) return [];
    const { id, peer, sentAt } = entry;
    this.#waiting.delete(id);
    const elapsed = now - entry.startedAt;
    // Of several copies nobody knows which one came first (Karn's algorithm, RFC 6298 §3).
    const single = entry.copies === 1;
    const { receivedAt, repliedAt } = ack;
    const clock = offsetOf({ sentAt, receivedAt, repliedAt, elapsed });
    // The peer may have done first what it was asked for.
    const held = clock === null ? 0 : Math.min(repliedAt - receivedAt, ACK_PATIENCE);
    const rtt = Math.max(0, elapsed - held);
    const facts = withRoundTrip(this.#peers.get(peer) ?? NOTHING_KNOWN, rtt, single);
    this.#remember(peer, clock === null ? facts : withClock(facts, clock, now));
    return [{ kind: 'acknowledged', id, peer, rtt: single ? rtt : null, clock }];
  }

  #wake(now: number): ExchangeEffect[] {
    const effects: ExchangeEffect[] = [];
    for (const entry of this.#waiting.values()) {
      const { id, peer, deadline } = entry;
      if (now >= deadline) {
        this.#waiting.delete(id);
        effects.push({ kind: 'silent', id, peer });
      } else if (entry.state === 'waiting' && now >= entry.nextAt) {
        const pause = Math.min(2 * entry.pause, SIGNAL_RESEND_LONGEST);
        this.#waiting.set(id, { ...entry, copies: entry.copies + 1, pause, nextAt: now + pause });
        effects.push({ kind: 'publish', id });
      }
    }
    return effects;
  }

  #remember(peer: string, facts: PeerFacts): void {
    this.#peers.delete(peer);
    this.#peers.set(peer, facts);
    if (this.#peers.size <= MAX_PEERS) return;
    for (const oldest of this.#peers.keys()) {
      this.#peers.delete(oldest);
      return;
    }
  }

  #countOf(peer: string): number {
    let count = 0;
    for (const entry of this.#waiting.values()) if (entry.peer === peer) count++;
    return count;
  }
}

function dueAt({ state, nextAt, deadline }: Waiting): number {
  return state === 'resealing' ? deadline : Math.min(nextAt, deadline);
}
