/** Asks the router one question over UDP, again and again until it answers (RFC 6886 §3.1, sooner than RFC 6887 §8.1.1). Effects through Io. */
import { deferred } from '../deferred.ts';
import type { Io } from '../io/io.ts';
import { DecodeError } from '../wire/decode-error.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { withoutScope } from '../wire/ip.ts';

/** ms between one try and the next. */
const TRIES = [250, 500, 1_000] as const;

export interface RouterQuestion<T> {
  readonly io: Io;
  /** Own address, which the answer is for. */
  readonly local: string;
  readonly to: Endpoint;
  readonly request: Uint8Array;
  /** null, or a DecodeError: not the answer. */
  readonly decode: (bytes: Uint8Array) => T | null;
  readonly signal: AbortSignal;
}

/** @throws Error in words: no answer, or what the system says; the signal's reason */
export async function askRouter<T>(question: RouterQuestion<T>): Promise<T> {
  const { io, local, to, request, decode, signal } = question;
  const answer = deferred<T>();
  answer.promise.catch(() => undefined);
  const done = new AbortController();
  const stop = AbortSignal.any([signal, done.signal]);
  const socket = await io.openUdp(
    { ip: local, port: 0 },
    {
      datagram: (bytes, from) => {
        // Only the router itself is believed.
        if (withoutScope(from.ip) !== withoutScope(to.ip)) return;
        const found = decodeOrNull(decode, bytes);
        if (found !== null) answer.resolve(found);
      },
      failed: () => answer.reject(new Error('refused')),
    },
  );
  const trying = (async () => {
    for (const pause of TRIES) {
      if (stop.aborted) return;
      socket.send(request, to);
      await io.sleepUntil(io.now() + pause, stop);
    }
    answer.reject(new Error('no answer'));
  })();
  try {
    await Promise.race([answer.promise, trying]);
    signal.throwIfAborted();
    return await answer.promise;
  } finally {
    done.abort();
    await trying;
    socket.close();
  }
}

function decodeOrNull<T>(decode: (bytes: Uint8Array) => T | null, bytes: Uint8Array): T | null {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
