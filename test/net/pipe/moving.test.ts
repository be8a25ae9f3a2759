/**
 * Two sessions whose connection is cut and replaced at any point, by either side or both at once, with
 * whatever was under way lost or repeated: the messages of both stay whole, in order, once.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Arrival, Effect, Input, Rest } from '../../../src/net/pipe/effects.ts';
import { decodeJoin, encodeJoin } from '../../../src/net/pipe/join.ts';
import { Session } from '../../../src/net/pipe/session.ts';

const PIPE = 'a'.repeat(26);
const PROOFS = [Buffer.alloc(64, 'a'), Buffer.alloc(64, 'b')] as const;
const SAMPLE = Number(process.env.SAMPLE ?? 10_000);

type Side = 0 | 1;
const other = (side: Side): Side => (side === 0 ? 1 : 0);

/** A connection: bytes on their way to each side, in order. */
interface Line {
  readonly to: [Buffer, Buffer];
  isCut: boolean;
}

/** A connection that is to be joined: a session on each end until one hands it over. */
interface Candidate {
  readonly line: Line;
  readonly sessions: [Session, Session];
  readonly by: Side;
}

class Pair {
  readonly sessions: [Session, Session];
  lines: [Line, Line];
  candidates: Candidate[] = [];
  readonly got: [string[], string[]] = [[], []];
  readonly sent: [string[], string[]] = [[], []];
  /** Messages that are not dealt with yet. */
  readonly unsettled: [number[], number[]] = [[], []];
  now = 0;

  constructor() {
    this.sessions = [session(0), session(1)];
    const line: Line = { to: [Buffer.alloc(0), Buffer.alloc(0)], isCut: false };
    this.lines = [line, line];
    for (const side of [0, 1] as const) this.input(side, { kind: 'start' });
    this.deliverAll();
  }

  input(side: Side, input: Input): void {
    for (const effect of this.sessions[side].step(input, this.now)) this.#perform(side, effect);
  }

  send(side: Side, length: number): void {
    const text = `${this.sent[side].length}:`.padEnd(length, 'x');
    this.sent[side].push(text);
    this.input(side, { kind: 'send', message: 'text', bytes: Buffer.from(text), id: this.sent[side].length });
  }

  /** Bytes to one side, at most so many. */
  deliver(side: Side, bytes: number): void {
    const line = this.lines[side];
    this.#carry(line, side, bytes, (data) => this.input(side, { kind: 'data', bytes: data }));
    for (const candidate of [...this.candidates])
      this.#carry(candidate.line, side, bytes, (data) => this.#feed(candidate, side, data));
  }

  settle(side: Side): void {
    const sequence = this.unsettled[side].shift();
    if (sequence !== undefined) this.input(side, { kind: 'settled', sequence });
  }

  /** A new connection, which this side wants to join. */
  join(by: Side): void {
    if (this.candidates.some((candidate) => candidate.by === by)) return;
    const line: Line = { to: [Buffer.alloc(0), Buffer.alloc(0)], isCut: false };
    const join = encodeJoin({ pipe: PIPE, received: this.sessions[by].received });
    const sessions: [Session, Session] =
      by === 0 ? [session(0, join), session(1)] : [session(0), session(1, join)];
    const candidate = { line, sessions, by };
    this.candidates.push(candidate);
    for (const side of [0, 1] as const)
      this.#note(candidate, side, sessions[side].step({ kind: 'start' }, this.now));
  }

  /** The path of the pipe, or a connection that is to become it, dies with all that is under way. */
  cut(which: number): void {
    const lines = [...new Set([...this.lines, ...this.candidates.map(({ line }) => line)])];
    const line = lines[which % lines.length];
    if (line === undefined) return;
    line.isCut = true;
    line.to[0] = line.to[1] = Buffer.alloc(0);
    this.candidates = this.candidates.filter((candidate) => candidate.line !== line);
    for (const side of [0, 1] as const)
      if (this.lines[side] === line) this.input(side, { kind: 'lost', reason: 'cut' });
  }

  deliverAll(): void {
    for (let i = 0; i < 400; i++) {
      for (const side of [0, 1] as const) {
        this.deliver(side, 1 << 20);
        while (this.unsettled[side].length > 0) this.settle(side);
        if (this.sessions[side].blocked) this.input(side, { kind: 'drained' });
      }
      if (this.#isQuiet()) return;
    }
    throw new Error('the two never come to rest');
  }

  #isQuiet(): boolean {
    // Nobody reads any more what is on a line that was left.
    const isRead = ([0, 1] as const).every((side) => this.lines[side].to[side].length === 0);
    return (
      isRead &&
      this.candidates.every(({ line: { to } }) => to[0].length + to[1].length === 0) &&
      !this.sessions.some(({ blocked }) => blocked)
    );
  }

