/**
 * The receiving half of a TCP connection: puts segments in order. Pure.
 */

interface Piece {
  readonly seq: number;
  readonly data: Uint8Array;
  readonly fin: boolean;
}

export class ReceiveQueue {
  /** The next sequence number expected. */
  nxt: number;
  /** Whether the peer's FIN was reached: nothing follows. */
  finished = false;
  /** What came too early, by sequence number. */
  readonly #later: Piece[] = [];

  constructor(seq: number) {
    this.nxt = seq;
  }

  /** Takes a segment in; returns the bytes that are in order now. */
  accept(seq: number, data: Uint8Array, fin: boolean): Uint8Array[] {
    if (data.length === 0 && !fin) return [];
    if (seq > this.nxt) {
      this.#keep({ seq, data, fin });
      return [];
    }
    const ready: Uint8Array[] = [];
    this.#append({ seq, data, fin }, ready);
    for (;;) {
      const first = this.#later[0];
      if (first === undefined || first.seq > this.nxt) return ready;
      this.#later.shift();
      this.#append(first, ready);
    }
  }

  /** What was received out of order, lowest first, joined where it touches. */
  sack(): [number, number][] {
    const ranges: [number, number][] = [];
    for (const { seq, data, fin } of this.#later) {
      const end = seq + data.length + (fin ? 1 : 0);
      const last = ranges.at(-1);
      if (last !== undefined && last[1] >= seq) last[1] = Math.max(last[1], end);
      else ranges.push([seq, end]);
    }
    return ranges;
  }

  #append({ seq, data, fin }: Piece, ready: Uint8Array[]): void {
    if (this.finished) return;
    const fresh = data.subarray(this.nxt - seq);
    if (seq + data.length < this.nxt) return;
    if (fresh.length > 0) ready.push(fresh);
    this.nxt += fresh.length;
    if (!fin) return;
    this.finished = true;
    this.nxt++;
  }

  #keep(piece: Piece): void {
    let index = this.#later.length;
    while (index > 0 && (this.#later[index - 1]?.seq ?? 0) > piece.seq) index--;
    if (this.#later[index - 1]?.seq !== piece.seq) this.#later.splice(index, 0, piece);
  }
}
