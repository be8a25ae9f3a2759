import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { identityOf, verifySignature } from '../../src/net/identity.ts';
import {
  InfoAnswers,
  type Offer,
  outwardAddresses,
  serversFor,
  startInfoServer,
} from '../../src/net/info-server.ts';
import type { Io } from '../../src/net/io/io.ts';
import { createNodeIo } from '../../src/net/io/node-io.ts';
import { INFO_BURST, INFO_TOTAL_BURST } from '../../src/net/limits.ts';
import type { ServerUse } from '../../src/net/server-use.ts';
import { signedServers } from '../../src/net/via.ts';

const node = createNodeIo();
const identity = identityOf(new Uint8Array(32).fill(5));
const OFFER: Offer = {
  addresses: ['192.168.1.5', '2001:db8::5', '10.0.0.5', '127.0.0.1', '::1'],
  ports: { mqtt: 1883, stun: 3478, ntp: 10123, pnp: null },
  publicKey: '',
};

function infoLab(offer = OFFER) {
  const uses: ServerUse[] = [];
  let now = 0;
  const io: Io = { ...node, now: () => now };
  const answers = new InfoAnswers({
    io,
    identity,
    servers: (reached) => serversFor(offer, reached),
    health: () => ({ status: 'ok', uptime: 3 }),
    report: (use) => uses.push(use),
  });
  const ask = (path: string, ip = '192.168.1.9', reached = '192.168.1.5') =>
    answers.answer({ path, local: { ip: reached, port: 5380 }, remote: { ip, port: 50_000 } });
  const advance = (ms: number) => {
    now += ms;
  };
  return { answers, ask, uses, advance };
}

describe('info server: what is offered', () => {
  test('info server: the address by which the caller came stands first, loopback nowhere', () => {
    const hosts = (reached: string | null) => serversFor(OFFER, reached).stun.map(({ host }) => host);
    expect(hosts('10.0.0.5')).toEqual(['10.0.0.5', '192.168.1.5', '2001:db8::5']);
    expect(hosts('2001:db8::5')).toEqual(['2001:db8::5', '192.168.1.5', '10.0.0.5']);
    for (const reached of ['127.0.0.1', '::1', null, '203.0.113.99'])
      expect(hosts(reached)).toEqual(['192.168.1.5', '2001:db8::5', '10.0.0.5']);
  });

  test('info server: a machine that has nothing but loopback offers that', () => {
    const alone = { ...OFFER, addresses: ['127.0.0.1', '::1'] };
    expect(serversFor(alone, '::1').mqtt).toEqual(['mqtt://[::1]:1883', 'mqtt://127.0.0.1:1883']);
    expect(outwardAddresses(alone.addresses)).toEqual(alone.addresses);
  });

  test('info server: only what runs, and of many addresses eight', () => {
    const addresses = Array.from({ length: 30 }, (_, i) => `192.0.2.${i}`);
    const list = serversFor(
      { addresses, ports: { mqtt: null, stun: 9, ntp: null, pnp: null }, publicKey: '' },
      '192.0.2.29',
    );
    expect(list).toEqual({
      stun: ['192.0.2.29', ...addresses.slice(0, 7)].map((host) => ({ host, port: 9, tcp: true })),
      mqtt: [],
      ntp: [],
      turn: [],
      pnp: [],
    });
  });
});

