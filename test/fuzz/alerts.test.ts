import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRandom } from '../../src/lab/random.ts';
import { createNodeIo } from '../../src/net/io/node-io.ts';
import { ALERTS, AlertError, encodeAlert } from '../../src/net/wire/alert.ts';

const io = createNodeIo();
const never = new AbortController().signal;
const psk = new Uint8Array(32);
let answer: Uint8Array = new Uint8Array(0);
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => socket.end(answer));
});
let port = 0;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = address !== null && typeof address === 'object' ? address.port : 0;
});

afterAll(() => void server.close());

/** What a dialler meets whose hello gets this answer. */
async function meet(bytes: Uint8Array): Promise<unknown> {
  answer = bytes;
  const stream = await io.dialTcp(null, { ip: '127.0.0.1', port }, never);
  return io.secure(stream, 'client', psk, never).catch((reason: unknown) => reason);
}

test('fuzz: every alert that can be sent ends the handshake, ours under their names', async () => {
  const names = new Map<number, string>(Object.entries(ALERTS).map(([name, number]) => [number, name]));
  for (let number = 0; number < 256; number++) {
    const error = await meet(encodeAlert('busy').map((byte, i) => (i === 6 ? number : byte)));
    expect(error, `alert ${number}`).toBeInstanceOf(Error);
    const name = names.get(number);
    if (name !== undefined) expect(error).toMatchObject({ alert: name });
    else if (error instanceof AlertError) expect(error.alert, `alert ${number}`).toBeNull();
  }
});

test('fuzz: damaged alerts end the handshake', async () => {
  const random = createRandom(1);
  for (let run = 0; run < 300; run++) {
    const bytes = encodeAlert('not-allowed').map((byte) =>
      random.chance(0.3) ? random.integer(0, 255) : byte,
    );
    const error = await meet(bytes.subarray(0, random.integer(0, bytes.length)));
    expect(error, Buffer.from(bytes).toString('hex')).toBeInstanceOf(Error);
  }
});
