import { describe, expect, test } from 'vitest';
import { decodeStun, encodeBindingResponse, encodeErrorResponse } from '../../../src/net/stun/message.ts';
import { STUN_LAGGARDS, STUN_TIMEOUT } from '../../../src/net/timing.ts';
import { familyOf } from '../../../src/net/wire/ip.ts';
import { DELAY, find, honest, liar, list, RTT, rogue, silent, watched, world } from './stun-world.ts';

describe('STUN client: over UDP', () => {
  test('two servers agree on the address in front of a NAT, after one round trip', async () => {
    const w = world();
    const servers = list(await honest(w), await honest(w), await honest(w));
    const { facts, failed, answered, elapsed } = await find(w, servers);
    expect(facts).toEqual([
      {
        interface: 'eth0',
        family: 4,
        inner: w.alice.ip(),
        outer: w.outer,
        transport: 'udp',
        agreed: 2,
        rtt: RTT,
      },
    ]);
    expect(failed).toEqual([]);
    expect(answered).toHaveLength(2);
    expect(answered[0]).toEqual({ server: `${servers[0]?.host}:3478`, rtt: RTT });
    expect(elapsed).toBe(RTT);
  });

  test('both families are asked at once; in IPv6 the own address is the outer one', async () => {
    const w = world();
    const hosts = [await honest(w), await honest(w)];
    for (const [index, host] of hosts.entries()) w.lab.name(`stun${index}.test`, [host.ip(4), host.ip(6)]);
    const { facts, elapsed } = await find(w, list('stun0.test', 'stun1.test'));
    expect(facts.map(({ family, inner, outer }) => [family, inner, outer])).toEqual([
      [4, w.alice.ip(4), w.outer],
      [6, w.alice.ip(6), w.alice.ip(6)],
    ]);
    expect(elapsed).toBe(RTT + w.lab.network.names.delay);
  });

  test('a server of one family is no failure of the other', async () => {
    const w = world();
    const [one, two] = [await honest(w), await honest(w)];
    w.lab.name('one.test', one.ip(4));
    w.lab.name('two.test', two.ip(4));
    const { facts, failed } = await find(w, list('one.test', 'two.test'));
    expect(facts).toHaveLength(1);
    expect(failed).toEqual([]);
  });

  test('one server in the list is enough', async () => {
    const w = world();
    const { facts, elapsed } = await find(w, list(await honest(w)));
    expect(facts).toMatchObject([{ outer: w.outer, agreed: 1 }]);
    expect(elapsed).toBe(RTT);
  });

  test('one dead server changes nothing where there are three', async () => {
    const w = world();
    const dead = await rogue(w, silent);
    const { facts, elapsed } = await find(w, list(dead, await honest(w), await honest(w)));
    expect(facts).toMatchObject([{ outer: w.outer, agreed: 2 }]);
    expect(elapsed).toBe(RTT);
  });

  test('one dead server of two costs 300 ms and is named', async () => {
    const w = world();
    const dead = await rogue(w, silent);
    const { facts, failed, elapsed } = await find(w, list(dead, await honest(w)));
    expect(facts).toMatchObject([{ outer: w.outer, agreed: 1 }]);
    expect(failed).toEqual([{ server: `${dead.ip()}:3478`, reason: 'no answer' }]);
    expect(elapsed).toBe(300);
  });

  test('one that refuses is replaced at once', async () => {
    const w = world();
    const refuse = () => rogue(w, (id) => encodeErrorResponse(id, { code: 500 }));
    const servers = list(await refuse(), await refuse(), await refuse(), await honest(w), await honest(w));
    const { facts, failed, elapsed } = await find(w, servers);
    expect(facts).toMatchObject([{ outer: w.outer, agreed: 2 }]);
    expect(failed.map(({ reason }) => reason)).toEqual(['error 500', 'error 500', 'error 500']);
    expect(elapsed).toBe(2 * RTT);
  });

  test('one lying server changes nothing, and is named', async () => {
    const w = world();
    const bad = await rogue(w, liar);
    const { facts, failed } = await find(w, list(bad, await honest(w), await honest(w)));
    expect(facts).toMatchObject([{ outer: w.outer, agreed: 2 }]);
    expect(failed).toEqual([{ server: `${bad.ip()}:3478`, reason: 'alone in saying 198.18.0.66' }]);
  });

  test('one that lies against one that does not is no fact', async () => {
    const w = world();
    const { facts, answered, failed, elapsed } = await find(w, list(await rogue(w, liar), await honest(w)));
    expect([facts, answered]).toEqual([[], []]);
    expect(failed).toHaveLength(2);
    expect(elapsed).toBe(RTT);
  });

  test('a server of two names has one vote', async () => {
    const w = world();
    const bad = await rogue(w, liar);
    w.lab.name('a.test', bad.ip());
    w.lab.name('b.test', bad.ip());
    const servers = list('a.test', 'b.test', await honest(w), await honest(w));
    const { facts } = await find(w, servers);
    expect(facts).toMatchObject([{ outer: w.outer }]);
  });

  test('a port of a machine where nobody listens does not hide another where somebody does', async () => {
    const w = world();
    const [server] = list(await honest(w));
    const servers = server === undefined ? [] : [{ ...server, port: 9 }, server];
    expect(await find(w, servers)).toMatchObject({ facts: [{ outer: w.outer, agreed: 1 }], elapsed: 300 });
  });

  test('junk and answers from elsewhere do not count', async () => {
    const w = world();
    const server = await honest(w, { extra: 60 });
    const { io } = w.lab.host({ name: 'mallory', on: w.lan });
    const mallory = await w.lab.run(
      io.openUdp({ ip: '192.168.1.3', port: 9 }, { datagram: () => undefined }),
    );
    const lines: Uint8Array[] = [];
    w.lab.network.observe(({ packet, fate, node }) => {
      if (fate !== 'sent' || node !== 'alice' || packet.proto !== 'udp' || familyOf(packet.dst.ip) !== 4)
        return;
      lines.push(packet.data);
      // Someone who sees the request answers sooner, with the right id.
      const { transactionId } = decodeStun(packet.data);
      const lie = encodeBindingResponse(transactionId, { mapped: { ip: '198.18.0.66', port: 6 } });
      for (const data of [lie, new Uint8Array([0, 1, 2]), new Uint8Array(0)]) mallory.send(data, packet.src);
    });
    const { facts } = await find(w, list(server));
    expect(lines.length).toBeGreaterThan(0);
    expect(facts).toMatchObject([{ outer: w.outer }]);
  });

  test('IPv6 that leads nowhere does not cost all the time there is', async () => {
    const w = world();
    const servers = [...list(await honest(w), await honest(w)), ...list('2001:db8:dead::1')];
    const { facts, failed, elapsed } = await find(w, servers);
    expect(facts).toMatchObject([{ family: 4, agreed: 2 }]);
    expect(failed).toEqual([]);
    expect(elapsed).toBe(STUN_LAGGARDS);
  });

  test('a lossy path is a matter of copies', async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const w = world({}, seed);
      w.net.quality = { delay: DELAY, loss: 0.2 };
      const servers = list(await honest(w), await honest(w), await honest(w), await honest(w));
      const { facts, elapsed } = await find(w, servers);
      expect(facts, `seed ${seed}`).toMatchObject([{ outer: w.outer }]);
      expect(elapsed).toBeLessThanOrEqual(STUN_TIMEOUT);
    }
  });

  test('two copies of one answer are one answer', async () => {
    const w = world();
    const twice = await rogue(w, (id, client) => encodeBindingResponse(id, { mapped: client }));
    const { facts } = await find(w, list(twice, twice));
    expect(facts).toMatchObject([{ agreed: 1 }]);
  });
});

