import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket, connect as tlsConnect } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import type { ByteStream, SecureStream } from '../../../src/net/io/io.ts';
import { createNodeIo } from '../../../src/net/io/node-io.ts';
import { SocketStream } from '../../../src/net/io/socket-stream.ts';
import { AlertError, encodeAlert } from '../../../src/net/wire/alert.ts';

const io = createNodeIo();
const psk = new Uint8Array(32).fill(1);
const never = new AbortController().signal;
const open: { destroy(): void }[] = [];

afterEach(() => {
  for (const stream of open.splice(0)) stream.destroy();
});

/** Two ends of a TCP connection over loopback. */
async function connected(): Promise<{ client: ByteStream; server: ByteStream }> {
  const accepted = resolvers<ByteStream>();
  const listener = await io.listenTcp({ ip: '127.0.0.1', port: 0 }, accepted.resolve);
  const client = await io.dialTcp(null, listener.local, never);
  const server = await accepted.promise;
  await listener.close();
  open.push(client, server);
  return { client, server };
}

function resolvers<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((yes) => {
    resolve = yes;
  });
  return { promise, resolve };
}

/** The attacker's end speaks TLS as it likes. */
function overTls(stream: ByteStream, wrap: (socket: Duplex) => TLSSocket): TLSSocket {
  if (!(stream instanceof SocketStream)) throw new Error('not a real stream');
  const tls = stream.handOver(wrap);
  tls.on('error', () => undefined);
  open.push(tls);
  return tls;
}

async function secured(
  clientPsk: Uint8Array,
  serverPsk: Uint8Array,
): Promise<PromiseSettledResult<SecureStream>[]> {
  const { client, server } = await connected();
  const both = await Promise.allSettled([
    io.secure(client, 'client', clientPsk, never),
    io.secure(server, 'server', serverPsk, never),
  ]);
  for (const one of both) if (one.status === 'fulfilled') open.push(one.value);
  return both;
}

test('tls: both ends share an exporter that no other connection has', async () => {
  const [first, second] = [await secured(psk, psk), await secured(psk, psk)];
  const exporters = [...first, ...second].map((end) =>
    end.status === 'fulfilled' ? Buffer.from(end.value.exporter) : null,
  );
  expect(exporters[0]).toEqual(exporters[1]);
  expect(exporters[2]).toEqual(exporters[3]);
  expect(exporters[0]).not.toEqual(exporters[2]);
  expect(exporters[0]).toHaveLength(32);
});

test('tls: a wrong key fails on both ends', async () => {
  const ends = await secured(psk, new Uint8Array(32).fill(2));
  expect(ends.map((end) => end.status)).toEqual(['rejected', 'rejected']);
});

test('tls: bytes given back before it begins are read first', async () => {
  const { client, server } = await connected();
  client.write([Buffer.from('preamble')]);
  const clientEnd = io.secure(client, 'client', psk, never);
  const rest = await new Promise<Uint8Array>((resolve) => {
    let seen = Buffer.alloc(0);
    server.setReader({
      data(bytes) {
        seen = Buffer.concat([seen, bytes]);
        if (seen.length <= 8) return;
        server.setReader(null);
        resolve(seen);
      },
      ended: () => undefined,
      closed: () => undefined,
      drained: () => undefined,
    });
  });
  expect(Buffer.from(rest.subarray(0, 8)).toString()).toBe('preamble');
  server.unread(rest.subarray(8));
  const ends = await Promise.all([clientEnd, io.secure(server, 'server', psk, never)]);
  open.push(...ends);
});

/** A self-signed certificate that a CA-minded client would accept when told to trust it. */
function certificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'p2pd-demo-cert-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const subject = ['-nodes', '-subj', '/CN=localhost', '-keyout', key, '-out', cert];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', ...subject],
    { stdio: 'ignore' },
  );
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

test('tls: a certificate offered instead of the key is refused', async () => {
  const { client, server } = await connected();
  overTls(server, (socket) => new TLSSocket(socket as Socket, { isServer: true, ...certificate() }));
  await expect(io.secure(client, 'client', psk, never)).rejects.toThrow();
});

test('tls: a client without the key gets no session, with or without a certificate of its own', async () => {
  const { client, server } = await connected();
  overTls(client, (socket) => tlsConnect({ socket, rejectUnauthorized: false, ...certificate() }));
  await expect(io.secure(server, 'server', psk, never)).rejects.toThrow();
});

test('tls: a ticket from an earlier connection, offered instead of the key, is refused', async () => {
  const secureContext = createSecureContext({
    minVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256',
    ca: [],
  });
  const pskCallback = () => ({ psk, identity: 'p2pd-demo' });
  const first = await connected();
  const firstEnd = io.secure(first.server, 'server', psk, never);
  const knows = overTls(first.client, (socket) => tlsConnect({ socket, secureContext, pskCallback }));
  const ticket = new Promise<Buffer>((resolve) => knows.once('session', resolve));
  const secure = await firstEnd;
  open.push(secure);
  secure.write([Buffer.from('hello')]);
  knows.resume();
  const session = await ticket;
  const second = await connected();
  const secondEnd = io.secure(second.server, 'server', psk, never);
  overTls(second.client, (socket) =>
    tlsConnect({ socket, secureContext, session, rejectUnauthorized: false }),
  );
  await expect(secondEnd).rejects.toThrow();
});

test('tls: a refusal in the clear reaches the caller by name', async () => {
  const { client, server } = await connected();
  const end = io.secure(client, 'client', psk, never);
  server.write([encodeAlert('not-allowed')]);
  server.end();
  const error = await end.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AlertError);
  expect(error).toMatchObject({ alert: 'not-allowed' });
});

test('tls: garbage instead of a handshake is refused on both ends', async () => {
  for (const role of ['client', 'server'] as const) {
    const { client, server } = await connected();
    const [honest, hostile] = role === 'client' ? [client, server] : [server, client];
    const end = io.secure(honest, role, psk, never);
    hostile.write([Buffer.from('GET / HTTP/1.1\r\n\r\n')]);
    await expect(end).rejects.toThrow();
  }
});

test('tls: an abort ends a handshake that nobody answers', async () => {
  const { client } = await connected();
  const stop = new AbortController();
  const end = io.secure(client, 'client', psk, stop.signal);
  stop.abort(new Error('enough'));
  await expect(end).rejects.toThrow('enough');
});

test('dial: a closed port, an abort and a taken port are told apart', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  open.push({ destroy: () => holder.close() });
  await new Promise((resolve) => holder.once('listening', resolve));
  const address = holder.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  await expect(io.listenTcp({ ip: '127.0.0.1', port }, () => undefined)).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
  const free = await io.listenTcp({ ip: '127.0.0.1', port: 0 }, () => undefined);
  await free.close();
  await expect(io.dialTcp(null, free.local, never)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  const stopped = AbortSignal.abort(new Error('given up'));
  await expect(io.dialTcp(null, free.local, stopped)).rejects.toThrow('given up');
});
