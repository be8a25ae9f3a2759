/**
 * A name server on loopback: requests a second over TCP, encrypted and signed, with 32 clients at once that send
 * prepared requests, and how long each takes; with few names and with many.
 *
 *   node bench/run.js pnp [SECONDS] [NAMES…]
 *   CURVE=wasm node bench/run.js pnp     as where the package secp256k1 is not installed
 *   PNP_STORE=postgres://… PROCESSES=4 node bench/run.js pnp
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityOf } from '../src/net/identity.ts';
import { createNodeIo } from '../src/net/io/node-io.ts';
import { addressKeyOf } from '../src/pnp/address-key.ts';
import { fastestCurve, nodeCurve, wasmCurve } from '../src/pnp/curve.ts';
import { envelopeKey, openEnvelope, sealEnvelope } from '../src/pnp/envelope.ts';
import { decodePacket, encodePacket } from '../src/pnp/packet.ts';
import { openPostgresStore } from '../src/pnp/postgres.ts';
import { DEFAULT_LIMITS } from '../src/pnp/rules.ts';
import { startPnpServer } from '../src/pnp/server.ts';
import { openSqliteStore } from '../src/pnp/sqlite.ts';
import { table } from './lib/figures.ts';
import { startRole } from './lib/roles.ts';

const HOST = '127.0.0.1';
const CLIENTS = 32;
/** Addresses that a client asks from in turn: each has a rate and so many names. */
const ADDRESSES = 4;
/** Bytes of a node's address, which is what names hold. */
const VALUE = 300;
const LOADED_AT_ONCE = 64;
/** Prepared requests of each client and kind. */
const PREPARED = 1_200;

const io = createNodeIo();
const CURVES = { fastest: fastestCurve, wasm: wasmCurve, node: () => Promise.resolve(nodeCurve) } as const;
const curve = await CURVES[(process.env.CURVE ?? 'fastest') as keyof typeof CURVES]();
const server = identityOf(new Uint8Array(32).fill(11));
const reply = {
  secretKey: new Uint8Array(32).fill(13),
  publicKey: curve.publicKeyOf(new Uint8Array(32).fill(13)),
};
const now = () => Math.floor(Date.now() / 1000);
const nameOf = (i: number) => Buffer.from(`name-${i}`);

const [role = '5', ...rest] = process.argv.slice(2);
if (role === 'serve') await serve(rest[0] ?? '', Number(rest[1]));
else await compare(Number(role), rest.length > 0 ? rest.map(Number) : [100, 100_000]);

/** @param names that are there beforehand */
async function serve(where: string, names: number): Promise<void> {
  // Timers of Io keep no process alive.
  setInterval(() => undefined, 1_000);
  const open = () =>
    where.startsWith('postgres')
      ? openPostgresStore(where, DEFAULT_LIMITS, () => undefined)
      : openSqliteStore(where, DEFAULT_LIMITS, () => io.sleepUntil(io.now()));
  const store = await open();
  for (let i = 0; i < names; i += LOADED_AT_ONCE) {
    const batch = Array.from({ length: Math.min(LOADED_AT_ONCE, names - i) }, (_, j) => {
      const at = addressKeyOf(`10.${((i + j) >> 16) & 255}.${((i + j) >> 8) & 255}.${(i + j) & 255}`);
      const row = { name: nameOf(i + j), value: new Uint8Array(VALUE), owner: server.publicKey, at };
      return store.write({ ...row, updated: now() }, now());
    });
    await Promise.all(batch);
  }
  const port = 20_000 + (process.pid % 20_000);
  const warn = (text: string) => console.error(text);
  await startPnpServer({
    io,
    locals: [{ ip: HOST, port }],
    identity: server,
    curve,
    store,
    report: () => undefined,
    warn,
  });
  console.log(port);
}

interface Client {
  readonly requests: { readonly fetch: readonly Uint8Array[]; readonly push: readonly Uint8Array[] };
  readonly number: number;
  readonly port: number;
}

