/**
 * A peer with a right handshake and a mind of its own: once it is proven it writes frames as it likes.
 */
import type { Identity } from '../../src/net/identity.ts';
import type { StreamReader } from '../../src/net/io/io.ts';
import { encodeFrame, type Frame } from '../../src/net/pipe/frame.ts';
import { diallerPsk, type Secured, secureAsDialler } from '../../src/net/pipe/secure.ts';
import { type Arena, frame, never, opened } from './arena.ts';
import { freshIdentity, io, until } from './loopback-node.ts';

export const PIPE_ID = new Uint8Array(16).fill(5);

export interface Rogue {
  readonly identity: Identity;
  readonly secured: Secured;
  write(...frames: readonly Frame[]): void;
  /** Bytes that it has read. */
  received(): number;
}

/** A right handshake with the server, up to the proofs. */
export async function secureAs(arena: Arena, identity: Identity): Promise<Secured> {
  const { server } = arena;
  const stream = await io.dialTcp(null, { ip: '127.0.0.1', port: server.node.port }, never);
  const psk = diallerPsk(identity, server.identity.publicKey);
  const secured = await secureAsDialler(io, stream, identity, server.identity.publicKey, PIPE_ID, psk, never);
  arena.open.push(secured.stream);
  return secured;
}

/** Opens a pipe. @param reads whether it ever reads what it is sent */
export async function startRogue(arena: Arena, reads = true): Promise<Rogue> {
  const identity = await freshIdentity();
  const secured = await secureAs(arena, identity);
  const rogue = rogueOf(identity, secured, reads);
  const before = opened(arena);
  rogue.write(
    frame({ type: 'proof', payload: secured.proof }),
    frame({ type: 'ping' }),
    frame({ type: 'pong' }),
  );
  await until(() => opened(arena) > before);
  return rogue;
}

export function rogueOf(identity: Identity, secured: Secured, reads: boolean): Rogue {
  let received = 0;
  const reader: StreamReader = {
    data: (bytes) => {
      received += bytes.length;
    },
    ended: () => undefined,
    closed: () => undefined,
    drained: () => undefined,
  };
  secured.stream.setReader(reader);
  if (!reads) secured.stream.setReader(null);
  return {
    identity,
    secured,
    write: (...frames) => void secured.stream.write(frames.flatMap(encodeFrame)),
    received: () => received,
  };
}
