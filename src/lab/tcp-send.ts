/**
 * The sending half of a TCP connection: what waits, what is in flight, what is lost. Selective
 * acknowledgement (RFC 2018), loss seen by order of sending (RFC 8985, without its timers), and the
 * retransmission timeout of RFC 6298. No congestion control: the peer's window is the only limit.
 */

export interface SentSegment {
  readonly seq: number;
  readonly data: Uint8Array;
  readonly fin: boolean;
  /** The sequence number behind it. */
  readonly end: number;
  /** Counts transmissions of the connection, so that what was sent in one instant has an order too. */
  order: number;
  sentAt: number;
  sends: number;
  sacked: boolean;
}

/** ms above the round trip. Linux's TCP_RTO_MIN; RFC 6298 says 1 s in all. */
const MIN_MARGIN = 200;
const INITIAL_RTO = 1_000;
const MAX_RTO = 120_000;
/** A segment is lost when this many later ones arrived. */
const REORDERING = 3;

export class SendQueue {
  /** First sequence number not acknowledged. */
  una: number;
  /** Next to be sent. */
  nxt: number;
  /** The peer takes bytes below this sequence number. */
  limit: number;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #finWaiting = false;
  #finSent = false;
  readonly #flight: SentSegment[] = [];
  #order = 0;
  #delivered = -1;
  #srtt: number | null = null;
  #variation = 0;
  #backoff = 0;
  readonly #mss: number;

  /** @param seq the first byte's number */
  constructor(seq: number, mss: number) {
    this.una = seq;
    this.nxt = seq;
    this.limit = seq;
    this.#mss = mss;
  }

  /** Bytes that were written and not acknowledged. */
  get buffered(): number {
    return this.nxt - this.una + this.#waitingBytes;
  }

  get hasWaiting(): boolean {
    return this.#waitingBytes > 0 || this.#finWaiting;
  }

  /** Whether everything was sent and acknowledged, FIN included. */
  get isFinished(): boolean {
    return this.#finSent && this.isEmpty;
  }

  /** Whether everything that was written so far was sent and acknowledged. */
  get isEmpty(): boolean {
    return !this.hasWaiting && this.una === this.nxt;
  }

  get rto(): number {
    const margin = Math.max(MIN_MARGIN, 4 * this.#variation);
    const base = this.#srtt === null ? INITIAL_RTO : this.#srtt + margin;
    return Math.min(MAX_RTO, base * 2 ** this.#backoff);
  }

  /** Timeouts in a row. */
  get timeouts(): number {
    return this.#backoff;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#waiting.push(new Uint8Array(chunk));
    this.#waitingBytes += chunk.length;
  }

  finish(): void {
    if (!this.#finSent) this.#finWaiting = true;
  }

  /** Forgets bytes that were written last, so that at most so many are buffered. */
  truncate(bytes: number): void {
    while (this.buffered > bytes && this.#waiting.length > 0)
      this.#waitingBytes -= this.#waiting.pop()?.length ?? 0;
  }

  /** The next segment that the window allows, now sent for the first time; null when there is none. */
  take(now: number): SentSegment | null {
    const room = Math.max(0, this.limit - this.nxt);
    const data = this.#gather(Math.min(this.#mss, room));
    const fin = this.#finWaiting && this.#waitingBytes === 0;
    if (data.length === 0 && !fin) return null;
    if (fin) {
      this.#finWaiting = false;
      this.#finSent = true;
    }
    const end = this.nxt + data.length + (fin ? 1 : 0);
    const segment = { seq: this.nxt, data, fin, end, order: 0, sentAt: 0, sends: 0, sacked: false };
    this.#flight.push(segment);
    this.nxt = end;
    return this.#sent(segment, now);
  }

  /**
   * Takes an acknowledgement in.
   *
   * @returns whether it was new, and what it shows to be lost, now sent once more
   */
  acknowledge(
    ack: number,
    window: number,
    sack: readonly (readonly [number, number])[],
    now: number,
  ): { isNew: boolean; lost: SentSegment[] } {
    if (ack > this.nxt) return { isNew: false, lost: [] };
    this.limit = Math.max(this.limit, ack + window);
    const isNew = ack > this.una;
    let done = 0;
    for (const segment of this.#flight) {
      if (segment.end > ack) break;
      this.#arrived(segment, now);
      done++;
    }
    if (done > 0) this.#flight.splice(0, done);
    this.una = Math.max(this.una, ack);
    // A probe's answer shows that the peer lives, whatever its window.
    if (isNew || this.una === this.nxt) this.#backoff = 0;
    if (sack.length > 0) this.#selective(sack, now);
    return { isNew, lost: this.#resendLost(now) };
  }

  /** The retransmission timer ran out: the first segment in flight once more; null when none is. */
  timeOut(now: number): SentSegment | null {
    this.#backoff++;
    const segment = this.#flight.find(({ sacked }) => !sacked);
    return segment === undefined ? null : this.#sent(segment, now);
  }

  #sent(segment: SentSegment, now: number): SentSegment {
    segment.order = this.#order++;
    segment.sentAt = now;
    segment.sends++;
    return segment;
  }

  #arrived(segment: SentSegment, now: number): void {
    if (segment.sacked) return;
    segment.sacked = true;
    // Karn: which of two transmissions arrived is not known.
    if (segment.sends === 1) this.measure(now - segment.sentAt);
    if (segment.sends === 1 || now - segment.sentAt >= (this.#srtt ?? 0))
      this.#delivered = Math.max(this.#delivered, segment.order);
  }

  /** Takes a round trip in: of a segment sent once, or of the handshake. */
  measure(rtt: number): void {
    if (this.#srtt === null) {
      this.#srtt = rtt;
      this.#variation = rtt / 2;
    } else {
      this.#variation = 0.75 * this.#variation + 0.25 * Math.abs(this.#srtt - rtt);
      this.#srtt = 0.875 * this.#srtt + 0.125 * rtt;
    }
  }

  #selective(sack: readonly (readonly [number, number])[], now: number): void {
    let range = 0;
    for (const segment of this.#flight) {
      while (range < sack.length && (sack[range]?.[1] ?? 0) < segment.end) range++;
      const first = sack[range]?.[0];
      if (first === undefined) return;
      if (segment.seq >= first) this.#arrived(segment, now);
    }
  }

  #resendLost(now: number): SentSegment[] {
    const isLost = (segment: SentSegment) => !segment.sacked && segment.order + REORDERING <= this.#delivered;
    const lost = this.#flight.filter(isLost);
    for (const segment of lost) this.#sent(segment, now);
    return lost;
  }

  /** Takes up to so many waiting bytes. */
  #gather(length: number): Uint8Array {
    const first = this.#waiting[0];
    if (first === undefined || length === 0) return new Uint8Array(0);
    if (first.length > length) {
      this.#waiting[0] = first.subarray(length);
      this.#waitingBytes -= length;
      return first.subarray(0, length);
    }
    const parts: Uint8Array[] = [];
    let total = 0;
    for (const chunk of this.#waiting) {
      if (total + chunk.length > length) break;
      parts.push(chunk);
      total += chunk.length;
    }
    this.#waiting.splice(0, parts.length);
    this.#waitingBytes -= total;
    return parts.length === 1 ? first : new Uint8Array(Buffer.concat(parts));
  }
}
