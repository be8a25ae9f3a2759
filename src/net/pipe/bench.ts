/**
 * Throughput of a pipe, both ways, one after the other (docs/wire.md, "Control messages"). Every
 * node answers; the asking side measures until the other has dealt with the last byte.
 */
import { type Deferred, deferred } from '../deferred.ts';
import { P2pdError } from '../errors.ts';
import type { Io } from '../io/io.ts';
import { MAX_FRAME_PAYLOAD } from '../timing.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';
import type { Pipe } from './pipe.ts';

export interface BenchResult {
  readonly bytes: number;
  /** 10⁶ bits a second. */
  readonly sendMbps: number;
  readonly receiveMbps: number;
  /** ms */
  readonly rtt: number;
}

type Operation = 'take' | 'taken' | 'give';

interface BenchMessage {
  readonly operation: Operation;
  readonly bytes: number;
}

/** A peer may not make us send more than this on its word: 16 GiB. */
export const MAX_BENCH = 2 ** 34;
/** Which built-in protocol a control message belongs to; others may come. */
const PROTOCOL_BENCH = 1;
const OPERATIONS: readonly Operation[] = ['take', 'taken', 'give'];
/** One frame: nothing has to be put together on the other side. */
const CHUNK = MAX_FRAME_PAYLOAD;

export function encodeBench(message: BenchMessage): Uint8Array {
  return new Writer(10)
    .u8(PROTOCOL_BENCH)
    .u8(OPERATIONS.indexOf(message.operation))
    .u32(Math.floor(message.bytes / 2 ** 32))
    .u32(message.bytes % 2 ** 32)
    .finish();
}

/**
 * @returns null for another protocol's message
 * @throws DecodeError
 */
export function decodeBench(bytes: Uint8Array): BenchMessage | null {
  const reader = new Reader(bytes);
  if (reader.u8('protocol') !== PROTOCOL_BENCH) return null;
  const operation = OPERATIONS[reader.u8('operation')];
  if (operation === undefined) throw new DecodeError('operation', 'is unknown');
  const count = reader.u32('bytes') * 2 ** 32 + reader.u32('bytes');
  reader.end('bench');
  if (count > MAX_BENCH) throw new DecodeError('bytes', `${count}, at most ${MAX_BENCH} are allowed`);
  return { operation, bytes: count };
}

/** What we asked for on a pipe. */
interface Run {
  /** Bulk bytes still to come. */
  missing: number;
  /** Told when they have come. */
  readonly arrived: Deferred<void>;
  /** Told when the peer has taken ours. */
  readonly taken: Deferred<void>;
}

export class Bench {
  readonly #io: Io;
  readonly #runs = new WeakMap<Pipe, Run>();
  /** Bulk bytes still to come of what the peer sends to measure; it is told when they have. */
  readonly #taking = new WeakMap<Pipe, number>();
  /** Pipes that we are sending to because the peer asked: one such wish at a time. */
  readonly #giving = new WeakSet<Pipe>();

  constructor(io: Io) {
    this.#io = io;
  }

  /**
   * Sends `bytes`, then has as many sent.
   *
   * @throws P2pdError PIPE_CLOSED, USAGE for a size out of range, BUSY while another one runs on the pipe
   */
  async run(pipe: Pipe, bytes: number): Promise<BenchResult> {
    if (!Number.isInteger(bytes) || bytes < 1 || bytes > MAX_BENCH) {
      throw new P2pdError('USAGE', `a bench moves 1 to ${MAX_BENCH} bytes, not ${bytes}`);
    }
    if (this.#runs.has(pipe)) {
      throw new P2pdError('BUSY', 'a bench is under way on this pipe', { hint: 'wait until it is done' });
    }
    const run: Run = { missing: bytes, arrived: deferred(), taken: deferred() };
    this.#runs.set(pipe, run);
    try {
      const sendStart = this.#io.now();
      await pipe.sendKind('control', encodeBench({ operation: 'take', bytes }));
      await sendBulk(pipe, bytes);
      await unlessClosed(pipe, run.taken);
      const receiveStart = this.#io.now();
      await pipe.sendKind('control', encodeBench({ operation: 'give', bytes }));
      await unlessClosed(pipe, run.arrived);
      const end = this.#io.now();
      return {
        bytes,
        sendMbps: megabits(bytes, receiveStart - sendStart),
        receiveMbps: megabits(bytes, end - receiveStart),
        rtt: Math.round((pipe.rtt ?? 0) * 100) / 100,
      };
    } finally {
      this.#runs.delete(pipe);
    }
  }

  /** A control or bulk message came in. What makes no sense is ignored: it is no fault of the pipe. */
  take(pipe: Pipe, kind: 'control' | 'bulk', bytes: Uint8Array): void | Promise<void> {
    if (kind === 'bulk') return this.#count(pipe, bytes.length);
    const message = decodeOrNull(bytes);
    if (message?.operation === 'taken') this.#runs.get(pipe)?.taken.resolve();
    else if (message?.operation === 'take' && !this.#taking.has(pipe)) {
      this.#taking.set(pipe, message.bytes);
      return this.#count(pipe, 0);
    } else if (message?.operation === 'give') void this.#give(pipe, message.bytes);
  }

  async #give(pipe: Pipe, bytes: number): Promise<void> {
    if (this.#giving.has(pipe)) return;
    this.#giving.add(pipe);
    await sendBulk(pipe, bytes).catch(() => undefined);
    this.#giving.delete(pipe);
  }

  /**
   * Where both sides measure at once, bulk says not whose it is: the peer's is filled first, the sum is right.
   *
   * @returns when our answer is on its way, if one is due: a peer that takes none may not go on asking
   */
  #count(pipe: Pipe, length: number): void | Promise<void> {
    const missing = this.#taking.get(pipe);
    if (missing === undefined) {
      this.#arrived(pipe, length);
      return;
    }
    this.#taking.set(pipe, missing - length);
    if (missing > length) return;
    this.#taking.delete(pipe);
    this.#arrived(pipe, length - missing);
    return pipe.sendKind('control', encodeBench({ operation: 'taken', bytes: 0 })).catch(() => undefined);
  }

  #arrived(pipe: Pipe, length: number): void {
    const run = this.#runs.get(pipe);
    if (run === undefined) return;
    run.missing -= length;
    if (run.missing <= 0) run.arrived.resolve();
  }
}

async function sendBulk(pipe: Pipe, bytes: number): Promise<void> {
  const chunk = new Uint8Array(Math.min(CHUNK, bytes));
  for (let left = bytes; left > 0; left -= chunk.length) {
    await pipe.sendKind('bulk', left < chunk.length ? chunk.subarray(0, left) : chunk);
  }
}

async function unlessClosed(pipe: Pipe, wait: Deferred<void>): Promise<void> {
  const reason = await Promise.race([wait.promise, pipe.closed]);
  if (reason !== undefined) throw new P2pdError('PIPE_CLOSED', `the pipe closed during the bench: ${reason}`);
}

function decodeOrNull(bytes: Uint8Array): BenchMessage | null {
  try {
    return decodeBench(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

function megabits(bytes: number, ms: number): number {
  return Math.round((bytes * 8) / 10 / Math.max(ms, 0.001)) / 100;
}