describe('STUN client: names', () => {
  test('a name that does not exist fails by its reason and is replaced', async () => {
    const w = world();
    const servers = list('nowhere.test', 'broken.test', await honest(w), await honest(w));
    w.lab.name('broken.test', [], { failure: 'ESERVFAIL' });
    const { facts, failed } = await find(w, servers);
    expect(facts).toMatchObject([{ agreed: 2 }]);
    expect(failed).toEqual([
      { server: 'nowhere.test:3478', reason: 'ENOTFOUND' },
      { server: 'broken.test:3478', reason: 'ESERVFAIL' },
    ]);
  });

  test('a name server that never answers holds nothing up but names', async () => {
    const w = world();
    const servers = list('slow.test', await honest(w), await honest(w));
    const { facts, elapsed } = await find(w, servers, { resolve: () => new Promise(() => undefined) });
    expect(facts).toMatchObject([{ family: 4, agreed: 2 }]);
    // For IPv6 there is no other.
    expect(elapsed).toBe(STUN_LAGGARDS);
  });

  test('nothing but names that have no address: told, at once', async () => {
    const w = world();
    const { facts, failed, elapsed } = await find(w, list('one.test', 'two.test'));
    expect(facts).toEqual([]);
    expect(failed.map(({ reason }) => reason)).toEqual(['ENOTFOUND', 'ENOTFOUND']);
    expect(elapsed).toBeLessThan(100);
  });
});

describe('STUN client: its end', () => {
  test('silence ends with the time given, every socket is closed', async () => {
    const w = world();
    const { io, open } = watched(w.alice.io);
    const servers = list(...(await Promise.all(Array.from({ length: 5 }, () => rogue(w, silent)))));
    const { facts, failed, elapsed } = await find(w, servers, { io, timeout: 1_000 });
    expect(facts).toEqual([]);
    expect(failed).toHaveLength(5);
    expect(new Set(failed.map(({ reason }) => reason))).toEqual(new Set(['ECONNREFUSED']));
    expect(elapsed).toBe(1_000);
    expect(open()).toBe(0);
  });

  test('an abort ends it at once, every socket is closed', async () => {
    const w = world();
    const { io, open } = watched(w.alice.io);
    const stop = new AbortController();
    void w.lab.clock.sleepUntil(w.lab.now() + 450).then(() => stop.abort());
    const { facts, elapsed } = await find(w, list(await rogue(w, silent)), { io, signal: stop.signal });
    expect([facts, elapsed, open()]).toEqual([[], 450, 0]);
    const late = await find(w, list(await honest(w)), { io, signal: stop.signal });
    expect([late.facts, late.elapsed, open()]).toEqual([[], 0, 0]);
  });

  test('a good end closes every socket', async () => {
    const w = world();
    const { io, open } = watched(w.alice.io);
    await find(w, list(await honest(w), await honest(w)), { io });
    expect(open()).toBe(0);
  });
});