async function compare(seconds: number, sizes: readonly number[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'p2pd-pnp-'));
  const shared = process.env.PNP_STORE;
  const processes = Number(process.env.PROCESSES ?? 1);
  const rows: string[][] = [];
  for (const size of sizes) {
    const where = shared ?? join(folder, `${size}.db`);
    const servers = [await startRole(['serve', where, String(size)])];
    while (servers.length < processes) servers.push(await startRole(['serve', where, '0']));
    const clients = Array.from({ length: CLIENTS }, (_, i) =>
      prepare(i, Number(servers[i % servers.length]?.line), size),
    );
    for (const kind of ['push', 'fetch'] as const) {
      const { rate, p50, p99, wrong } = await measure(clients, kind, seconds);
      rows.push([`${size} names`, kind, rate.toFixed(0), p50.toFixed(1), p99.toFixed(1), String(wrong)]);
    }
    for (const one of servers) one.stop();
  }
  rmSync(folder, { recursive: true, force: true });
  console.log(
    `${curve.name}, ${processes} process(es), ${CLIENTS} clients; targets: fetch 2500/s, push 1500/s, p99 60 ms`,
  );
  console.log(table([['', 'request', '/s', 'p50 ms', 'p99 ms', 'wrong answers'], ...rows]));
}

function prepare(number: number, port: number, names: number): Client {
  const owner = identityOf(new Uint8Array(32).fill(100 + number));
  // Seconds are what orders updates: they begin as long ago as is believed.
  const began = now() - 3_000;
  const requests = (make: (i: number) => Uint8Array) => Array.from({ length: PREPARED }, (_, i) => make(i));
  const packet = { id: number, replyKey: reply.publicKey, behavior: 1, owner: owner.publicKey };
  const own = Buffer.from(`client-${number}-${process.pid}`);
  return {
    number,
    port,
    requests: {
      fetch: requests((i) =>
        sealed(
          encodePacket({
            ...packet,
            updated: 0,
            name: nameOf((i * 7_919 + number) % names),
            value: new Uint8Array(),
          }),
        ),
      ),
      push: requests((i) => {
        const plain = { ...packet, updated: began + i, name: own, value: new Uint8Array(VALUE).fill(i) };
        return sealed(encodePacket(plain, owner.signSha1(encodePacket(plain))));
      }),
    },
  };
}

function sealed(plain: Uint8Array): Uint8Array {
  const secretKey = io.randomBytes(32);
  const key = curve.agree(secretKey, server.publicKey);
  return sealEnvelope(plain, key, curve.publicKeyOf(secretKey), io.randomBytes(16));
}

function dial(port: number, localAddress: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: HOST, localAddress, noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

async function measure(clients: readonly Client[], kind: 'fetch' | 'push', seconds: number) {
  const took: number[] = [];
  let wrong = 0;
  // A connection that says nothing is closed after a while: none is opened before it is used.
  const all = await Promise.all(
    clients.map(({ number, port }) =>
      Promise.all(Array.from({ length: ADDRESSES }, (_, i) => dial(port, `127.0.${i + 1}.${number + 1}`))),
    ),
  );
  const began = performance.now();
  const until = began + 1_000 * seconds;
  await Promise.all(
    clients.map(async ({ requests }, client) => {
      const sockets = all[client] ?? [];
      for (const [i, request] of requests[kind].entries()) {
        if (performance.now() > until) return;
        const socket = sockets[i % sockets.length] as Socket;
        const sentAt = performance.now();
        const answer = await exchange(socket, request);
        took.push(performance.now() - sentAt);
        // A look at one in a hundred: clients are to cost little.
        if (took.length % 100 === 0 && !isRight(answer, kind)) wrong++;
      }
    }),
  );
  const elapsed = (performance.now() - began) / 1_000;
  for (const socket of all.flat()) socket.removeAllListeners('close').destroy();
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.floor(took.length * share)] ?? 0;
  return { rate: took.length / elapsed, p50: at(0.5), p99: at(0.99), wrong };
}

function exchange(socket: Socket, request: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const hungUp = () => reject(new Error('the server hung up'));
    socket.once('close', hungUp);
    socket.once('data', (data: Buffer) => {
      socket.off('close', hungUp);
      resolve(new Uint8Array(data));
    });
    socket.write(request);
  });
}

function isRight(answer: Uint8Array, kind: 'fetch' | 'push'): boolean {
  const plain = openEnvelope(answer, envelopeKey(curve, answer, reply.secretKey));
  if (plain === null) return false;
  try {
    const { value } = decodePacket(plain);
    return kind === 'fetch' ? value.length === VALUE : value.length === VALUE;
  } catch {
    return false;
  }
}
