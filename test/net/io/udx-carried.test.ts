/** Streams over a carrier on real loopback: what goes in at one end comes out at the other, in datagrams of 1,200 bytes at most. */
import { expect, test } from 'vitest';
import { deferred } from '../../../src/net/deferred.ts';
import type { ByteStream, CarriedUdpSocket } from '../../../src/net/io/io.ts';
import { createNodeIo } from '../../../src/net/io/node-io.ts';
import type { Endpoint } from '../../../src/net/wire/endpoint.ts';

const io = createNodeIo();
const A = { ip: '198.51.100.20', port: 50_000 };
const B = { ip: '203.0.113.7', port: 4_000 };

/** Two sockets, each the other's way; what went through, and datagrams that were no stream's. */
async function pair() {
  const ends = new Map<Endpoint, CarriedUdpSocket>();
  const sizes: number[] = [];
  const strange: string[] = [];
  const closed: Endpoint[] = [];
  const open = async (local: Endpoint) => {
    const carrier = {
      local,
      send: (data: Uint8Array, remote: Endpoint) => {
        sizes.push(data.length);
        ends.get(remote.port === A.port ? A : B)?.deliver(data, local);
      },
      closed: () => closed.push(local),
    };
    const datagram = (data: Uint8Array, from: Endpoint) => strange.push(`${Buffer.from(data)} ${from.port}`);
    const socket = await io.openCarriedUdp(carrier, { datagram });
    ends.set(local, socket);
    return socket;
  };
  return { a: await open(A), b: await open(B), sizes, strange, closed };
}

/** Everything that comes until the other side has ended. */
function collect(stream: ByteStream): Promise<Buffer> {
  const whole = deferred<Buffer>();
  const parts: Uint8Array[] = [];
  stream.setReader({
    data: (bytes) => parts.push(Uint8Array.from(bytes)),
    ended: () => whole.resolve(Buffer.concat(parts)),
    closed: (error) => whole.reject(error ?? new Error('closed')),
    drained: () => undefined,
  });
  return whole.promise;
}

async function until(what: () => boolean): Promise<void> {
  const limit = io.now() + 5_000;
  while (!what() && io.now() < limit) await io.sleepUntil(io.now() + 5);
  expect(what()).toBe(true);
}

test('carried stream: 3 MB come whole, no datagram is larger than 1,200 bytes, and its ends are those it has in truth', async () => {
  const { a, b, sizes, closed } = await pair();
  const [there, here] = [a.openStream(B, { own: 11, peer: 22 }), b.openStream(A, { own: 22, peer: 11 })];
  expect([there.local, there.remote, there.transport]).toEqual([A, B, 'udp']);
  const bytes = Buffer.from(io.randomBytes(3_000_000));
  const [got, back] = [collect(here), collect(there)];
  there.write([bytes]);
  there.end();
  expect((await got).equals(bytes)).toBe(true);
  here.write([Buffer.from('thanks')]);
  here.end();
  expect((await back).toString()).toBe('thanks');
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1_200);
  a.close();
  b.close();
  await until(() => closed.length === 2);
});

test('carried socket: what is no stream packet comes as a datagram, before a stream and beside it', async () => {
  const { a, b, strange } = await pair();
  a.send(Buffer.from('before'), B);
  await until(() => strange.includes(`before ${A.port}`));
  a.openStream(B, { own: 1, peer: 2 });
  const stream = b.openStream(A, { own: 2, peer: 1 });
  a.send(Buffer.from('beside'), B);
  await until(() => strange.includes(`beside ${A.port}`));
  b.deliver(Buffer.alloc(1_201), A);
  b.deliver(Buffer.from('else'), { ...A, port: 9 });
  await until(() => strange.includes('else 9'));
  expect(strange).toHaveLength(3);
  stream.destroy();
  a.close();
  b.close();
});
