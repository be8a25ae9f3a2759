import { once } from 'node:events';
import { createServer, connect as dial } from 'node:net';
import { expect, test } from 'vitest';
import { createNodeIo } from '../../../src/net/io/node-io.ts';

const io = createNodeIo();
const LOCAL = { ip: '127.0.0.1', port: 0 };
const limit = () => AbortSignal.timeout(5_000);

test('http: a GET brings status, headers and body; the server knows both ends', async () => {
  const server = await io.serveHttp(LOCAL, ({ path, local, remote }) => ({
    status: path === '/there?x=1' ? 200 : 404,
    headers: { 'p2pd-demo-key': 'abc' },
    body: Buffer.from(`${path} ${local.port} ${remote.ip}`),
  }));
  const base = `http://127.0.0.1:${server.local.port}`;
  const answer = await io.httpGet(`${base}/there?x=1`, 1_000, limit());
  expect(answer).toMatchObject({ status: 200, headers: { 'p2pd-demo-key': 'abc' } });
  expect(Buffer.from(answer.body).toString()).toBe(`/there?x=1 ${server.local.port} 127.0.0.1`);
  expect((await io.httpGet(`${base}/else`, 1_000, limit())).status).toBe(404);
  await server.close();
  await expect(io.httpGet(base, 1_000, limit())).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('http: a body that is too long, and a server that says nothing, end the question', async () => {
  const server = await io.serveHttp(LOCAL, () => ({ status: 200, headers: {}, body: new Uint8Array(5_000) }));
  await expect(io.httpGet(`http://127.0.0.1:${server.local.port}/`, 4_999, limit())).rejects.toThrow(
    /4999 bytes/,
  );
  await server.close();
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await expect(io.httpGet(`http://127.0.0.1:${port}/`, 10, AbortSignal.timeout(50))).rejects.toThrow();
  silent.close();
});

test('http: whatever is no GET, or no HTTP, gets an answer or nothing, and the server lives on', async () => {
  const server = await io.serveHttp(LOCAL, () => ({ status: 200, headers: {}, body: Buffer.from('fine') }));
  for (const junk of [
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n',
    '\u0000\u0001\u0002\r\n\r\n',
    `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
  ]) {
    const socket = dial(server.local.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(junk);
    socket.resume();
    await once(socket, 'close');
  }
  const answer = await io.httpGet(`http://127.0.0.1:${server.local.port}/`, 10, limit());
  expect(Buffer.from(answer.body).toString()).toBe('fine');
  await server.close();
});
