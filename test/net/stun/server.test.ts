import { describe, expect, test } from 'vitest';
import { createLab, type Lab, type LabHost } from '../../../src/lab/index.ts';
import { STUN_BURST, STUN_RATE } from '../../../src/net/limits.ts';
import type { ServerUse } from '../../../src/net/server-use.ts';
import {
  decodeStun,
  encodeBindingRequest,
  encodeBindingResponse,
  type RequestOptions,
  type StunMessage,
} from '../../../src/net/stun/message.ts';
import { startStunServer } from '../../../src/net/stun/server.ts';
import { type Endpoint, formatEndpoint } from '../../../src/net/wire/endpoint.ts';

const PORT = 3478;
const OTHER_PORT = 3479;
const ID = new Uint8Array(12).fill(3);
const V4 = ['203.0.113.10', '203.0.113.11'] as const;
const V6 = ['2001:db8::10', '2001:db8::11'] as const;

interface Setting {
  readonly lab: Lab;
  readonly server: LabHost;
  readonly client: LabHost;
  readonly uses: ServerUse[];
}

/** @param ips where the server listens */
async function start(ips: readonly string[], alternatePort: number | null = OTHER_PORT): Promise<Setting> {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 10, subnets: ['203.0.113.0/24', '2001:db8::/64', '10.0.0.0/8'] });
  const server = lab.host({ name: 'server', on: [{ segment: net, addresses: ips }] });
  const client = lab.host({ name: 'client', on: net });
  const uses: ServerUse[] = [];
  const udp = ips.map((ip) => ({ ip, port: PORT }));
  const report = (use: ServerUse) => uses.push(use);
  await lab.run(startStunServer({ io: server.io, udp, alternatePort, tcp: true, report }));
  return { lab, server, client, uses };
}

interface Answer {
  readonly from: string;
  readonly data: Uint8Array;
}

/** Sends datagrams to a server. @returns what comes back within a second */
async function send(
  { lab, client }: Setting,
  to: Endpoint,
  ...data: readonly Uint8Array[]
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const local = { ip: client.ip(to.ip.includes(':') ? 6 : 4), port: 0 };
  const datagram = (bytes: Uint8Array, from: Endpoint) =>
    answers.push({ from: formatEndpoint(from), data: bytes });
  const socket = await lab.run(client.io.openUdp(local, { datagram }));
  for (const bytes of data) socket.send(bytes, to);
  await lab.advance(1_000);
  socket.close();
  return answers;
}

async function ask(
  setting: Setting,
  to: Endpoint,
  options: RequestOptions = {},
): Promise<(StunMessage & { readonly from: string }) | null> {
  const [answer] = await send(setting, to, encodeBindingRequest(ID, options));
  return answer === undefined ? null : { ...decodeStun(answer.data), from: answer.from };
}

const first = { ip: V4[0], port: PORT };

describe('STUN server: Binding', () => {
  test.each([
    ['IPv4', V4[0]],
    ['IPv6', V6[0]],
  ])('tells over %s how it sees the client, from where it was asked', async (_, ip) => {
    const setting = await start([ip]);
    for (const port of [PORT, OTHER_PORT]) {
      const answer = await ask(setting, { ip, port });
      expect(answer).toMatchObject({
        kind: 'response',
        transactionId: ID,
        mapped: { ip: setting.client.ip(ip.includes(':') ? 6 : 4) },
        responseOrigin: { ip, port },
        otherAddress: null,
        from: formatEndpoint({ ip, port }),
      });
    }
    expect(setting.uses.map(({ kind, what }) => `${kind} ${what}`)).toEqual(['stun request', 'stun request']);
  });

  test('what must be understood and is not is refused with 420 and its names', async () => {
    const setting = await start([V4[0]]);
    const request = new Uint8Array([...encodeBindingRequest(ID), 0, 0x24, 0, 4, 0x6e, 0, 1, 0xff]);
    request[3] = 8;
    const [answer] = await send(setting, first, request);
    expect(decodeStun(answer?.data ?? new Uint8Array(0))).toMatchObject({ kind: 'error', errorCode: 420 });
    expect(Buffer.from(answer?.data ?? []).toString('hex')).toMatch(/000a0002 ?0024/);
  });

  test('a request with a FINGERPRINT has an answer with one', async () => {
    const setting = await start([V4[0]]);
    const request = new Uint8Array([...encodeBindingRequest(ID), 0x80, 0x28, 0, 4, 0, 0, 0, 0]);
    request[3] = 8;
    new DataView(request.buffer).setUint32(24, (crc(request.subarray(0, 20)) ^ 0x5354554e) >>> 0);
    const [answer] = await send(setting, first, request);
    expect(decodeStun(answer?.data ?? new Uint8Array(0))).toMatchObject({
      kind: 'response',
      fingerprint: true,
    });
  });
});