describe('info server: pages', () => {
  test('info server: /servers.json is in the shape of a --servers file and signed over the nonce', () => {
    const { ask, uses } = infoLab();
    const nonce = 'ab'.repeat(16);
    const { status, headers, body } = ask(`/servers.json?nonce=${nonce}`);
    expect(status).toBe(200);
    expect(JSON.parse(Buffer.from(body).toString())).toEqual({
      stun: ['192.168.1.5', '2001:db8::5', '10.0.0.5'].map((host) => ({ host, port: 3478, tcp: true })),
      mqtt: ['mqtt://192.168.1.5:1883', 'mqtt://[2001:db8::5]:1883', 'mqtt://10.0.0.5:1883'],
      ntp: ['192.168.1.5:10123', '[2001:db8::5]:10123', '10.0.0.5:10123'],
      turn: [],
      pnp: [],
    });
    expect(headers['p2pd-demo-key']).toBe(Buffer.from(identity.publicKey).toString('hex'));
    const signature = Buffer.from(headers['p2pd-demo-signature'] ?? '', 'hex');
    const signed = Buffer.concat([Buffer.from('p2pd-demo servers 1\0'), Buffer.from(nonce, 'hex'), body]);
    expect(verifySignature(identity.publicKey, signed, signature)).toBe(true);
    expect(signedServers(Buffer.from(nonce, 'hex'), body)).toEqual(new Uint8Array(signed));
    expect(uses).toEqual([{ kind: 'info', client: '192.168.1.9', what: 'request' }]);
  });

  test('info server: /health, and nothing else', () => {
    const { ask, uses } = infoLab();
    expect(JSON.parse(Buffer.from(ask('/health').body).toString())).toEqual({ status: 'ok', uptime: 3 });
    const wrong = [
      '/',
      '/servers.json/',
      '/servers.json?nonce=',
      `/servers.json?nonce=${'ab'.repeat(17)}`,
      '/servers.json?nonce=zz',
      '/servers.json?x=1',
      '//servers.json',
      '/servers_json',
      'http://192.168.1.5/servers.json',
      '/../../etc/passwd',
    ];
    for (const path of wrong) expect(ask(path).status).toBe(404);
    expect(uses.filter(({ what }) => what === 'error')).toHaveLength(wrong.length);
    expect(JSON.stringify(uses)).not.toContain('passwd');
  });

  test('info server: questions of one address have a rate, and so have all together', () => {
    const { ask, uses, advance } = infoLab();
    const statuses = Array.from({ length: INFO_BURST + 1 }, () => ask('/health').status);
    expect(statuses).toEqual([...new Array<number>(INFO_BURST).fill(200), 503]);
    expect(ask('/health', '192.168.1.10').status).toBe(200);
    advance(1_000);
    expect(ask('/health').status).toBe(200);
    const crowd = Array.from({ length: 600 }, (_, i) => ask('/health', `10.${i >> 8}.${i & 255}.1`).status);
    expect(crowd.filter((status) => status === 200).length).toBeLessThanOrEqual(INFO_TOTAL_BURST);
    expect(uses.at(-1)).toMatchObject({ what: 'refused', detail: 'too many questions' });
  });
});

describe('info server: strangers on its port', () => {
  test('info server: junk, bodies, huge headers and the half of a question end, and it lives on', async () => {
    const { answers } = infoLab({ ...OFFER, addresses: ['127.0.0.1'] });
    let port = 0;
    const io: Io = {
      ...node,
      serveHttp: async (local, answer) => {
        const listener = await node.serveHttp(local, answer);
        port = listener.local.port;
        return listener;
      },
    };
    const server = await startInfoServer({ io, local: { ip: '127.0.0.1', port: 0 }, answers });
    const junk = [
      'POST /servers.json HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello',
      'CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET /servers.json HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
      `GET /${'a'.repeat(10_000)} HTTP/1.1\r\n\r\n`,
      `GET / HTTP/1.1\r\nhost: x\r\n${'y: z\r\n'.repeat(5_000)}\r\n`,
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      'GET /servers.json HTTP/1.1\r\nhost: ',
      '',
    ];
    const sockets = junk.map((text) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.resume();
      socket.write(text, 'latin1');
      return once(socket, 'close');
    });
    const slow = connect(port, '127.0.0.1');
    slow.on('error', () => undefined);
    slow.resume();
    const trickle = setInterval(() => slow.write('x'), 200);
    await Promise.all([...sockets, once(slow, 'close')]);
    clearInterval(trickle);
    const answer = await io.httpGet(`http://127.0.0.1:${port}/health`, 1_000, AbortSignal.timeout(5_000));
    expect(answer.status).toBe(200);
    await server.close();
  });
});
