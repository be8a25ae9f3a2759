import { expect, test } from 'vitest';
import type { Identity } from '../../../src/net/identity.ts';
import { encodeFrame, type Frame } from '../../../src/net/pipe/frame.ts';
import { diallerPsk, type Secured, secureAsDialler } from '../../../src/net/pipe/secure.ts';
import { createArena, frame, never, opened } from '../../helpers/arena.ts';
import { freshIdentity, io, until } from '../../helpers/loopback-node.ts';

const arena = createArena();
const PIPE_ID = new Uint8Array(16).fill(5);

/** A right handshake with the server, up to the proofs. */
async function secureAs(identity: Identity): Promise<Secured> {
  const { server } = arena;
  const stream = await io.dialTcp(null, { ip: '127.0.0.1', port: server.node.port }, never);
  const psk = diallerPsk(identity, server.identity.publicKey);
  return secureAsDialler(io, stream, identity, server.identity.publicKey, PIPE_ID, psk, never);
}

/** A peer with a right handshake and a mind of its own: it writes frames as it likes. */
async function rogue() {
  const identity = await freshIdentity();
  const { stream, proof } = await secureAs(identity);
  arena.open.push(stream);
  let received = 0;
  stream.setReader({
    data: (bytes) => {
      received += bytes.length;
    },
    ended: () => undefined,
    closed: () => undefined,
    drained: () => undefined,
  });
  const write = (one: Frame) => void stream.write(encodeFrame(one));
  write(frame({ type: 'proof', payload: proof }));
  write(frame({ type: 'ping' }));
  write(frame({ type: 'pong' }));
  await until(() => opened(arena) > 0);
  return { write, identity, received: () => received };
}

test('hostile: a peer that breaks the rules of frames is closed with the reason', async () => {
  const peer = await rogue();
  peer.write(frame({ type: 'text', sequence: 9 }));
  await until(() => arena.server.events.some((event) => event.event === 'closed'));
  const closed = arena.server.events.find((event) => event.event === 'closed');
  expect(closed).toMatchObject({ reason: 'the peer broke the protocol: frame: number 9 instead of 1' });
});

test('hostile: a peer that asks for bulk again and again is given it once', async () => {
  const peer = await rogue();
  const give = Uint8Array.of(1, 2, 0, 0, 0, 2, 0, 0, 0, 0); // 8 GiB
  for (let i = 1; i <= 2_000; i++) peer.write(frame({ type: 'control', sequence: i, payload: give }));
  await until(() => peer.received() >= 4 * 1024 * 1024);
  const before = process.memoryUsage().arrayBuffers;
  await io.sleepUntil(io.now() + 50);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
});

test('hostile: a second pipe of the same name is refused while the first is open', async () => {
  const first = await rogue();
  await expect(secureAs(first.identity)).rejects.toMatchObject({ alert: 'duplicate' });
  expect(opened(arena)).toBe(1);
});
