/**
 * Fresh keys for answers, and what they agree on with the asker's: half of a name server's arithmetic. In a thread of its
 * own where the curve is WebAssembly and there is a processor for it; no key that outlives an answer goes there.
 */
import { startWorker, type WorkerThread } from '../net/index.ts';
import type { Curve } from './curve.ts';

export interface Fresh {
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
  /** 32 bytes: what both ends share. */
  readonly key: Uint8Array;
}

export interface FreshKeys {
  /** @returns null where the asker's key is no point of the curve */
  agree(publicKey: Uint8Array): Promise<Fresh | null>;
  close(): void;
}

const SECRET_KEY_LENGTH = 32;
/** Answers that the thread may owe; beyond that they are worked out here. */
const MAX_OWED = 256;

/** Runs in the thread: point in, fresh public key and shared X out. */
const SOURCE = `
const { parentPort, workerData } = require('node:worker_threads');
const { randomFillSync } = require('node:crypto');
const ready = import(workerData);
parentPort.on('message', async ({ id, point }) => {
  const wasm = await ready;
  const secret = randomFillSync(new Uint8Array(32));
  try {
    const shared = wasm.pointMultiply(point, secret, true);
    const publicKey = wasm.pointFromScalar(secret, true);
    parentPort.postMessage({ id, key: shared.slice(1), publicKey });
  } catch {
    parentPort.postMessage({ id });
  }
  secret.fill(0);
});
`;

export function freshKeysOf(curve: Curve, randomBytes: (length: number) => Uint8Array): FreshKeys {
  const here = new InPlace(curve, randomBytes);
  if (!curve.name.includes('WebAssembly')) return here;
  try {
    return new Threaded(here);
  } catch {
    return here;
  }
}

class InPlace implements FreshKeys {
  readonly #curve: Curve;
  readonly #randomBytes: (length: number) => Uint8Array;

  constructor(curve: Curve, randomBytes: (length: number) => Uint8Array) {
    this.#curve = curve;
    this.#randomBytes = randomBytes;
  }

  agree(point: Uint8Array): Promise<Fresh | null> {
    const secret = this.#randomBytes(SECRET_KEY_LENGTH);
    try {
      const key = this.#curve.agree(secret, point);
      return Promise.resolve({ key, publicKey: this.#curve.publicKeyOf(secret) });
    } catch {
      return Promise.resolve(null);
    }
  }

  close(): void {
    // Nothing is open.
  }
}

class Threaded implements FreshKeys {
  readonly #here: InPlace;
  readonly #owed = new Map<number, { readonly point: Uint8Array; resolve(fresh: Fresh | null): void }>();
  #thread: WorkerThread | null;
  #next = 1;

  constructor(here: InPlace) {
    this.#here = here;
    this.#thread = startWorker({
      source: SOURCE,
      package: 'tiny-secp256k1',
      message: (message) => this.#told(message),
      failed: () => this.#fail(),
    });
  }

  agree(point: Uint8Array): Promise<Fresh | null> {
    const thread = this.#thread;
    if (thread === null || this.#owed.size >= MAX_OWED) return this.#here.agree(point);
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#owed.set(id, { point, resolve });
      thread.post({ id, point: Uint8Array.from(point) });
    });
  }

  close(): void {
    const thread = this.#thread;
    this.#fail();
    void thread?.close();
  }

  #told(message: unknown): void {
    const { id = 0, key, publicKey } = message as Partial<Fresh> & { readonly id?: number };
    const owed = this.#owed.get(id);
    this.#owed.delete(id);
    owed?.resolve(key === undefined || publicKey === undefined ? null : { key, publicKey });
  }

  /** What it owed is worked out here. */
  #fail(): void {
    this.#thread = null;
    for (const { point, resolve } of this.#owed.values()) void this.#here.agree(point).then(resolve);
    this.#owed.clear();
  }
}
