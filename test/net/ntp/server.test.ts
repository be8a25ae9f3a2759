import { expect, test } from 'vitest';
import { createLab } from '../../../src/lab/index.ts';
import { encodeNtpRequest } from '../../../src/net/ntp/packet.ts';
import { startNtpServer } from '../../../src/net/ntp/server.ts';
import type { ServerUse } from '../../../src/net/server-use.ts';

const COOKIE = new Uint8Array(8).fill(3);

/** A server, and a client that counts what comes back. */
async function setUp() {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 5 });
  const [host, other] = [lab.host({ name: 's', on: net }), lab.host({ name: 'c', on: net })];
  const ip = host.nics[0]?.addresses[0]?.ip ?? '';
  const own = other.nics[0]?.addresses[0]?.ip ?? '';
  const uses: ServerUse[] = [];
  const local = { ip, port: 123 };
  const server = await startNtpServer({ io: host.io, locals: [local], report: (use) => uses.push(use) });
  const answers: Uint8Array[] = [];
  const client = await other.io.openUdp({ ip: own, port: 4_000 }, { datagram: (data) => answers.push(data) });
  return { lab, host, local, server, uses, answers, send: (data: Uint8Array) => client.send(data, local) };
}

test('ntp server: answers clients with no more bytes than they sent', async () => {
  const { lab, uses, answers, send } = await setUp();
  send(encodeNtpRequest(COOKIE));
  await lab.advance(50);
  expect(answers.map(({ length }) => length)).toEqual([48]);
  expect(uses).toMatchObject([{ kind: 'ntp', what: 'request' }]);
});

test('ntp server: control and private messages, answers of others, and junk get nothing', async () => {
  const { lab, uses, answers, send } = await setUp();
  for (const first of [0x26, 0x27, 0x24, 0x25, 0x13]) {
    const packet = encodeNtpRequest(COOKIE);
    packet[0] = first;
    send(packet);
  }
  for (const length of [0, 1, 47, 1_400]) send(new Uint8Array(length));
  await lab.advance(50);
  expect(answers).toEqual([]);
  expect(uses.every(({ what }) => what === 'error')).toBe(true);
});

test('ntp server: a flood from one address is answered up to its share', async () => {
  const { lab, uses, answers, send } = await setUp();
  for (let i = 0; i < 500; i++) send(encodeNtpRequest(COOKIE));
  await lab.advance(50);
  expect(answers.length).toBeLessThanOrEqual(52);
  expect(uses.filter(({ what }) => what === 'refused').length).toBeGreaterThan(400);
});

test('ntp server: a port that is taken is told, and nothing stays open', async () => {
  const { lab, host, local, server } = await setUp();
  const free = { ...local, port: 124 };
  await expect(
    startNtpServer({ io: host.io, locals: [free, local], report: () => undefined }),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await server.close();
  const again = await startNtpServer({ io: host.io, locals: [free, local], report: () => undefined });
  await again.close();
  await lab.advance(10);
});
