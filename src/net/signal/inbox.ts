/**
 * Which messages a node accepts: each once, and none that is replayed, across restarts too. Pure.
 *
 *   bytes ─readHead─► admit ─► open ─openEnvelope─► decodeMessage ─► judge ─► fresh: act, acknowledge
 *                      │                 └ DecodeError ─► failed         ├──► challenge: ask to send again
 *                      ├──► duplicate: perhaps answer again ◄────────────┤
 *                      └──► limited                                      └──► ignored
 *
 * A message is fresh when its time fits our clock and is later than the *floor*, or when it carries
 * a nonce that we have just sent to its sender. Names of accepted messages are kept until they can
 * no longer be fresh; the floor rises to the time of each that is forgotten, so that a clock that is
 * set back brings none to life again. On disk stands a time that no accepted message exceeds: the
 * floor after the next start.
 */
import { SIGNAL_MEMORY, SIGNAL_RESERVE, SIGNAL_SKEW } from '../timing.ts';
import type { DecodeError } from '../wire/decode-error.ts';
import { Challenges } from './challenges.ts';
import { Copies } from './copies.ts';
import type { Head, Opened } from './envelope.ts';
import { Gate } from './gate.ts';
import type { Message } from './message.ts';

/**
 * Accepted messages that are remembered. At the 200 a second that the gate lets through these are
 * 20 s, longer than SIGNAL_SKEW: forgetting the oldest early raises the floor to no time that the
 * messages of others still reach.
 */
const MAX_SEEN = 4_096;

/** What to say again to the sender of a copy. */
export type Repeat =
  | { readonly kind: 'ack'; readonly receivedAt: number }
  | { readonly kind: 'challenge'; readonly nonce: Uint8Array };

/** Known already: `repeat` is null where nothing, or nothing yet, is to be said again. */
interface Duplicate {
  readonly kind: 'duplicate';
  readonly repeat: Repeat | null;
}

/** limited: too many; to be dropped. */
export type Admission = Duplicate | { readonly kind: 'open' } | { readonly kind: 'limited' };

export type Verdict =
  | Duplicate
  | { readonly kind: 'limited' }
  | { readonly kind: 'fresh' }
  /** To be answered by a challenge with the given nonce. */
  | { readonly kind: 'challenge' }
  /** Neither fresh nor worth a challenge. */
  | { readonly kind: 'ignored' };

export interface Judging {
  readonly opened: Opened;
  readonly type: Message['type'];
  /**
   * Whether it names something random of ours that its sender was told and that is still under way
   * (ack, challenge: a message; answer, outcome: a pipe), so that it cannot be from before.
   */
  readonly solicited: boolean;
  /** Whether we wait for anything from its sender. */
  readonly awaited: boolean;
  /** 16 fresh random bytes, for a challenge. */
  readonly nonce: Uint8Array;
}

interface Seen {
  /** Null for one that was not accepted for its time. */
  readonly sentAt: number | null;
  /** Corrected Unix ms. */
  readonly receivedAt: number;
  /** Monotonic ms. */
  readonly until: number;
  /** Null for one that is not acknowledged. */
  readonly copies: Copies | null;
}

export class Inbox {
  readonly #gate = new Gate();
  readonly #challenges = new Challenges();
  /** Accepted messages by sender and id, the oldest first. */
  readonly #seen = new Map<string, Seen>();
  /** Nothing up to this time is accepted for its time. */
  #floor = 0;
  /** The latest time for which a message was accepted. */
  #newest = 0;
  /** The time on disk, or on its way there. */
  #reserved = 0;
  #unsaved = false;

  /**
   * Begins where the last run ended; before anything is admitted.
   *
   * @param saved what `unsaved` or `snapshot` gave to the last run; null for none. After damaged text
   *   nothing sent up to now is believed
   * @param wall corrected Unix ms
   */
  restore(saved: string | null, wall: number): void {
    this.#floor = saved === null ? 0 : (readFloor(saved) ?? Math.ceil(wall) + SIGNAL_SKEW);
    this.#newest = this.#floor;
    this.#reserved = this.#floor;
  }

  /** Before any cryptography. @param known whether the claimed sender's secret is at hand */
  admit(head: Head, broker: string, known: boolean, now: number): Admission {
    const duplicate = this.#duplicate(nameOf(head), broker, now);
    if (duplicate !== null) return duplicate;
    const open = this.#gate.admit(senderOf(head), broker, known, now);
    return open ? { kind: 'open' } : { kind: 'limited' };
  }

