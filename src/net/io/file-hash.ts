/**
 * SHA-256 of a file that grows, or of one that is being sent: read again from the system's memory, in a thread of its own
 * where the file is large, so that hashing holds up neither the network nor the disk.
 */
import { createHash } from 'node:crypto';
import type { RunningHash } from './transfer-types.ts';
import { startWorker, type WorkerThread } from './worker.ts';

/** Bytes of a file from which on a thread pays: it takes 30 ms to start. */
const LARGE = 32 * 1024 * 1024;
/** Bytes read at once: what the processor's caches hold. */
const CHUNK = 256 * 1024;
/** Bytes that the thread is told of at once. */
const STEP = 2 * 1024 * 1024;

const UNWANTED = 'the hash is not wanted any longer';

const SOURCE = `
const { parentPort, workerData } = require('node:worker_threads');
const { readSync } = require('node:fs');
const hash = require('node:crypto').createHash('sha256');
const chunk = Buffer.allocUnsafeSlow(${CHUNK});
let at = 0;
parentPort.on('message', ({ end, asks }) => {
  try {
    while (at < end) {
      const length = readSync(workerData, chunk, 0, Math.min(chunk.length, end - at), at);
      if (length === 0) throw new Error('the file has become shorter');
      hash.update(chunk.subarray(0, length));
      at += length;
    }
    if (asks) parentPort.postMessage({ digest: hash.copy().digest() });
  } catch (error) {
    parentPort.postMessage({ reason: error.message });
  }
});`;

/** @param fd open for reading until the hash is closed */
export function startHash(
  read: (from: number, length: number) => Promise<Uint8Array>,
  size: number,
  fd: number,
): RunningHash {
  return (size < LARGE ? null : HashInThread.start(fd)) ?? new HashInPlace(read);
}

/** Beside everything else in this thread. */
export class HashInPlace implements RunningHash {
  readonly #read: (from: number, length: number) => Promise<Uint8Array>;
  readonly #hash = createHash('sha256');
  #at = 0;
  #end = 0;
  #running: Promise<void> | null = null;
  #isClosed = false;

  constructor(read: (from: number, length: number) => Promise<Uint8Array>) {
    this.#read = read;
  }

  upTo(end: number): void {
    this.#end = end;
    // What is wrong is told by the digest.
    this.#running ??= this.#run();
    this.#running.catch(() => undefined);
  }

  async digest(end: number): Promise<Uint8Array> {
    this.upTo(end);
    await this.#running;
    if (this.#isClosed) throw new Error(UNWANTED);
    return new Uint8Array(this.#hash.copy().digest());
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#end = 0;
    return (this.#running ?? Promise.resolve()).catch(() => undefined);
  }

  async #run(): Promise<void> {
    while (this.#at < this.#end) {
      const bytes = await this.#read(this.#at, Math.min(CHUNK, this.#end - this.#at));
      if (bytes.length === 0) throw new Error('the file has become shorter');
      this.#hash.update(bytes);
      this.#at += bytes.length;
    }
    this.#running = null;
  }
}

class HashInThread implements RunningHash {
  readonly #thread: WorkerThread | null;
  #told = 0;
  #failure: Error | null = null;
  #asked: { resolve(digest: Uint8Array): void; reject(error: Error): void } | null = null;

  private constructor(fd: number) {
    this.#thread = startWorker({
      source: SOURCE,
      data: fd,
      message: (message) => this.#answer(message),
      failed: () => this.#fail(new Error('the thread that hashes has ended')),
    });
  }

  /** @returns null where there is only one processor */
  static start(fd: number): HashInThread | null {
    const hash = new HashInThread(fd);
    return hash.#thread === null ? null : hash;
  }

  upTo(end: number): void {
    if (end - this.#told < STEP) return;
    this.#told = end;
    this.#thread?.post({ end, asks: false });
  }

  digest(end: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject };
      if (this.#failure !== null) reject(this.#failure);
      else this.#thread?.post({ end, asks: true });
    });
  }

  async close(): Promise<void> {
    await this.#thread?.close();
    this.#fail(new Error(UNWANTED));
  }

  #answer(message: unknown): void {
    const { digest, reason } = message as { readonly digest?: Uint8Array; readonly reason?: string };
    if (digest === undefined) this.#fail(new Error(reason));
    else this.#asked?.resolve(new Uint8Array(digest));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#asked?.reject(this.#failure);
  }
}
