/**
 * A process that makes many TLS handshakes over loopback and tears each down at a random moment,
 * from a random end, in a random way. It ends with "done" unless OpenSSL is pulled down with it.
 */
import type { ByteStream } from '../../src/net/io/io.ts';
import { createNodeIo } from '../../src/net/io/node-io.ts';
import { createRandom } from '../lab/random.ts';

const io = createNodeIo();
const [rounds = '300', seed = '1'] = process.argv.slice(2);
const random = createRandom(seed);
const psk = new Uint8Array(32);
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
  await io.sleepUntil(io.now() + random.integer(0, 6));
  if (random.chance(0.5)) stop.abort(new Error('torn down'));
  else stream.destroy();
}

async function end(stream: ByteStream, role: 'client' | 'server'): Promise<void> {
  const stop = new AbortController();
  const secured = io.secure(stream, role, psk, stop.signal);
  void tearDown(stream, stop);
  const secure = await secured.catch(() => null);
  if (secure === null) return;
  talk(secure);
  if (random.chance(0.7)) await io.sleepUntil(io.now() + random.integer(0, 6));
  for (const one of random.chance(0.5) ? [secure, stream] : [stream, secure]) one.destroy();
}

const listener = await io.listenTcp({ ip: '127.0.0.1', port: 0 }, (stream) => void end(stream, 'server'));
for (let round = 0; round < Number(rounds); round += 10) {
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      await end(await io.dialTcp(null, listener.local, new AbortController().signal), 'client');
    }),
  );
}
await listener.close();
await io.sleepUntil(io.now() + 100);
process.stdout.write('done\n', () => process.exit(0));
