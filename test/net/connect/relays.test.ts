/** Which TURN server is asked for what, and in which order: with servers of the tests and our own, in virtual time. */
import { expect, test } from 'vitest';
import { createLab, type LabHost } from '../../../src/lab/index.ts';
import { Relays } from '../../../src/net/connect/relays.ts';
import { createResolver } from '../../../src/net/resolve.ts';
import type { TurnServer as Known } from '../../../src/net/servers.ts';
import { startStunServer } from '../../../src/net/stun/server.ts';
import { limitedCredentials } from '../../../src/net/turn/credentials.ts';
import { isTurn } from '../../../src/net/turn/message.ts';
import { TurnServer } from '../../../src/net/turn/server.ts';
import { LabTurnServer, TURN_USER } from '../../lab/turn-server.ts';

const SECRET = new Uint8Array(32).fill(9);
const PORT = 3478;

async function place() {
  const lab = createLab({ seed: 1 });
  const net = lab.internet({ delay: 10, subnets: ['203.0.113.0/24', '2001:db8:ffff::/64'] });
  const host = (name: string) => lab.host({ name, on: net });
  const [a, tcpHost, udpHost, silent] = [host('a'), host('tcp'), host('udp'), host('silent')];
  const udp = new LabTurnServer({
    io: udpHost.io,
    at: { ip: udpHost.ip(), port: PORT },
    otherIp: udpHost.ip(6),
  });
  await lab.run(udp.start());
  const tcp = ownServer(tcpHost);
  await lab.run(tcp.start());
  const url = (at: LabHost, query = '') => ({ url: `turn:${at.ip()}:${PORT}${query}`, ...TURN_USER });
  const credentials = limitedCredentials(SECRET, a.io.wallClock() / 1000 + 3_600, 'ab');
  const ours = { ...url(tcpHost, '?transport=tcp'), ...credentials };
  const relaysOf = (...servers: readonly Known[]) =>
    new Relays({ io: a.io, servers, resolve: createResolver(a.io) });
  const open = async (relays: Relays, pipe = 'p', peers = ['203.0.113.200']) => {
    const began = lab.now();
    const { signal } = new AbortController();
    const nothing = () => undefined;
    const wanted = { pipe, peers, families: [4, 6] as const, arrived: nothing, lost: nothing, signal };
    const { address } = await lab.run(relays.open(wanted));
    return { ...address, took: lab.now() - began };
  };
  return { lab, udp, tcp, udpHost, tcpHost, silent, url, ours, relaysOf, open };
}

/** As `serve` has it. */
function ownServer(host: LabHost) {
  const { io } = host;
  const at = { ip: host.ip(), port: PORT };
  const turn = new TurnServer({ io, secret: SECRET, report: () => undefined });
  const others = { takes: isTurn, serve: turn.serve.bind(turn) };
  const task = { io, udp: [at], alternatePort: null, tcp: true, report: () => undefined, others };
  return { turn, start: () => startStunServer(task) };
}

test('relays: a TCP allocation of any server comes before one of UDP, wherever it stands', async () => {
  const { udpHost, tcpHost, url, ours, relaysOf, open } = await place();
  const relays = relaysOf(url(udpHost, '?transport=udp'), url(udpHost, '?transport=tcp'), ours);
  expect(await open(relays)).toMatchObject({ ip: tcpHost.ip(), transport: 'tcp' });
});

test('relays: where none relays TCP it is UDP by UDP, or on the connection that is there; the next time at once', async () => {
  const { udpHost, udp, url, relaysOf, open } = await place();
  const both = relaysOf(url(udpHost, '?transport=tcp'), url(udpHost, '?transport=udp'));
  expect(await open(both)).toMatchObject({ ip: udpHost.ip(), transport: 'udp' });
  const one = relaysOf(url(udpHost, '?transport=tcp'));
  // TCP, the challenge, the refusal, the allocation and the permission, 20 ms each.
  expect((await open(one)).took).toBeLessThanOrEqual(104);
  udp.seen.length = 0;
  expect((await open(one, 'q')).took).toBeLessThanOrEqual(64);
  expect(udp.seen).toEqual(['allocate', 'create-permission']);
});

test('relays: a URL without a transport is asked over TCP, and where nobody is there over UDP', async () => {
  const { lab, silent, url, relaysOf, open } = await place();
  const udp = new LabTurnServer({ io: silent.io, at: { ip: silent.ip(), port: PORT }, tcp: false });
  await lab.run(udp.start());
  expect(await open(relaysOf(url(silent)))).toMatchObject({ ip: silent.ip(), transport: 'udp' });
});

test('relays: what each server said is told when none grants anything, and nobody is asked twice in vain', async () => {
  const { udpHost, silent, udp, url, ours, relaysOf, open } = await place();
  const wrong = { ...url(udpHost, '?transport=tcp'), credential: 'guess' };
  const relays = relaysOf(wrong, { ...ours, credential: 'guess' }, url(silent, '?transport=udp'));
  await expect(open(relays)).rejects.toThrow(
    /username or password \(401\); .*username or password \(401\); .*does not answer$/,
  );
  expect(udp.seen.filter((method) => method === 'allocate')).toHaveLength(2);
});

test('relays: of the family that the peer has', async () => {
  const { udpHost, url, relaysOf, open } = await place();
  const relays = relaysOf(url(udpHost, '?transport=udp'));
  expect(await open(relays, 'p', ['2001:db8:ffff::77'])).toMatchObject({ ip: udpHost.ip(6) });
  expect(await open(relays, 'q', ['2001:db8:ffff::77', '203.0.113.9'])).toMatchObject({ ip: udpHost.ip() });
});

test('relays: all are given back at the end', async () => {
  const { lab, udpHost, udp, tcp, url, ours, relaysOf, open } = await place();
  const [one, other] = [relaysOf(url(udpHost, '?transport=udp')), relaysOf(ours)];
  await open(one);
  await open(one, 'q');
  await open(other);
  expect([udp.allocations, tcp.turn.allocations]).toEqual([2, 1]);
  one.settle('p', true);
  await lab.run(Promise.all([one.stop(), other.stop()]));
  await lab.advance(100);
  expect([udp.allocations, tcp.turn.allocations]).toEqual([0, 0]);
});