  /** After an admitted message that could not be opened or read. */
  failed(head: Head, error: DecodeError, now: number): void {
    // Anybody can claim to be a peer; what stands behind a tag that fits is that peer's doing.
    if (error.place !== 'tag' && error.place !== 'sender') this.#gate.count(senderOf(head), false, now);
  }

  /** @param wall corrected Unix ms @param now monotonic ms */
  judge(judging: Judging, now: number, wall: number): Verdict {
    const { opened, type, solicited, awaited, nonce } = judging;
    const name = nameOf(opened);
    if (this.#seen.has(name) || this.#challenges.has(name, now)) return { kind: 'duplicate', repeat: null };
    const sender = senderOf(opened);
    if (!this.#gate.count(sender, awaited, now)) return { kind: 'limited' };
    if (type === 'ack' || type === 'challenge') {
      // They answer something of ours and are not answered: a clock has nothing to do with them.
      if (!solicited) return { kind: 'ignored' };
      this.#remember(name, null, null, now, wall);
      return { kind: 'fresh' };
    }
    const accepted = this.#accepts(judging, now, wall);
    if (accepted === null) {
      const issued = this.#challenges.issue(name, sender, nonce, now);
      return { kind: issued ? 'challenge' : 'ignored' };
    }
    this.#remember(name, accepted === 'by-time' ? opened.sentAt : null, new Copies(now), now, wall);
    return { kind: 'fresh' };
  }

  /** What is to be on disk before the message just accepted is acted upon; null when it is. */
  unsaved(): string | null {
    if (!this.#unsaved) return null;
    this.#unsaved = false;
    return writeFloor(this.#reserved);
  }

  /** What is to be on disk after a clean stop. */
  snapshot(): string {
    return writeFloor(this.#newest);
  }

  #duplicate(name: string, broker: string, now: number): Duplicate | null {
    const seen = this.#seen.get(name);
    if (seen !== undefined) {
      const again = seen.copies?.take(broker, now) === true;
      return { kind: 'duplicate', repeat: again ? { kind: 'ack', receivedAt: seen.receivedAt } : null };
    }
    if (!this.#challenges.has(name, now)) return null;
    const nonce = this.#challenges.repeat(name, broker, now);
    return { kind: 'duplicate', repeat: nonce === null ? null : { kind: 'challenge', nonce } };
  }

  #accepts({ opened, solicited }: Judging, now: number, wall: number): 'by-time' | 'by-nonce' | null {
    // What carries a nonce is judged by it alone: its time may lie ahead, when nobody remembers it.
    if (opened.answered === null && this.#fitsClock(opened, wall)) return 'by-time';
    if (solicited) return 'by-nonce';
    const { answered } = opened;
    return answered !== null && this.#challenges.redeem(senderOf(opened), answered, now) ? 'by-nonce' : null;
  }

  #fitsClock({ sentAt, lifetime }: Opened, wall: number): boolean {
    if (sentAt <= this.#floor) return false;
    return wall >= sentAt - SIGNAL_SKEW && wall <= sentAt + lifetime + SIGNAL_SKEW;
  }

  #remember(name: string, sentAt: number | null, copies: Copies | null, now: number, wall: number): void {
    for (const [oldest, seen] of this.#seen) {
      if (now < seen.until && this.#seen.size < MAX_SEEN) break;
      this.#seen.delete(oldest);
      this.#floor = Math.max(this.#floor, seen.sentAt ?? 0);
    }
    const until = now + SIGNAL_MEMORY;
    this.#seen.set(name, { sentAt, receivedAt: Math.round(wall), until, copies });
    if (sentAt === null) return;
    this.#newest = Math.max(this.#newest, sentAt);
    if (this.#newest <= this.#reserved - SIGNAL_RESERVE / 2) return;
    this.#reserved = this.#newest + SIGNAL_RESERVE;
    this.#unsaved = true;
  }
}

/** A message's name: its id alone could be taken by anybody who has seen it on a broker. */
function nameOf({ sender, messageId }: Head): string {
  return latin1(sender) + latin1(messageId);
}

function senderOf({ sender }: Head): string {
  return latin1(sender);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function writeFloor(time: number): string {
  return `${time}\n`;
}

function readFloor(text: string): number | null {
  const match = /^(\d{1,15})\n?$/.exec(text);
  return match === null ? null : Number(match[1]);
}
