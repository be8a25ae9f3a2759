import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { expect, test } from 'vitest';
import type { BrokerReader } from '../../../src/net/io/io.ts';
import { createNodeIo } from '../../../src/net/io/node-io.ts';

const io = createNodeIo();
const nobody: BrokerReader = { message: () => undefined, closed: () => undefined };

/** A TCP server on loopback, with every socket it took. */
async function serve(onSocket: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    onSocket(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const close = () => {
    cut();
    server.close();
  };
  return { url: `mqtt://127.0.0.1:${port}`, cut, close };
}

test('mqtt: a message to a topic comes to who has subscribed it, bytes unchanged', async () => {
  const broker = await Aedes.createBroker();
  const server = await serve(broker.handle);
  const came = new Promise<string>((resolve) => {
    const reader = {
      ...nobody,
      message: (topic: string, bytes: Uint8Array) => resolve(`${topic} ${[...bytes]}`),
    };
    void io.openBroker(server.url, reader, AbortSignal.timeout(5_000)).then(async (connection) => {
      await connection.subscribe('a/b');
      await connection.publish('a/other', Uint8Array.of(1));
      await connection.publish('a/b', Uint8Array.of(0, 255, 7));
    });
  });
  expect(await came).toBe('a/b 0,255,7');
  server.close();
  broker.close();
});

test('mqtt: a connection that is cut is told once, and whoever waits for an answer hears of it', async () => {
  const broker = await Aedes.createBroker();
  const server = await serve(broker.handle);
  const reasons: string[] = [];
  const reader = { ...nobody, closed: (reason: string) => reasons.push(reason) };
  const connection = await io.openBroker(server.url, reader, AbortSignal.timeout(5_000));
  const waiting = connection.publish('a/b', Uint8Array.of(1));
  server.cut();
  await expect(waiting).rejects.toThrow();
  await expect.poll(() => reasons.length).toBe(1);
  await expect(connection.publish('a/b', Uint8Array.of(1))).rejects.toThrow(/gone/);
  server.close();
  broker.close();
});

test('mqtt: a broker that refuses, that says nothing, and one that is not there', async () => {
  const closed = await serve((socket) => socket.destroy());
  await expect(io.openBroker(closed.url, nobody, AbortSignal.timeout(5_000))).rejects.toThrow();
  closed.close();
  await expect(io.openBroker(closed.url, nobody, AbortSignal.timeout(5_000))).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
  const silent = await serve(() => undefined);
  await expect(io.openBroker(silent.url, nobody, AbortSignal.timeout(50))).rejects.toThrow();
  silent.close();
  const refusing = await serve((socket) =>
    socket.once('data', () => socket.write(Uint8Array.of(0x20, 2, 0, 5))),
  );
  await expect(io.openBroker(refusing.url, nobody, AbortSignal.timeout(5_000))).rejects.toThrow(/[Rr]efused/);
  refusing.close();
});

test.each([
  ['an endless packet', [0x30, 0xff, 0xff, 0xff, 0x7f], /at most 4096/],
  ['a release without an id', [0x62, 0x00], /type 6/],
  ['an acknowledgement without an id', [0x40, 0x00], /type 4/],
  ['a message of QoS 1 without an id', [0x32, 0x03, 0x00, 0x01, 0x61], /cut off/],
  ['a message of QoS 2', [0x34, 0x05, 0x00, 0x01, 0x61, 0x00, 0x01], /QoS 2/],
])('mqtt: a broker that sends %s is cut off, and nothing else happens', async (_what, bytes, reason) => {
  const server = await serve((socket) =>
    socket.once('data', () => {
      socket.write(Uint8Array.of(0x20, 2, 0, 0));
      socket.write(Uint8Array.from(bytes));
    }),
  );
  const why = await new Promise<string>((resolve) => {
    io.openBroker(server.url, { ...nobody, closed: resolve }, AbortSignal.timeout(5_000)).catch(
      (error: unknown) => resolve(String(error)),
    );
  });
  expect(why).toMatch(reason);
  server.close();
});
