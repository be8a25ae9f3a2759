/** What tests do with byte streams: collect, and wait for what happens. */
import { setMaxListeners } from 'node:events';
import type { ByteStream, StreamReader } from '../../src/net/io/io.ts';

export interface Collected {
  /** What happened, in order: `data 5`, `ended`, `closed`, `closed ECONNRESET`, `drained`. */
  readonly events: string[];
  readonly bytes: () => Uint8Array;
  readonly text: () => string;
  readonly ended: Promise<void>;
  /** The error's code or message, null after a clean close. */
  readonly closed: Promise<string | null>;
  readonly drained: () => Promise<void>;
}

/** Reads a stream to its end, whatever comes. */
export function collect(stream: ByteStream): Collected {
  const events: string[] = [];
  const chunks: Uint8Array[] = [];
  const waiting: (() => void)[] = [];
  let onEnded: () => void = () => undefined;
  let onClosed: (reason: string | null) => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    onEnded = resolve;
  });
  const closed = new Promise<string | null>((resolve) => {
    onClosed = resolve;
  });
  const reader: StreamReader = {
    data(bytes) {
      events.push(`data ${bytes.length}`);
      chunks.push(bytes);
    },
    ended() {
      events.push('ended');
      onEnded();
    },
    closed(error) {
      const reason = error === null ? null : codeOf(error);
      events.push(reason === null ? 'closed' : `closed ${reason}`);
      onClosed(reason);
    },
    drained() {
      events.push('drained');
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
  stream.setReader(reader);
  const bytes = () => new Uint8Array(Buffer.concat(chunks));
  return {
    events,
    bytes,
    text: () => Buffer.from(bytes()).toString(),
    ended,
    closed,
    drained: () => new Promise((resolve) => waiting.push(resolve)),
  };
}

export function codeOf(error: unknown): string {
  if (error instanceof Error) return 'code' in error ? String(error.code) : error.message;
  return String(error);
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A signal that never aborts, for as many as like to listen. */
export const never: AbortSignal = new AbortController().signal;
setMaxListeners(0, never);
