import { describe, expect, test } from 'vitest';
import { createLab, type Lab, type LabHost, type Segment } from '../../../src/lab/index.ts';
import type { ByteStream, StreamReader } from '../../../src/net/io/io.ts';
import {
  STUN_BURST,
  STUN_IDLE,
  STUN_MAX_CONNECTIONS,
  STUN_MAX_CONNECTIONS_PER_ADDRESS,
} from '../../../src/net/limits.ts';
import type { RunningServer, ServerUse } from '../../../src/net/server-use.ts';
import { messageLength } from '../../../src/net/stun/guard.ts';
import { decodeStun, encodeBindingRequest, type StunMessage } from '../../../src/net/stun/message.ts';
import { startStunServer } from '../../../src/net/stun/server.ts';
import { StunConnections } from '../../../src/net/stun/server-tcp.ts';

const PORT = 3478;
const OTHER_PORT = 3479;

interface Setting {
  readonly lab: Lab;
  readonly net: Segment;
  readonly server: LabHost;
  readonly client: LabHost;
  readonly uses: ServerUse[];
  readonly running: RunningServer;
}

async function start(): Promise<Setting> {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 10, subnets: ['203.0.0.0/16'] });
  const server = lab.host({ name: 'server', on: net });
  const client = lab.host({ name: 'client', on: net });
  const uses: ServerUse[] = [];
  const udp = [{ ip: server.ip(), port: PORT }];
  const report = (use: ServerUse) => uses.push(use);
  const task = { io: server.io, udp, alternatePort: OTHER_PORT, tcp: true, report };
  return { lab, net, server, client, uses, running: await lab.run(startStunServer(task)) };
}

class Caller {
  readonly stream: ByteStream;
  /** The server is through with it. */
  closed = false;
  #received: Uint8Array = new Uint8Array(0);

  constructor(stream: ByteStream) {
    this.stream = stream;
    stream.setReader({
      data: (bytes) => {
        this.#received = new Uint8Array(Buffer.concat([this.#received, bytes]));
      },
      ended: () => {
        this.closed = true;
      },
      closed: () => {
        this.closed = true;
      },
      drained: () => undefined,
    });
  }

  /** Everything that came in, as messages. */
  get answers(): StunMessage[] {
    const answers: StunMessage[] = [];
    for (let rest = this.#received; ; ) {
      const length = messageLength(rest);
      if (length === null || rest.length < length) return answers;
      answers.push(decodeStun(rest.subarray(0, length)));
      rest = rest.subarray(length);
    }
  }
}

async function call({ lab, client, server }: Setting, host = client, port = PORT): Promise<Caller> {
  const { signal } = new AbortController();
  return new Caller(await lab.run(host.io.dialTcp(null, { ip: server.ip(), port }, signal)));
}

const request = (byte = 1) => encodeBindingRequest(new Uint8Array(12).fill(byte));

