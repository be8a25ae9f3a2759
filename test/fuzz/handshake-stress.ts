/**
 * A process that makes many TLS handshakes over loopback and tears each down at a random moment,
 * from a random end or from between them, in a random way. It ends with the number of outcomes
 * unless OpenSSL is pulled down with it.
 */
import { connect, createServer } from 'node:net';
import { createRandom } from '../../src/lab/random.ts';
import type { ByteStream } from '../../src/net/io/io.ts';
import { createNodeIo } from '../../src/net/io/node-io.ts';

const io = createNodeIo();
const [rounds = '300', seed = '1'] = process.argv.slice(2);
const random = createRandom(seed);
const [psk, wrong] = [new Uint8Array(32), new Uint8Array(32).fill(1)];
/** Handshakes side by side: few, or all are torn down before they get anywhere. */
const TOGETHER = 4;
/** ms within which they are; one takes about five. */
const LONGEST = 16;
/** ms after which an end gives up. */
const GIVE_UP = 100;
const outcomes = { finished: 0, failed: 0 };
const words = new Uint8Array(100_000);

/** Talks a little, so that something is under way when it is torn down. */
function talk(stream: ByteStream): void {
  stream.setReader({
    data: () => random.chance(0.1) && stream.destroy(),
    ended: () => random.chance(0.5) && stream.destroy(),
    closed: () => undefined,
    drained: () => undefined,
  });
  for (let i = random.integer(0, 3); i > 0; i--)
    stream.write([words.subarray(0, random.integer(1, 100_000))]);
  if (random.chance(0.5)) stream.end();
}

async function tearDown(stream: ByteStream, stop: AbortController): Promise<void> {
  await io.sleepUntil(io.now() + random.integer(0, LONGEST));
  if (random.chance(0.5)) stop.abort(new Error('torn down'));
  else stream.destroy();
}

async function end(stream: ByteStream, role: 'client' | 'server'): Promise<void> {
  const [stop, over] = [new AbortController(), new AbortController()];
  const secured = io.secure(stream, role, random.chance(0.9) ? psk : wrong, stop.signal);
  if (random.chance(0.4)) void tearDown(stream, stop);
  // A changed length leaves an end waiting for bytes that never come; a node has its own limit.
  void io.sleepUntil(io.now() + GIVE_UP, over.signal).then(() => stop.abort(new Error('given up')));
  const secure = await secured.catch(() => null);
  over.abort();
  outcomes[secure === null ? 'failed' : 'finished']++;
  if (secure === null) return;
  talk(secure);
  if (random.chance(0.7)) await io.sleepUntil(io.now() + random.integer(0, 6));
  for (const one of random.chance(0.5) ? [secure, stream] : [stream, secure]) one.destroy();
}

/** A copy with one byte changed, so that OpenSSL has an alert to send. */
function damaged(chunk: Buffer): Buffer {
  const copy = Buffer.from(chunk);
  const at = random.integer(0, copy.length - 1);
  copy[at] = (copy[at] ?? 0) ^ random.integer(1, 255);
  return copy;
}

/** Stands between the two ends, changes a byte now and then, and resets either connection, or says FIN to it, when nobody expects it. */
function startMiddle(target: number): Promise<{ port: number; close(): void }> {
  const server = createServer((inner) => {
    const outer = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      from.on('error', () => undefined);
      from.on('close', () => to.destroy());
      from.on('data', (chunk) => to.write(random.chance(0.2) ? damaged(chunk) : chunk));
      from.on('end', () => to.end());
    }
    void io.sleepUntil(io.now() + random.integer(0, LONGEST)).then(() => {
      const victim = random.chance(0.5) ? inner : outer;
      if (random.chance(0.7)) victim.resetAndDestroy();
      else victim.end();
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      resolve({ port, close: () => server.close() });
    });
  });
}

const listener = await io.listenTcp({ ip: '127.0.0.1', port: 0 }, (stream) => void end(stream, 'server'));
const middle = await startMiddle(listener.local.port);
for (let round = 0; round < Number(rounds); round += TOGETHER) {
  await Promise.all(
    Array.from({ length: TOGETHER }, async () => {
      const port = random.chance(0.5) ? middle.port : listener.local.port;
      const dialling = io.dialTcp(null, { ip: '127.0.0.1', port }, new AbortController().signal);
      // The middle may reset it before it is even told of its connection.
      const stream = await dialling.catch(() => null);
      if (stream !== null) await end(stream, 'client');
    }),
  );
}
middle.close();
await listener.close();
await io.sleepUntil(io.now() + 100);
process.stdout.write(`${JSON.stringify(outcomes)}\n`, () => process.exit(0));