describe('STUN server: RFC 5780', () => {
  const other = { ip: V4[1], port: OTHER_PORT };

  test('with two addresses each tells of the other address and port', async () => {
    const setting = await start([...V4, ...V6]);
    const told = async (ip: string, port: number) => (await ask(setting, { ip, port }))?.otherAddress;
    expect(await told(V4[0], PORT)).toEqual(other);
    expect(await told(V4[0], OTHER_PORT)).toEqual({ ip: V4[1], port: PORT });
    expect(await told(V4[1], PORT)).toEqual({ ip: V4[0], port: OTHER_PORT });
    expect(await told(V6[0], PORT)).toEqual({ ip: V6[1], port: OTHER_PORT });
  });

  test.each([
    [{ changeIp: true, changePort: true }, other],
    [{ changeIp: true }, { ip: V4[1], port: PORT }],
    [{ changePort: true }, { ip: V4[0], port: OTHER_PORT }],
  ])('an answer to %o leaves from there, and says so', async (options, from) => {
    const setting = await start(V4);
    const answer = await ask(setting, first, options);
    expect(answer).toMatchObject({ kind: 'response', from: formatEndpoint(from), responseOrigin: from });
  });

  test('with one address the other port is served, another address is refused', async () => {
    const setting = await start([V4[0]]);
    const moved = await ask(setting, first, { changePort: true });
    expect(moved).toMatchObject({ from: `${V4[0]}:${OTHER_PORT}`, otherAddress: null });
    for (const options of [{ changeIp: true }, { changeIp: true, changePort: true }])
      expect(await ask(setting, first, options)).toMatchObject({ kind: 'error', errorCode: 420 });
  });

  test('with one port no wish can be granted, and there is no other address', async () => {
    const setting = await start(V4, null);
    expect(await ask(setting, first)).toMatchObject({ kind: 'response', otherAddress: null });
    expect(await ask(setting, first, { changePort: true })).toMatchObject({ errorCode: 420 });
    expect(await ask(setting, first, { changeIp: true })).toMatchObject({ from: `${V4[1]}:${PORT}` });
  });

  test('addresses of different networks are no pair: the client may reach one only', async () => {
    const setting = await start([V4[0], '10.1.1.1']);
    expect((await ask(setting, first))?.otherAddress).toBeNull();
    const neighbours = await start(['10.1.1.1', '10.1.1.2']);
    expect((await ask(neighbours, { ip: '10.1.1.1', port: PORT }))?.otherAddress?.ip).toBe('10.1.1.2');
    const strangers = await start(['10.1.1.1', '10.2.2.2']);
    expect((await ask(strangers, { ip: '10.1.1.1', port: PORT }))?.otherAddress).toBeNull();
  });
});