describe('STUN server over TCP', () => {
  test('answers on both ports with the endpoint of the connection', async () => {
    const setting = await start();
    for (const port of [PORT, OTHER_PORT]) {
      const caller = await call(setting, setting.client, port);
      caller.stream.write([request()]);
      await setting.lab.advance(100);
      expect(caller.answers).toMatchObject([
        { kind: 'response', mapped: caller.stream.local, responseOrigin: { port } },
      ]);
    }
    expect(setting.uses.map(({ what }) => what)).toEqual(['connected', 'request', 'connected', 'request']);
  });

  test('messages in one piece and a message in many pieces are answered each', async () => {
    const setting = await start();
    const caller = await call(setting);
    caller.stream.write([request(1), request(2)]);
    for (const byte of request(3)) {
      await setting.lab.advance(20);
      caller.stream.write([new Uint8Array([byte])]);
    }
    await setting.lab.advance(100);
    expect(caller.answers.map(({ transactionId }) => transactionId[0])).toEqual([1, 2, 3]);
  });

  test('an answer cannot come from elsewhere: CHANGE-REQUEST is refused', async () => {
    const setting = await start();
    const caller = await call(setting);
    caller.stream.write([encodeBindingRequest(new Uint8Array(12), { changePort: true })]);
    await setting.lab.advance(100);
    expect(caller.answers).toMatchObject([{ kind: 'error', errorCode: 420 }]);
    expect(caller.closed).toBe(false);
  });

  test('who asks and says goodbye at once is answered still', async () => {
    const setting = await start();
    const caller = await call(setting);
    caller.stream.write([request()]);
    caller.stream.end();
    await setting.lab.advance(100);
    expect(caller.answers).toHaveLength(1);
    expect(caller.closed).toBe(true);
    expect(setting.uses.map(({ what }) => what)).toEqual(['connected', 'request', 'left']);
  });

  test.each<[string, Uint8Array]>([
    ['HTTP', new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n')],
    ['a length of 64 kB', new Uint8Array([0, 1, 0xff, 0xfc])],
    ['another cookie', request().with(4, 0)],
    ['an indication', request().with(1, 0x11)],
  ])('%s ends the connection', async (_, junk) => {
    const setting = await start();
    const caller = await call(setting);
    caller.stream.write([junk, request()]);
    await setting.lab.advance(100);
    expect(caller.closed).toBe(true);
    expect(caller.answers).toEqual([]);
    expect(setting.uses.map(({ what }) => what)).toEqual(['connected', 'error', 'left']);
  });

  test.each<[string, number]>([
    ['nothing', 0],
    ['half a message', 10],
  ])('who sends %s is dropped after 10 s', async (_, length) => {
    const setting = await start();
    const caller = await call(setting);
    caller.stream.write([request().subarray(0, length)]);
    await setting.lab.advance(STUN_IDLE - 100);
    expect(caller.closed).toBe(false);
    await setting.lab.advance(200);
    expect(caller.closed).toBe(true);
  });

  test('a byte every second does not keep a connection, a request every 9 s does', async () => {
    const setting = await start();
    const slow = await call(setting);
    const honest = await call(setting);
    for (let second = 0; second < 19; second++) {
      if (!slow.closed) slow.stream.write([request().subarray(second, second + 1)]);
      if (second % 9 === 0) honest.stream.write([request()]);
      await setting.lab.advance(1_000);
    }
    expect(slow.closed).toBe(true);
    expect(honest.closed).toBe(false);
    expect(honest.answers).toHaveLength(3);
  });

  test('one address has 16 connections, and room again when one leaves', async () => {
    const setting = await start();
    const callers: Caller[] = [];
    for (let count = 0; count <= STUN_MAX_CONNECTIONS_PER_ADDRESS; count++) callers.push(await call(setting));
    await setting.lab.advance(100);
    expect(callers.filter(({ closed }) => closed)).toEqual([callers.at(-1)]);
    expect(setting.uses.at(-1)).toMatchObject({ what: 'refused', detail: 'too many connections' });
    callers[0]?.stream.destroy();
    await setting.lab.advance(100);
    const next = await call(setting);
    next.stream.write([request()]);
    await setting.lab.advance(100);
    expect(next.answers).toHaveLength(1);
  });

  test('all together have 256 connections; UDP goes on', async () => {
    const setting = await start();
    const callers: Caller[] = [];
    for (let host = 0; callers.length <= STUN_MAX_CONNECTIONS; host++) {
      const machine = setting.lab.host({ name: `machine${host}`, on: setting.net });
      for (let count = 0; count < STUN_MAX_CONNECTIONS_PER_ADDRESS; count++)
        callers.push(await call(setting, machine));
    }
    await setting.lab.advance(100);
    expect(callers.filter(({ closed }) => !closed)).toHaveLength(STUN_MAX_CONNECTIONS);
    let answered = false;
    const reader = {
      datagram: () => {
        answered = true;
      },
    };
    const local = { ip: setting.client.ip(), port: 0 };
    const socket = await setting.lab.run(setting.client.io.openUdp(local, reader));
    socket.send(request(), { ip: setting.server.ip(), port: PORT });
    await setting.lab.advance(100);
    expect(answered).toBe(true);
  });

  test('requests beyond the rate end the connection', async () => {
    const setting = await start();
    const caller = await call(setting);
    caller.stream.write(Array.from({ length: STUN_BURST + 50 }, () => request()));
    await setting.lab.advance(100);
    expect(caller.closed).toBe(true);
    expect(setting.uses.filter(({ what }) => what === 'request').length).toBeLessThanOrEqual(STUN_BURST + 20);
    expect(setting.uses.filter(({ what }) => what === 'refused')).toHaveLength(1);
  });

  test('who does not read is dropped before its answers pile up', () => {
    const lab = createLab({ seed: 1 });
    const { io } = lab.host({ name: 'server', on: lab.internet() });
    const readers: (StreamReader | null)[] = [];
    let [written, destroyed] = [0, false];
    const stream: ByteStream = {
      transport: 'tcp',
      local: { ip: '203.0.0.2', port: PORT },
      remote: { ip: '203.0.0.9', port: 5 },
      setReader: (reader) => void readers.push(reader),
      unread: () => undefined,
      write: () => ++written < 3,
      end: () => undefined,
      destroy: () => {
        destroyed = true;
      },
    };
    new StunConnections(io, () => undefined).serve(stream, () => new Uint8Array(1));
    readers[0]?.data(new Uint8Array(Buffer.concat(Array.from({ length: 10 }, () => request()))));
    expect([written, destroyed]).toEqual([3, true]);
  });

  test('its end ends every connection', async () => {
    const setting = await start();
    const caller = await call(setting);
    await setting.lab.run(setting.running.close());
    await setting.lab.advance(100);
    expect(caller.closed).toBe(true);
    await expect(call(setting)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
