import { expect, test } from 'vitest';
import { createLab, EPOCH, type Lab, type LabHost, natPreset } from '../../src/lab/index.ts';
import type { HttpAnswer } from '../../src/net/io/io.ts';
import type { Endpoint } from '../../src/net/wire/endpoint.ts';

const never = new AbortController().signal;
const utf8 = (text: string) => new TextEncoder().encode(text);

function world() {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 20, subnets: ['203.0.113.0/24', '2001:db8:1::/64'] });
  const home = lab.lan();
  const router = lab.router({ wan: net, lans: [home], nat: natPreset('restrict port', 'equal') });
  const server = lab.host({ name: 'server', on: net });
  return { lab, net, router, server, client: lab.host({ name: 'client', on: home }) };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const [outcome] = await Promise.allSettled([work]);
  return outcome.status === 'rejected' ? String(outcome.reason.code) : 'fine';
}

/** The first answer to a datagram. */
function ask(lab: Lab, host: LabHost, server: Endpoint, request: Uint8Array): Promise<Buffer> {
  return lab.run(
    new Promise<Buffer>((resolve, reject) => {
      const reader = { datagram: (data: Uint8Array) => resolve(Buffer.from(data)), failed: reject };
      void host.io
        .openUdp({ ip: server.ip.includes(':') ? '::' : '0.0.0.0', port: 0 }, reader)
        .then((udp) => {
          udp.send(request, server);
        });
    }),
    { within: 3_000 },
  );
}

test('names: each family has its addresses, and what is not known fails as a resolver does', async () => {
  const { lab, client } = world();
  lab.name('both.example', ['203.0.113.9', '2001:db8:1::9'], { delay: 30 });
  lab.name('broken.example', [], { failure: 'ESERVFAIL' });
  const look = (name: string, family: 4 | 6 = 4) => lab.run(client.io.lookup(name, family, never));
  expect(await look('both.example')).toEqual(['203.0.113.9']);
  expect(lab.now()).toBe(30);
  expect(await look('both.example', 6)).toEqual(['2001:db8:1::9']);
  lab.name('four.example', '203.0.113.9');
  expect(await codeOf(look('four.example', 6))).toBe('ENODATA');
  expect(await codeOf(look('none.example'))).toBe('ENOTFOUND');
  expect(await codeOf(look('broken.example'))).toBe('ESERVFAIL');
});

test('names: without a route they are refused at once, without an answer given up in time', async () => {
  const { lab, client } = world();
  lab.name('a.example', '203.0.113.9');
  const look = (host: LabHost) => codeOf(lab.run(host.io.lookup('a.example', 4, never)));
  expect(await look(lab.host({ name: 'island', on: lab.lan() }))).toBe('ECONNREFUSED');
  expect(lab.now()).toBe(0);
  lab.network.names.silent = true;
  lab.network.names.timeout = 900;
  expect(await look(client)).toBe('ETIMEOUT');
  expect(lab.now()).toBe(900);
  lab.network.names.silent = false;
  lab.plug(client.nic('eth0'), false);
  expect(await look(client)).toBe('ETIMEOUT');
  expect(lab.now()).toBe(1_800);
  const given = new AbortController();
  lab.clock.after(10, () => given.abort());
  expect(await codeOf(lab.run(client.io.lookup('a.example', 4, given.signal)))).toBe('ECANCELLED');
});

test('datagrams: what cannot leave is told to the reader, and never thrown', async () => {
  const { lab } = world();
  const island = lab.host({ name: 'island', on: lab.lan({ subnets: ['10.1.0.0/24', 'fd00:1::/64'] }) });
  const send = async (local: string, ip: string) =>
    codeOf(ask(lab, island, { ip, port: 9 }, utf8(local)).then(() => undefined));
  expect(await send('0.0.0.0', '203.0.113.1')).toBe('ENETUNREACH');
  expect(await send('::', '2001:db8::1')).toBe('ENETUNREACH');
  expect(await send('::', 'fe80::1')).toBe('EHOSTUNREACH');
});