  #carry(line: Line, side: Side, bytes: number, take: (data: Buffer) => void): void {
    const data = line.to[side].subarray(0, bytes);
    line.to[side] = line.to[side].subarray(data.length);
    if (data.length > 0) take(Buffer.from(data));
  }

  #feed(candidate: Candidate, side: Side, bytes: Buffer): void {
    if (!this.candidates.includes(candidate)) return;
    this.#note(candidate, side, candidate.sessions[side].step({ kind: 'data', bytes }, this.now));
  }

  #note(candidate: Candidate, side: Side, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'write') write(candidate.line, other(side), effect.chunks);
      else if (effect.kind === 'join') this.#joined(candidate, side, effect.payload, effect.rest);
    }
  }

  /** What `NodePipes` and `joinPipe` do: side 0 has asked for the pipe. */
  #joined(candidate: Candidate, side: Side, payload: Uint8Array, rest: Rest): void {
    const received = decodeJoin(payload)?.received ?? 0;
    const isAnswer = candidate.by === side;
    const own = this.candidates.find(({ by }) => by === side);
    if (!isAnswer && own !== undefined) {
      if (side === 0) {
        this.candidates = this.candidates.filter((one) => one !== candidate);
        return;
      }
      this.candidates = this.candidates.filter((one) => one !== own);
    }
    const arrival: Arrival = { received, rest };
    const reply = isAnswer ? null : encodeJoin({ pipe: PIPE, received: this.sessions[side].received });
    const former = this.lines[side];
    this.lines[side] = candidate.line;
    if (isAnswer) {
      this.candidates = this.candidates.filter((one) => one !== candidate);
      // Dropped: the other side has left it already, or meets it as a loss.
      former.isCut = true;
      if (this.lines[other(side)] === former) this.input(other(side), { kind: 'lost', reason: 'dropped' });
    }
    this.input(side, { kind: 'moved', arrival, reply });
  }

  #perform(side: Side, effect: Effect): void {
    if (effect.kind === 'write') write(this.lines[side], other(side), effect.chunks);
    else if (effect.kind === 'message') {
      this.got[side].push(Buffer.concat(effect.parts).toString());
      this.unsettled[side].push(effect.sequence);
    } else if (effect.kind === 'closed') throw new Error(`${side} closed: ${effect.reason}`);
  }
}

function write(line: Line, to: Side, chunks: readonly Uint8Array[]): void {
  if (!line.isCut) line.to[to] = Buffer.concat([line.to[to], ...chunks]);
}

function session(side: Side, join?: Uint8Array): Session {
  const options = {
    proof: PROOFS[side],
    verify: (proof: Uint8Array) => Buffer.compare(proof, PROOFS[other(side)]) === 0,
  };
  return new Session(join === undefined ? options : { ...options, join }, 0);
}

interface Step {
  readonly kind: 'send' | 'deliver' | 'settle' | 'join' | 'cut';
  readonly side: Side;
  readonly size: number;
}

const side = fc.constantFrom<Side>(0, 1);
const action: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      side,
      size: fc.integer({ min: 1, max: 200_000 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      side,
      size: fc.integer({ min: 1, max: 100_000 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle' as const), side, size: fc.constant(0) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('join' as const), side, size: fc.constant(0) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('cut' as const), side, size: fc.integer({ min: 0, max: 3 }) }),
  },
);

function act(pair: Pair, { kind, side, size }: Step): void {
  switch (kind) {
    case 'send':
      pair.send(side, size);
      break;
    case 'deliver':
      pair.deliver(side, size);
      break;
    case 'settle':
      pair.settle(side);
      break;
    case 'join':
      pair.join(side);
      break;
    case 'cut':
      pair.cut(size);
      break;
  }
}

test(`moving: ${SAMPLE} stories of cuts, joins of either side and both, messages both ways`, {
  timeout: 600_000,
}, () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 1, maxLength: 60 }), (story) => {
      const pair = new Pair();
      for (const step of story) act(pair, step);
      // In the end each loss is noticed and one of the two finds a path.
      pair.deliverAll();
      if (pair.lines[0] !== pair.lines[1] || pair.lines[0].isCut) {
        pair.candidates = [];
        pair.join(0);
        pair.deliverAll();
      }
      expect(pair.got[1]).toEqual(pair.sent[0]);
      expect(pair.got[0]).toEqual(pair.sent[1]);
    }),
    { numRuns: SAMPLE },
  );
});
