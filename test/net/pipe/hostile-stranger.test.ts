import { connect as tlsConnect } from 'node:tls';
import { expect, test } from 'vitest';
import type { Identity } from '../../../src/net/identity.ts';
import { encodeFrame } from '../../../src/net/pipe/frame.ts';
import { encodePreamble } from '../../../src/net/pipe/preamble.ts';
import { diallerPsk, readPreamble, secureAsAnswerer, secureAsDialler } from '../../../src/net/pipe/secure.ts';
import { HANDSHAKE_TIMEOUT, MAX_HANDSHAKES, MAX_HANDSHAKES_PER_ADDRESS } from '../../../src/net/timing.ts';
import { encodeAlert } from '../../../src/net/wire/alert.ts';
import {
  addressAt,
  createArena,
  frame,
  impostor,
  never,
  opened,
  refusals,
  stranger,
} from '../../helpers/arena.ts';
import { freshIdentity, io, startLoopbackNode, until } from '../../helpers/loopback-node.ts';

const arena = createArena();
const PIPE_ID = new Uint8Array(16).fill(5);
const PREAMBLE_LENGTH = 56;

const preambleOf = (identity: Identity) =>
  encodePreamble({ role: 'dialler', publicKey: identity.publicKey, pipeId: PIPE_ID });

test('hostile: strangers who say nothing, or a byte a second, are gone within 5 s', async () => {
  const silent = stranger(arena);
  const slow = stranger(arena);
  const bytes = preambleOf(arena.friend.identity);
  let at = 0;
  const timer = setInterval(() => slow.socket.write(bytes.subarray(at, ++at)), 1_000);
  const times = await Promise.all([silent.closed, slow.closed]);
  clearInterval(timer);
  for (const time of times) {
    expect(time).toBeGreaterThan(HANDSHAKE_TIMEOUT - 100);
    expect(time).toBeLessThan(5_000);
  }
  await until(() => refusals(arena).length === 2);
  expect(refusals(arena)).toEqual(['no handshake within 4.5 s', 'no handshake within 4.5 s']);
});

test('hostile: other protocols are closed at their first bytes', async () => {
  const http = stranger(arena);
  http.socket.write('GET / HTTP/1.1\r\n\r\n');
  const tls = tlsConnect({ port: arena.server.node.port, host: '127.0.0.1', rejectUnauthorized: false });
  tls.on('error', () => undefined);
  arena.open.push(tls);
  expect(await http.closed).toBeLessThan(1_000);
  await until(() => refusals(arena).length === 2);
  expect(refusals(arena).every((reason) => reason.includes('does not begin with p2pd'))).toBe(true);
});

test("hostile: a caller with somebody else's public key gets nowhere", async () => {
  const claims: Identity = { ...(await freshIdentity()), publicKey: arena.friend.identity.publicKey };
  const stream = await io.dialTcp(null, { ip: '127.0.0.1', port: arena.server.node.port }, never);
  const psk = diallerPsk(claims, arena.server.identity.publicKey);
  await expect(
    secureAsDialler(io, stream, claims, arena.server.identity.publicKey, PIPE_ID, psk, never),
  ).rejects.toThrow();
  await until(() => refusals(arena).length === 1);
  expect(opened(arena)).toBe(0);
});

test("hostile: whoever stole the server's own key cannot pretend to be the friend to it", async () => {
  // With the server's secret the key of TLS can be worked out; the friend's signature cannot.
  const thief: Identity = {
    ...(await freshIdentity()),
    publicKey: arena.friend.identity.publicKey,
    sharedSecret: () => arena.server.identity.sharedSecret(arena.friend.identity.publicKey),
  };
  const stream = await io.dialTcp(null, { ip: '127.0.0.1', port: arena.server.node.port }, never);
  const psk = diallerPsk(thief, arena.server.identity.publicKey);
  const secured = await secureAsDialler(
    io,
    stream,
    thief,
    arena.server.identity.publicKey,
    PIPE_ID,
    psk,
    never,
  );
  arena.open.push(secured.stream);
  secured.stream.write(encodeFrame(frame({ type: 'proof', payload: secured.proof })));
  await until(() => refusals(arena).length === 1);
  expect(refusals(arena)[0]).toContain("is not the peer's");
  expect(opened(arena)).toBe(0);
});

