/** A thread of its own for work that would hold up everything else. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

export interface WorkerThread {
  post(message: unknown): void;
  /** @returns when it has ended */
  close(): Promise<unknown>;
}

export interface WorkerTask {
  /** CommonJS; `workerData` holds the URL of the package, or the data. */
  readonly source: string;
  /** The package that it works with. */
  readonly package?: string;
  readonly data?: unknown;
  readonly message: (message: unknown) => void;
  /** It is gone, and will not come back. */
  readonly failed: () => void;
}

/** @returns null where there is only one processor: nothing would be won. @throws where the package is missing */
export function startWorker({
  source,
  package: name,
  data,
  message,
  failed,
}: WorkerTask): WorkerThread | null {
  if (availableParallelism() < 2) return null;
  const workerData = name === undefined ? data : urlOf(name);
  const worker = new Worker(source, { eval: true, workerData });
  // It keeps no program alive.
  worker.unref();
  worker.on('message', message);
  worker.once('error', failed);
  worker.once('exit', failed);
  return {
    post: (value) => worker.postMessage(value),
    close: () => {
      worker.removeListener('exit', failed);
      return worker.terminate();
    },
  };
}

function urlOf(name: string): string {
  return new URL(`file://${createRequire(import.meta.url).resolve(name)}`).href;
}