describe('STUN server: what it does not answer', () => {
  test('junk is dropped and counted', async () => {
    const setting = await start([V4[0]]);
    const junk = [
      new Uint8Array(0),
      new Uint8Array([0, 1, 2]),
      new Uint8Array(1_500),
      encodeBindingRequest(ID).subarray(0, 19),
      encodeBindingResponse(ID, { mapped: { ip: '1.2.3.4', port: 5 } }),
      new Uint8Array([...encodeBindingRequest(ID), 1]),
    ];
    expect(await send(setting, first, ...junk)).toEqual([]);
    expect(setting.uses.map(({ what }) => what)).toEqual(junk.map(() => 'error'));
    expect(await ask(setting, first)).toMatchObject({ kind: 'response' });
  });

  test('two of them do not talk to each other for ever', async () => {
    const setting = await start(V4);
    const { lab } = setting;
    const forged = { proto: 'udp', dst: first, src: { ip: V4[1], port: PORT }, ttl: 64 } as const;
    setting.client.send({ ...forged, data: encodeBindingRequest(ID) });
    await lab.advance(1_000);
    expect(setting.uses.map(({ what }) => what)).toEqual(['request', 'error']);
  });

  test('an answer is never three times its request, on the wire', async () => {
    const setting = await start([...V4, ...V6]);
    const requests = [
      encodeBindingRequest(ID),
      encodeBindingRequest(ID, { changeIp: true, changePort: true }),
      ...[1, 2, 8, 32].map((count) => {
        const unknown = Array.from({ length: count }, (_, at) => [0x70, at, 0, 0]).flat();
        const request = new Uint8Array([...encodeBindingRequest(ID), ...unknown]);
        request[3] = unknown.length;
        return request;
      }),
    ];
    for (const [ip, headers] of [
      [V4[0], 28],
      [V6[0], 48],
    ] as const)
      for (const request of requests) {
        const [answer] = await send(setting, { ip, port: PORT }, request);
        const factor = ((answer?.data.length ?? 0) + headers) / (request.length + headers);
        expect(factor).toBeGreaterThan(0);
        expect(factor).toBeLessThan(2.1);
      }
  });

  test('a flood is answered 200 times and then 100 times a second, others as ever', async () => {
    const setting = await start([V4[0]]);
    const flood = Array.from({ length: 5_000 }, () => encodeBindingRequest(ID));
    const answers = await send(setting, first, ...flood);
    expect(answers).toHaveLength(STUN_BURST);
    expect(setting.uses.filter(({ what }) => what === 'refused')).toHaveLength(5_000 - STUN_BURST);
    const later = await send(setting, first, ...flood);
    expect(later.length).toBeLessThanOrEqual(STUN_RATE + 1);
    const other = setting.lab.host({ name: 'other', on: setting.client.nics[0]?.segment ?? [] });
    expect(await ask({ ...setting, client: other }, first)).toMatchObject({ kind: 'response' });
  });
});

describe('STUN server: start and end', () => {
  test('a taken port is an error, and nothing is left open', async () => {
    const { lab, server } = await start([V4[0]]);
    const udp = [{ ip: V4[0], port: 5_000 }];
    const task = { io: server.io, udp, tcp: true, report: () => undefined };
    await expect(lab.run(startStunServer({ ...task, alternatePort: OTHER_PORT }))).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    const again = await lab.run(startStunServer({ ...task, alternatePort: null }));
    await lab.run(again.close());
  });

  test('after its end nothing answers and every port is free', async () => {
    const { lab, server, client } = await start([V4[0]]);
    const udp = [{ ip: V4[0], port: 5_000 }];
    const task = { io: server.io, udp, tcp: true, alternatePort: 5_001, report: () => undefined };
    const running = await lab.run(startStunServer(task));
    await lab.run(running.close());
    expect(await ask({ lab, server, client, uses: [] }, { ip: V4[0], port: 5_000 })).toBeNull();
    await lab.run((await lab.run(startStunServer(task))).close());
  });
});

/** CRC-32 bit by bit, as ISO 3309 has it. */
function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes)
    for (let bit = 0, next = byte; bit < 8; bit++, next >>= 1) {
      const out = (value ^ next) & 1;
      value = (value >>> 1) ^ (out ? 0xedb88320 : 0);
    }
  return ~value >>> 0;
}
