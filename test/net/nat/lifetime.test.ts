/** How long mappings live: seen with a server that answers to another port, in virtual time. */
import { expect, test } from 'vitest';
import { type NatOptions, natPreset } from '../../../src/lab/index.ts';
import { createWorld, type LabWorld } from '../../../src/lab/world.ts';
import { keepaliveFor } from '../../../src/net/mapping-watch.ts';
import { probeLifetime } from '../../../src/net/nat/lifetime.ts';
import { encodeBindingResponse } from '../../../src/net/stun/message.ts';

const SERVER = '203.0.113.250';
const RESPONSE_PORT = 0x0027;

/** A machine that answers to the port that RESPONSE-PORT names (RFC 5780 §7.5), as coturn does. */
async function startObliging({ lab, net }: LabWorld): Promise<void> {
  const { io } = lab.host({ name: 'obliging', on: [{ segment: net, addresses: [SERVER] }] });
  const socket = await io.openUdp(
    { ip: SERVER, port: 3478 },
    {
      failed: () => undefined,
      datagram(data, from) {
        const view = new DataView(data.buffer, data.byteOffset, data.length);
        const isElsewhere = data.length >= 28 && view.getUint16(20) === RESPONSE_PORT;
        const to = { ip: from.ip, port: isElsewhere ? view.getUint16(24) : from.port };
        socket.send(encodeBindingResponse(data.slice(8, 20), { mapped: from }), to);
      },
    },
  );
}

async function lifetimeBehind(nat: NatOptions, servers = [SERVER]) {
  const world = createWorld({ seed: 1, delay: 10, a: { nat }, brokers: 0, ntp: 0, stun: 1 });
  const { lab, a } = world;
  await lab.run(() => startObliging(world));
  const ip = a.nics[0]?.addresses[0]?.ip ?? '';
  const found = probeLifetime({
    io: a.io,
    ip,
    servers: servers.map((host) => ({ ip: host, port: 3478 })),
    signal: new AbortController().signal,
  });
  return lab.run(found, { within: 200_000 });
}

function forgetting(type: 'restrict port' | 'symmetric', udp: number): NatOptions {
  const nat = natPreset(type, type === 'symmetric' ? 'random' : 'equal');
  return { ...nat, timeouts: { ...nat.timeouts, udp } };
}

test.each([
  ['restrict port', 10_000, 0],
  ['restrict port', 20_000, 15_000],
  ['restrict port', 40_000, 30_000],
  ['symmetric', 65_000, 60_000],
  ['restrict port', 600_000, 120_000],
] as const)('a %s NAT that forgets after %i ms is seen to remember for %i', async (type, udp, atLeast) => {
  expect(await lifetimeBehind(forgetting(type, udp))).toMatchObject({ atLeast });
});

test('a server that does not answer to other ports is passed over; where none does nothing is known', async () => {
  const nat = forgetting('restrict port', 20_000);
  expect(await lifetimeBehind(nat, ['203.0.113.77', SERVER])).toMatchObject({ atLeast: 15_000 });
  expect(await lifetimeBehind(nat, ['203.0.113.77'])).toBeNull();
});

test('keep-alive: well before a mapping dies, never more often than every 5 s nor less than every 45', () => {
  expect(keepaliveFor(null)).toBe(9_000);
  expect(keepaliveFor(0)).toBe(5_000);
  expect(keepaliveFor(15_000)).toBe(9_000);
  expect(keepaliveFor(30_000)).toBe(18_000);
  expect(keepaliveFor(120_000)).toBe(45_000);
});
