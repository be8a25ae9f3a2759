/** A message on its way from a session to whoever it is for. */
import type { Effect } from './effects.ts';
import type { Listener } from './pipe-info.ts';

/** @returns when the node's handlers are done with it: the peer's window opens again then */
export async function deliver<P>(
  pipe: P,
  listener: Listener<P>,
  { message, parts }: Extract<Effect, { kind: 'message' }>,
): Promise<void> {
  // All at once: what comes after this message must not overtake its parts.
  const waits = parts.map((part) => {
    const bytes = Buffer.isBuffer(part) ? part : Buffer.from(part.buffer, part.byteOffset, part.length);
    return listener.message(pipe, message, bytes);
  });
  for (const wait of waits) if (wait !== undefined) await wait;
}
