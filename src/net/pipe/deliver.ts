/** A message on its way from a session to whoever it is for. */
import type { Effect } from './effects.ts';
import type { Listener } from './pipe-info.ts';

/** @returns when the node's handlers are done with it: the peer's window opens again then */
export async function deliver<P>(
  pipe: P,
  listener: Listener<P>,
  { message, parts }: Extract<Effect, { kind: 'message' }>,
): Promise<void> {
  for (const part of parts) {
    const bytes = Buffer.isBuffer(part) ? part : Buffer.from(part.buffer, part.byteOffset, part.length);
    const done = listener.message(pipe, message, bytes);
    if (done !== undefined) await done;
  }
}
