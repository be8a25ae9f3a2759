import { expect, test } from 'vitest';
import type { UdpSocket } from '../../../src/net/io/io.ts';
import { createNodeIo } from '../../../src/net/io/node-io.ts';
import { type Endpoint, formatEndpoint } from '../../../src/net/wire/endpoint.ts';

const io = createNodeIo();
const ANY = { ip: '127.0.0.1', port: 0 };

test('udp: datagrams go both ways with their sender’s address', async () => {
  const echo: UdpSocket = await io.openUdp(ANY, { datagram: (data, remote) => echo.send(data, remote) });
  const answer = await new Promise<string>((resolve, reject) => {
    const reader = {
      datagram: (data: Uint8Array, remote: Endpoint) =>
        resolve(`${Buffer.from(data)} from ${formatEndpoint(remote)}`),
      failed: reject,
    };
    void io.openUdp(ANY, reader).then((socket) => socket.send(Buffer.from('hello'), echo.local), reject);
  });
  expect(answer).toBe(`hello from ${formatEndpoint(echo.local)}`);
});

test('udp: a port that is taken, and an address that is not ours, say so', async () => {
  const socket = await io.openUdp(ANY, { datagram: () => undefined });
  await expect(io.openUdp(socket.local, { datagram: () => undefined })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
  await expect(io.openUdp({ ip: '192.0.2.1', port: 0 }, { datagram: () => undefined })).rejects.toMatchObject(
    { code: 'EADDRNOTAVAIL' },
  );
  socket.close();
});

test('udp: what the system says against a datagram is told, and sending never throws', async () => {
  const failure = new Promise<Error>((resolve) => {
    void io.openUdp(ANY, { datagram: () => undefined, failed: resolve }).then((socket) => {
      // Not reachable from loopback.
      socket.send(new Uint8Array(1), { ip: '192.0.2.1', port: 9 });
      socket.send(new Uint8Array(70_000), { ip: '127.0.0.1', port: 9 });
    });
  });
  expect((await failure).message).not.toBe('');
  const closed = await io.openUdp(ANY, { datagram: () => undefined });
  closed.close();
  closed.close();
  closed.send(new Uint8Array(1), ANY);
});
