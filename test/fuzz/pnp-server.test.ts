/**
 * A name server that runs, under requests that are nearly right: bytes changed before they are sealed and after,
 * over UDP and TCP, from many addresses. It stays alive, writes nothing that nobody signed, and does not grow.
 *
 *   FUZZ_RUNS=1000000 npx vitest run test/fuzz/pnp-server.test.ts
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { createRandom, type Random } from '../../src/lab/random.ts';
import { encodePacket } from '../../src/pnp/packet.ts';
import { answerOf, HOST, overTcp, owner, requestFor, sealed, startLoopback } from '../pnp/loopback.ts';
import { createMutator, type Mutator } from './mutate.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 4_000);
/** One address may ask so often before it is not heard. */
const PER_ADDRESS = 300;
/** Of these one goes over TCP. */
const TCP_EVERY = 50;
const MAX_GROWTH = 64 * 1024 * 1024;

function plainOf(value: string): Uint8Array {
  const packet = {
    id: 9,
    replyKey: owner.publicKey,
    behavior: 1,
    updated: Math.floor(Date.now() / 1000),
    name: Buffer.from('fuzz'),
    value: Buffer.from(value),
    owner: owner.publicKey,
  };
  return encodePacket(packet, value === '' ? null : owner.signSha1(encodePacket(packet)));
}

/** Wrong before or after it is sealed. */
function nearlyRight(random: Random, mutate: Mutator, samples: readonly Uint8Array[]): Uint8Array {
  if (random.chance(0.5)) return sealed(mutate(samples).slice(0, 690));
  return mutate([sealed(samples[random.integer(0, samples.length - 1)] ?? new Uint8Array())]);
}

test('fuzz: a name server that runs', { timeout: 7_200_000 }, async () => {
  const running = await startLoopback();
  const seed = process.env.FUZZ_SEED ?? '1';
  const [random, mutate] = [createRandom(seed), createMutator(seed)];
  const samples = [plainOf('a value'), plainOf('')];
  const before = process.memoryUsage().heapUsed;
  let socket: Socket | null = null;
  for (let i = 0; i < RUNS; i++) {
    if (i % PER_ADDRESS === 0) {
      socket?.close();
      socket = createSocket('udp4');
      const n = i / PER_ADDRESS;
      socket.bind(0, `127.${1 + ((n >> 14) & 63)}.${(n >> 7) & 127}.${1 + (n & 127)}`);
      await once(socket, 'listening');
    }
    const bytes = nearlyRight(random, mutate, samples);
    if (i % TCP_EVERY === 0) await sendTcp(running.port, bytes, `127.200.${(i >> 8) & 255}.${1 + (i % 250)}`);
    else socket?.send(bytes, running.port, HOST);
    if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  socket?.close();
  const [plain] = await overTcp(running.port, [requestFor('fuzz', null)]);
  // What came through unchanged may have been written; nothing else may.
  expect(['', 'a value']).toContain(Buffer.from(answerOf(plain).value).toString());
  expect(await running.store.count(Math.floor(Date.now() / 1000))).toBeLessThanOrEqual(1);
  expect(running.warnings).toEqual([]);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(MAX_GROWTH);
  await running.close();
});

async function sendTcp(port: number, bytes: Uint8Array, localAddress: string): Promise<void> {
  const socket = connect({ port, host: HOST, localAddress });
  socket.on('error', () => undefined);
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined);
  socket.write(bytes);
  socket.destroySoon();
}