test('datagrams: a closed socket sends nothing and tells nothing', async () => {
  const { lab, client } = world();
  const told: Error[] = [];
  const udp = await client.io.openUdp(
    { ip: '0.0.0.0', port: 0 },
    { datagram: () => undefined, failed: (e) => told.push(e) },
  );
  udp.send(utf8('x'), { ip: '2001:db8::1', port: 9 });
  udp.close();
  const lines = lab.trace();
  udp.send(utf8('x'), { ip: '203.0.113.1', port: 9 });
  await lab.advance(100);
  expect([told, lines]).toEqual([[], []]);
});

test('http: a GET by name brings status, headers and body; longer ones than allowed are refused', async () => {
  const { lab, client, server, router } = world();
  lab.name('info.example', server.ip());
  const seen: string[] = [];
  const answer = ({ path, remote }: { path: string; remote: Endpoint }): HttpAnswer => {
    seen.push(`${path} ${remote.ip}`);
    return { status: path === '/' ? 404 : 200, headers: { 'x-test': 'y' }, body: utf8('0123456789') };
  };
  const listener = await server.io.serveHttp({ ip: '0.0.0.0', port: 5380 }, answer);
  const get = (path: string, limit: number) =>
    lab.run(client.io.httpGet(`http://info.example:5380${path}`, limit, never));
  const found = await get('/servers.json?nonce=1', 10);
  expect([found.status, found.headers['x-test'], String(Buffer.from(found.body))]).toEqual([
    200,
    'y',
    '0123456789',
  ]);
  expect((await get('/', 10)).status).toBe(404);
  await expect(get('/x', 9)).rejects.toThrow('more than 9 bytes');
  expect(seen).toEqual(['/servers.json?nonce=1', '/', '/x'].map((path) => `${path} ${router.outerIps[0]}`));
  await listener.close();
  expect(await codeOf(get('/', 10))).toBe('ECONNREFUSED');
});

test('stun: the server tells the outer address, another one, or nothing', async () => {
  const { lab, client, server, router } = world();
  const stun = lab.stunServer({ host: server, name: 'stun.example' });
  const request = Buffer.alloc(20);
  request.writeUInt16BE(1, 0);
  request.writeUInt32BE(0x2112a442, 4);
  request.fill(7, 8);
  const endpoint = { ip: server.ip(), port: 3478 };
  const mapped = async () => {
    const answer = await ask(lab, client, endpoint, request);
    expect(answer.subarray(8, 20)).toEqual(request.subarray(8, 20));
    return [0, 1, 2, 3].map((i) => (answer[28 + i] ?? 0) ^ (request[4 + i] ?? 0)).join('.');
  };
  expect(await mapped()).toBe(router.outerIps[0]);
  stun.behaviour = { lies: '192.0.2.66' };
  expect(await mapped()).toBe('192.0.2.66');
  stun.behaviour = { silent: true };
  await expect(mapped()).rejects.toThrow('nothing is left');
  expect(stun.requests).toBe(3);
  expect(await lab.run(client.io.lookup('stun.example', 4, never))).toEqual([server.ip()]);
});

test('ntp: the server echoes the cookie and tells its own time', async () => {
  const { lab, client, server } = world();
  lab.ntpServer({ host: server, offset: 250 });
  const request = Buffer.alloc(48);
  request.writeUInt8(0x23, 0);
  request.fill(9, 40);
  const answer = await ask(lab, client, { ip: server.ip(), port: 123 }, request);
  expect(answer.subarray(24, 32)).toEqual(request.subarray(40, 48));
  const seconds = answer.readUInt32BE(32) + answer.readUInt32BE(36) / 2 ** 32;
  expect(seconds * 1_000 - 2_208_988_800_000).toBeCloseTo(EPOCH + 20 + 250, 1);
  expect([answer.readUInt8(0) & 7, answer.readUInt8(1)]).toEqual([4, 10]);
});
