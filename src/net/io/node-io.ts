/**
 * The real Io: Node's clock, randomness, sockets and interfaces. Effects only.
 */
import { randomBytes } from 'node:crypto';
import { createServer, connect as dial, type Server, type TcpNetConnectOpts } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers';
import type { Endpoint } from '../wire/endpoint.ts';
import { familyOf } from '../wire/ip.ts';
import { httpGet, httpPost, serveHttp } from './http.ts';
import type { ByteStream, Io, TcpListener } from './io.ts';
import { lookup } from './names.ts';
import { endsOf, SocketStream } from './socket-stream.ts';
import { prepareTls, secureStream } from './tls.ts';
import { openUdp } from './udp.ts';

/** setTimeout's own limit: 2^31 − 1 ms. */
const MAX_TIMER = 2_147_483_647;
/** Connections the system may hold for us before we accept them. */
const BACKLOG = 511;

/** The machine's own Io. */
export function createNodeIo(): Io {
  return {
    now: () => performance.now(),
    wallClock: () => performance.timeOrigin + performance.now(),
    sleepUntil,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    listenTcp,
    dialTcp,
    openUdp,
    async openStreamUdp(local, reader) {
      // Native code: only who punches over UDP loads it.
      const udx = await import('./udx.ts');
      return udx.openStreamUdp(local, reader);
    },
    async openCarriedUdp(carrier, reader) {
      const carried = await import('./udx-carried.ts');
      return carried.openCarriedUdp(carrier, reader);
    },
    async openBroker(url, reader, signal) {
      // 100 ms to load: only who meets others by a broker pays for it.
      const mqtt = await import('./mqtt.ts');
      return mqtt.openBroker(url, reader, signal);
    },
    lookup,
    httpGet,
    httpPost,
    serveHttp,
    secure(stream, role, psk, signal) {
      if (!(stream instanceof SocketStream)) throw new TypeError('only a stream of this Io can be secured');
      return secureStream(stream, role, psk, signal);
    },
    async serverTls(stream, host, signal) {
      if (!(stream instanceof SocketStream)) throw new TypeError('only a stream of this Io can be secured');
      const tls = await import('./server-tls.ts');
      return tls.serverTls(stream, host, signal);
    },
    async interfaces() {
      const { listNetworkInterfaces } = await import('./interfaces.ts');
      return listNetworkInterfaces();
    },
  };
}

function sleepUntil(at: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    // Node counts from the beginning of its turn in whole ms, so that a timer may fire before its time.
    const wait = () => {
      const left = at - performance.now();
      if (left <= 0 && timer !== undefined) done();
      else timer = setTimeout(wait, Math.min(MAX_TIMER, Math.max(0, Math.ceil(left))));
    };
    wait();
    signal?.addEventListener('abort', done, { once: true });
  });
}

function listenTcp(local: Endpoint, onConnection: (stream: ByteStream) => void): Promise<TcpListener> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
      onConnection(new SocketStream(socket, endsOf(socket)));
    });
    server.once('error', reject);
    server.listen(
      {
        host: local.ip,
        port: local.port,
        backlog: BACKLOG,
        ipv6Only: familyOf(local.ip) === 6,
        exclusive: true,
      },
      () => {
        server.removeListener('error', reject);
        // A listener that is open stays so: running out of descriptors shows as an error here, and passes.
        server.on('error', () => undefined);
        setImmediate(prepareTls);
        resolve({ local: { ip: local.ip, port: portOf(server) }, close: () => closeServer(server) });
      },
    );
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

/** Does not wait for the connections that were accepted. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close();
    setImmediate(resolve);
  });
}

function dialTcp(local: Endpoint | null, remote: Endpoint, signal: AbortSignal): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const options: TcpNetConnectOpts = {
      host: remote.ip,
      port: remote.port,
      family: familyOf(remote.ip),
      autoSelectFamily: false,
      allowHalfOpen: true,
      noDelay: true,
      ...(local === null ? {} : { localAddress: local.ip, localPort: local.port }),
    };
    const socket = dial(options);
    setImmediate(prepareTls);
    const fail = (error: Error) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      reject(error);
    };
    const onAbort = () => fail(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', fail);
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      const stream = new SocketStream(socket, endsOf(socket));
      socket.removeListener('error', fail);
      resolve(stream);
    });
  });
}
