import { describe, expect, test } from 'vitest';
import { natPreset } from '../../../src/lab/index.ts';
import type { ByteStream, InterfaceAddress } from '../../../src/net/io/io.ts';
import { encodeBindingResponse } from '../../../src/net/stun/message.ts';
import { routesOf } from '../../../src/net/stun/route.ts';
import { STUN_TIMEOUT } from '../../../src/net/timing.ts';
import {
  ANY,
  find,
  fresh,
  honest,
  list,
  nicOf,
  noop,
  PORT,
  RTT,
  tcpOnly,
  watched,
  world,
} from './stun-world.ts';

describe('STUN client: over TCP', () => {
  test('where UDP brings nothing within 400 ms it is asked over TCP', async () => {
    const w = world();
    const hosts = [await tcpOnly(w), await tcpOnly(w), await tcpOnly(w)];
    const { facts, failed, elapsed } = await find(w, list(...hosts));
    expect(facts).toMatchObject([{ outer: w.outer, transport: 'tcp', agreed: 2, rtt: RTT }]);
    expect(failed).toEqual([]);
    expect(elapsed).toBe(400 + 2 * RTT);
  });

  test('only servers that offer it are asked over TCP', async () => {
    const w = world();
    const [server] = list(await tcpOnly(w));
    const { facts, failed, elapsed } = await find(w, server ? [{ ...server, tcp: false }] : []);
    expect(facts).toEqual([]);
    expect(failed).toMatchObject([{ reason: 'no answer' }]);
    expect(elapsed).toBe(STUN_TIMEOUT);
  });

  test('an answer over UDP that is late but first wins', async () => {
    const w = world();
    const servers = list(await honest(w, { extra: 390 }), await honest(w, { extra: 400 }));
    const { facts, elapsed } = await find(w, servers);
    expect(facts).toMatchObject([{ transport: 'udp', agreed: 2, rtt: RTT + 390 }]);
    expect(elapsed).toBe(RTT + 400);
  });

  test('a server that accepts and is silent, closes or talks nonsense is none', async () => {
    const w = world();
    const odd = async (talk: (stream: ByteStream) => void) => {
      const host = w.lab.host({ name: fresh('odd'), on: w.net });
      await host.io.listenTcp({ ip: host.ip(), port: PORT }, (stream) => {
        stream.setReader({ data: () => talk(stream), ended: noop, closed: noop, drained: noop });
      });
      return host;
    };
    const hosts = [
      await odd(noop),
      await odd((stream) => stream.end()),
      await odd((stream) => stream.write([new Uint8Array([0xff, 0xff])])),
      await odd((stream) => stream.write([encodeBindingResponse(new Uint8Array(12), { mapped: ANY })])),
      await tcpOnly(w),
      await tcpOnly(w),
    ];
    const { io, open } = watched(w.alice.io);
    const { facts, failed } = await find(w, list(...hosts), { io });
    expect(facts).toMatchObject([{ outer: w.outer, transport: 'tcp', agreed: 2 }]);
    expect(failed.map(({ reason }) => reason)).toEqual([
      'closed without an answer',
      'STUN type: its top bits are not 0',
      'answer of another request',
    ]);
    expect(open()).toBe(0);
  });
});

describe('STUN client: where it asks from', () => {
  test('without a network it knows at once', async () => {
    const w = world();
    const { lab } = w;
    const alone = lab.host({ name: 'alone', on: lab.lan() });
    const { facts, failed, elapsed } = await find(
      { ...w, alice: alone },
      list('203.0.113.9', '203.0.113.10'),
    );
    expect(facts).toEqual([]);
    expect(failed.map(({ reason }) => reason)).toEqual(['ENETUNREACH', 'ENETUNREACH']);
    expect(elapsed).toBe(0);
  });

  test('without an interface, and without a server', async () => {
    const w = world();
    const { failed, elapsed } = await find(w, list('203.0.113.9'), { interfaces: [] });
    expect(failed).toMatchObject([{ reason: 'no interface has an address' }]);
    expect(elapsed).toBe(0);
    expect(await find(w, [])).toMatchObject({ facts: [], answered: [], failed: [], elapsed: 0 });
  });

  test('each interface has a fact of its own', async () => {
    const w = world();
    const second = w.lab.lan({ subnets: ['192.168.9.0/24'] });
    const router = w.lab.router({ wan: w.net, lans: [second], nat: natPreset('full cone', 'equal') });
    const two = w.lab.host({ name: 'two', on: [w.lan, second] });
    const { facts } = await find({ ...w, alice: two }, list(await honest(w), await honest(w)));
    expect(facts.map((fact) => [fact.interface, fact.family, fact.outer])).toEqual([
      ['eth0', 4, w.outer],
      ['eth1', 4, router.outerIps[0]],
    ]);
  });

  test('a server on the LAN is asked from its interface only', async () => {
    const w = world();
    const bare = w.lab.lan({ subnets: ['10.7.0.0/24'] });
    const two = w.lab.host({ name: 'two', on: [w.lan, bare] });
    const server = await honest({ ...w, net: bare }, { families: [4] });
    const { facts, elapsed } = await find({ ...w, alice: two }, list(server));
    expect(facts).toMatchObject([{ interface: 'eth1', inner: '10.7.0.2', outer: '10.7.0.2', agreed: 1 }]);
    expect(elapsed).toBe(0);
  });

  test.each<[string, readonly Partial<InterfaceAddress>[], string | null]>([
    [
      'global before private',
      [
        { ip: '10.0.0.1', reach: 'private' },
        { ip: '203.0.113.5', reach: 'global' },
      ],
      '203.0.113.5',
    ],
    ['private before unique-local', [{ ip: 'fd00::1', reach: 'unique-local', family: 6 }], 'fd00::1'],
    ['never link-local', [{ ip: '169.254.1.1', reach: 'link-local' }], null],
    ['never loopback', [{ ip: '127.0.0.1', reach: 'loopback' }], null],
  ])('%s', (_, addresses, ip) => {
    const nic = nicOf(addresses);
    expect(routesOf([nic]).map((route) => route.ip)).toEqual(ip === null ? [] : [ip]);
  });

  test('from a loopback interface only servers on loopback are asked, and from others none of those', () => {
    const lo = nicOf([{ ip: '127.0.0.1', reach: 'loopback', prefix: 8 }], 'loopback');
    const eth = nicOf([{ ip: '10.0.0.1', reach: 'private' }]);
    const accepts = (server: string) => routesOf([lo, eth]).map((route) => route.accepts(server));
    expect(accepts('127.0.0.1')).toEqual([true, false]);
    expect(accepts('127.8.8.8')).toEqual([true, false]);
    expect(accepts('203.0.113.1')).toEqual([false, true]);
    expect(accepts('169.254.1.1')).toEqual([false, false]);
    expect(accepts('224.0.0.1')).toEqual([false, false]);
    expect(accepts('2001:db8::1')).toEqual([false, false]);
  });

  test('an address that went away since is left out', async () => {
    const w = world();
    const gone = nicOf([{ ip: '10.99.0.1', reach: 'private' }]);
    const interfaces = [gone, ...(await w.alice.io.interfaces())];
    const { facts } = await find(w, list(await honest(w), await honest(w)), { interfaces });
    expect(facts).toMatchObject([{ interface: 'eth0', family: 4 }]);
  });
});
