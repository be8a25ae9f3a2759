/** A name server in this process, on free ports of loopback, and one request at a time to it. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { identityOf } from '../../src/net/identity.ts';
import type { Io } from '../../src/net/io/io.ts';
import { createNodeIo } from '../../src/net/io/node-io.ts';
import { fastestCurve } from '../../src/pnp/curve.ts';
import { envelopeKey, openEnvelope, sealEnvelope } from '../../src/pnp/envelope.ts';
import { decodePacket, encodePacket, type PnpPacket } from '../../src/pnp/packet.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/pnp/rules.ts';
import { startPnpServer } from '../../src/pnp/server.ts';
import { openSqliteStore } from '../../src/pnp/sqlite.ts';
import type { NameStore } from '../../src/pnp/store.ts';
import { pause } from './stores.ts';

export const curve = await fastestCurve();
export const HOST = '127.0.0.1';
export const serverKey = new Uint8Array(32).fill(11);
export const server = identityOf(serverKey);
export const owner = identityOf(new Uint8Array(32).fill(12));
const replyKey = new Uint8Array(32).fill(13);
const replyPublic = curve.publicKeyOf(replyKey);

export interface LoopbackServer {
  readonly port: number;
  readonly store: NameStore;
  readonly warnings: readonly string[];
  /** Unix ms that its clock is ahead. */
  clockOffset: number;
  close(): Promise<void>;
}

export async function startLoopback(
  limits: Partial<Limits> = {},
  path = ':memory:',
  port = 0,
): Promise<LoopbackServer> {
  const warnings: string[] = [];
  const real = createNodeIo();
  const running = { clockOffset: 0 };
  const io: Io = Object.assign(Object.create(real) as Io, {
    wallClock: () => real.wallClock() + running.clockOffset,
  });
  const store = await openSqliteStore(path, { ...DEFAULT_LIMITS, ...limits }, pause);
  const own = port === 0 ? await freePort() : port;
  const started = await startPnpServer({
    io,
    locals: [{ ip: HOST, port: own }],
    identity: server,
    curve,
    store,
    report: () => undefined,
    warn: (text) => warnings.push(text),
  });
  return Object.assign(running, { port: own, store, warnings, close: () => started.close() });
}

export async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  const probe = createServer();
  probe.listen(0, HOST);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

let ids = 0;

/** Signed unless it is a fetch (value null). */
export function requestFor(
  name: string,
  value: string | null,
  more: Partial<PnpPacket> = {},
  signer = owner,
): Uint8Array {
  const packet: PnpPacket = {
    id: ++ids,
    replyKey: replyPublic,
    behavior: 1,
    updated: Math.floor(Date.now() / 1000),
    name: new Uint8Array(Buffer.from(name)),
    value: new Uint8Array(Buffer.from(value ?? '')),
    owner: signer.publicKey,
    ...more,
  };
  const signature = value === null ? null : signer.signSha1(encodePacket(packet));
  return sealed(encodePacket(packet, signature));
}

/** As a client does. */
export function sealed(
  plain: Uint8Array,
  iv = crypto.getRandomValues(new Uint8Array(16)),
  to = server.publicKey,
): Uint8Array {
  const secretKey = crypto.getRandomValues(new Uint8Array(32));
  return sealEnvelope(plain, curve.agree(secretKey, to), curve.publicKeyOf(secretKey), iv);
}

/** The plaintext of an answer. */
export function opened(answer: Uint8Array): Uint8Array {
  const plain = openEnvelope(answer, envelopeKey(curve, answer, replyKey));
  if (plain === null) throw new Error('the answer is not for us');
  return plain;
}

/** Sends pieces over one connection. @returns what came back until it was silent or closed */
export async function overTcp(
  port: number,
  pieces: readonly Uint8Array[],
  answers = 1,
  gap = 5,
): Promise<Uint8Array[]> {
  const socket = connect({ port, host: HOST, noDelay: true });
  const came: Buffer[] = [];
  socket.on('data', (data) => came.push(data));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, gap));
  }
  const until = Date.now() + 1_500;
  while (Date.now() < until && !socket.closed && splitAnswers(Buffer.concat(came)).length < answers)
    await new Promise((resolve) => setTimeout(resolve, 5));
  socket.destroy();
  return splitAnswers(Buffer.concat(came));
}

/** Answers follow each other without a frame: each ends where its tag fits. */
function splitAnswers(bytes: Buffer): Uint8Array[] {
  const found: Uint8Array[] = [];
  let rest = new Uint8Array(bytes);
  for (let length = 97; length <= rest.length; length += 16) {
    const key = envelopeKey(curve, rest, replyKey);
    const plain = openEnvelope(rest.subarray(0, length), key);
    if (plain === null) continue;
    found.push(plain);
    rest = rest.slice(length);
    length = 97 - 16;
  }
  return found;
}

/** Sends datagrams from one socket. @returns what came back within the time */
export async function overUdp(
  port: number,
  datagrams: readonly Uint8Array[],
  wait = 150,
): Promise<Uint8Array[]> {
  const socket = createSocket('udp4');
  const came: Uint8Array[] = [];
  socket.on('message', (data) => came.push(new Uint8Array(data)));
  for (const datagram of datagrams) socket.send(datagram, port, HOST);
  await new Promise((resolve) => setTimeout(resolve, wait));
  socket.close();
  return came;
}

export const answerOf = (plain: Uint8Array | undefined) => decodePacket(plain ?? new Uint8Array(0));