test('hostile: one of the own key, one not allowed and one of another version are turned away', async () => {
  const own = stranger(arena);
  own.socket.write(preambleOf(arena.server.identity));
  await own.closed;
  const other = stranger(arena);
  const answer: Buffer[] = [];
  other.socket.on('data', (chunk) => answer.push(chunk));
  other.socket.write(preambleOf(arena.friend.identity).map((byte, i) => (i === 4 ? 9 : byte)));
  await until(() => Buffer.concat(answer).length === 7);
  expect(Buffer.concat(answer)).toEqual(Buffer.from(encodeAlert('other-version')));
  other.socket.end();
  await until(() => refusals(arena).length === 2);
  expect(refusals(arena).sort()).toEqual(['it has our own key', 'it speaks version 9 of the protocol']);
  const strict = await startLoopbackNode({ allow: [arena.server.node.nodeId] });
  await expect(arena.friend.node.connect(strict.node.address)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  await strict.node.stop();
});

test('hostile: a server of another version, a silent one and one of another key are told apart', async () => {
  const answers = [
    Buffer.from(encodeAlert('other-version')),
    Buffer.from(encodeAlert('busy')),
    Buffer.from('HTTP/1.1 400\r\n\r\n'),
  ];
  const codes: unknown[] = [];
  for (const answer of answers) {
    const port = await impostor(arena, (socket) => {
      socket.once('data', () => socket.end(answer));
    });
    const error = await arena.friend.node
      .connect(addressAt(arena, arena.server.identity, port))
      .catch((reason: unknown) => reason);
    codes.push(error instanceof Error && 'code' in error ? error.code : error);
  }
  expect(codes).toEqual(['WRONG_PROTOCOL', 'BUSY', 'NO_PATH']);
  const elsewhere = addressAt(arena, await freshIdentity(), arena.server.node.port);
  await expect(arena.friend.node.connect(elsewhere)).rejects.toMatchObject({ code: 'NO_PATH' });
});

test('hostile: hundreds of silent strangers from one address leave room for others', async () => {
  const strangers = Array.from({ length: 500 }, () => stranger(arena, '127.0.0.2'));
  await until(() => refusals(arena).length === 500 - MAX_HANDSHAKES_PER_ADDRESS);
  expect(refusals(arena).every((reason) => reason === 'too many handshakes under way')).toBe(true);
  const pipe = await arena.friend.node.connect(arena.server.node.address);
  expect(pipe.peer).toBe(arena.server.node.nodeId);
  for (const { socket } of strangers) socket.destroy();
});

test('hostile: whoever has no place among the handshakes is told that the node is busy', async () => {
  const strangers = Array.from({ length: MAX_HANDSHAKES_PER_ADDRESS }, () => stranger(arena));
  await until(() => strangers.every(({ socket }) => !socket.connecting));
  await expect(arena.friend.node.connect(arena.server.node.address)).rejects.toMatchObject({ code: 'BUSY' });
  for (const { socket } of strangers) socket.destroy();
  await until(() => refusals(arena).length === 1 + strangers.length);
});

test('hostile: strangers from many addresses get no more places than there are', async () => {
  const addresses = Array.from({ length: 12 }, (_, i) => `127.0.1.${i + 1}`);
  const strangers = addresses.flatMap((ip) => Array.from({ length: 30 }, () => stranger(arena, ip)));
  await until(() => refusals(arena).length === strangers.length - MAX_HANDSHAKES);
  expect(refusals(arena).every((reason) => reason === 'too many handshakes under way')).toBe(true);
  for (const { socket } of strangers) socket.destroy();
  await until(() => refusals(arena).length === strangers.length);
});

test('hostile: a caller with a right preamble and no key, offering TLS of its own, gets nowhere', async () => {
  const { socket } = stranger(arena);
  socket.write(preambleOf(await freshIdentity()));
  const tls = tlsConnect({ socket, rejectUnauthorized: false, minVersion: 'TLSv1.3' });
  arena.open.push(tls);
  const error = await new Promise<Error>((resolve) => tls.once('error', resolve));
  expect(error.message).toMatch(/alert|disconnected/);
  await until(() => refusals(arena).length === 1);
  expect(opened(arena)).toBe(0);
});

test("hostile: whoever stole the caller's own key cannot pretend to be the server to it", async () => {
  // With the caller's secret the key of TLS can be worked out; the server's signature cannot.
  const thief: Identity = {
    ...(await freshIdentity()),
    publicKey: arena.server.identity.publicKey,
    sharedSecret: () => arena.friend.identity.sharedSecret(arena.server.identity.publicKey),
  };
  let secured = 0;
  const listener = await io.listenTcp({ ip: '127.0.0.1', port: 0 }, (stream) => {
    void readPreamble(stream, never).then(async (first) => {
      if (first.kind !== 'preamble') return;
      const { stream: secure, proof } = await secureAsAnswerer(io, stream, thief, first.preamble, never);
      secured++;
      arena.open.push(secure);
      secure.write(encodeFrame(frame({ type: 'proof', payload: proof })));
    });
  });
  arena.open.push({ destroy: () => void listener.close() });
  const address = addressAt(arena, arena.server.identity, listener.local.port);
  const connecting = arena.friend.node.connect(address);
  await expect(connecting).rejects.toThrow("proof: is not the peer's");
  expect(secured).toBe(1);
});

test('hostile: an answering side without the key of the address is never believed', async () => {
  const impostor = await freshIdentity();
  const listener = await io.listenTcp({ ip: '127.0.0.1', port: 0 }, (stream) => {
    const preamble = {
      role: 'dialler',
      publicKey: arena.friend.identity.publicKey,
      pipeId: PIPE_ID,
    } as const;
    const reader = { ended: () => undefined, closed: () => undefined, drained: () => undefined };
    stream.setReader({
      ...reader,
      data(bytes) {
        stream.setReader(null);
        stream.unread(bytes.subarray(PREAMBLE_LENGTH));
        void secureAsAnswerer(io, stream, impostor, preamble, never).catch(() => undefined);
      },
    });
  });
  arena.open.push({ destroy: () => void listener.close() });
  const address = addressAt(arena, arena.server.identity, listener.local.port);
  await expect(arena.friend.node.connect(address)).rejects.toMatchObject({ code: 'NO_PATH' });
});
