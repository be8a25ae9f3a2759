/** Ports at a router in virtual time: renewed, refused, of no use, given back, left by a crash. */
import { expect, test } from 'vitest';
import type { NodeEvent, OuterFact } from '../../../src/net/events.ts';
import '../../../src/net/portmap/map.ts';
import { createLab } from '../../../src/lab/index.ts';
import { MappedPorts } from '../../../src/net/mapped-ports.ts';
import { ipToBytes } from '../../../src/net/wire/ip.ts';
import { Reader } from '../../../src/net/wire/reader.ts';
import { Writer } from '../../../src/net/wire/writer.ts';

interface Asked {
  readonly internal: number;
  readonly lifetime: number;
}

/** A router that speaks NAT-PMP alone (RFC 6886). */
async function street(ip: string, files: Map<string, string> = new Map()) {
  const lab = createLab({ seed: 9 });
  const lan = lab.lan({ subnets: ['192.168.1.0/24'], linkLocal: false, delay: 1 });
  const [a, gateway] = [lab.host({ name: 'a', on: lan }), lab.host({ name: 'gateway', on: lan })];
  const [nics, [own]] = [await a.io.interfaces(), await gateway.io.interfaces()];
  const at = own?.addresses[0]?.ip ?? '';
  const router = { ip, result: 0, asked: [] as Asked[] };
  const socket = await gateway.io.openUdp(
    { ip: at, port: 5351 },
    {
      datagram(bytes, from) {
        const reader = new Reader(bytes);
        const [version, operation] = [reader.u8('version'), reader.u8('operation')];
        const answer = new Writer()
          .u8(0)
          .u8(128 | operation)
          .u16(version === 0 ? router.result : 1)
          .u32(1);
        if (version === 0 && operation === 0) answer.bytes(ipToBytes(router.ip) ?? new Uint8Array(4));
        if (version === 0 && operation === 2) {
          reader.u16('reserved');
          const [internal, , lifetime] = [reader.u16('port'), reader.u16('port'), reader.u32('lifetime')];
          router.asked.push({ internal, lifetime });
          answer
            .u16(internal)
            .u16(lifetime === 0 ? 0 : 20_002)
            .u32(lifetime);
        }
        socket.send(answer.finish(), from);
      },
    },
  );
  const events: NodeEvent[] = [];
  const outer: OuterFact[] = [];
  const over = new AbortController();
  const open = (port = 10_001) =>
    new MappedPorts({
      io: a.io,
      node: 'n',
      interfaces: () => nics.map((nic) => ({ ...nic, gateways: { 4: at, 6: null } })),
      port: () => port,
      outer: () => outer,
      files: {
        read: async (name) => files.get(name) ?? null,
        write: async (name, text) => void files.set(name, text),
      },
      file: 'portmap-0.json',
      emit: (event) => events.push(event),
      changed: () => undefined,
      signal: over.signal,
    });
  const steps = () =>
    events.flatMap((event) => (event.event === 'step' ? [[event.state, event.detail]] : []));
  return { lab, router, outer, over, open, steps, files, at };
}

test('mapped ports: told with the port that the router gave, renewed every five minutes, given back', async () => {
  const { lab, router, open, steps, files } = await street('203.0.113.7');
  const ports = open();
  void ports.start();
  await lab.advance(10_000);
  expect(steps()).toEqual([
    ['start', undefined],
    ['ok', '203.0.113.7:20002 by NAT-PMP'],
  ]);
  expect(ports.facts).toMatchObject([{ family: 4, external: { ip: '203.0.113.7', port: 20_002 } }]);
  expect(files.get('portmap-0.json')).toContain('"protocol":"nat-pmp"');
  await lab.advance(300_000);
  expect(router.asked).toEqual(Array(2).fill({ internal: 10_001, lifetime: 3_600 }));
  await lab.run(ports.stop());
  expect(router.asked.at(-1)).toEqual({ internal: 10_001, lifetime: 0 });
  expect(files.get('portmap-0.json')).toBe('[]\n');
});

test('mapped ports: behind another NAT it is told and not given to others', async () => {
  const { lab, open, steps } = await street('100.64.0.9');
  const ports = open();
  void ports.start();
  await lab.advance(10_000);
  expect(steps().at(-1)).toEqual(['failed', '100.64.0.9:20002 by NAT-PMP, of no use: behind another NAT']);
  expect(ports.facts).toEqual([]);
});

test('mapped ports: where servers see another address the router is not the last NAT', async () => {
  const { lab, outer, open } = await street('203.0.113.7');
  const ports = open();
  void ports.start();
  await lab.advance(10_000);
  const seen = { interface: 'eth0', family: 4, transport: 'udp', agreed: 2, rtt: 9 } as const;
  outer.push({ ...seen, inner: '192.168.1.2', outer: '203.0.113.99' });
  expect(ports.facts).toEqual([]);
  outer.push({ ...seen, inner: '192.168.1.2', outer: '203.0.113.7' });
  expect(ports.facts).toHaveLength(1);
});

test('mapped ports: a refusal is told once, and asked again after a minute, two, four', async () => {
  const { lab, router, open, steps, at } = await street('203.0.113.7');
  router.result = 2;
  const ports = open();
  void ports.start();
  await lab.advance(400_000);
  expect(steps()).toEqual([
    ['start', undefined],
    ['failed', `${at}: PCP: no answer; NAT-PMP: the router does not allow mappings; UPnP: no answer`],
  ]);
  expect(router.asked).toHaveLength(3);
  router.result = 0;
  await lab.advance(200_000);
  expect(ports.facts).toHaveLength(1);
});

test('mapped ports: what a crashed program held for another port is given back', async () => {
  const files = new Map<string, string>();
  const first = await street('203.0.113.7', files);
  void first.open(10_001).start();
  await first.lab.advance(10_000);
  first.over.abort();
  const second = await street('203.0.113.7', files);
  void second.open(10_555).start();
  await second.lab.advance(20_000);
  expect(second.router.asked).toContainEqual({ internal: 10_001, lifetime: 0 });
  expect(second.router.asked).toContainEqual({ internal: 10_555, lifetime: 3_600 });
  expect(JSON.parse(files.get('portmap-0.json') ?? '')).toMatchObject([{ internalPort: 10_555 }]);
});

test('mapped ports: a file that is damaged or not ours is as none', async () => {
  for (const content of ['{', '[{"protocol":"telnet"}]', '5']) {
    const { lab, open } = await street('203.0.113.7', new Map([['portmap-0.json', content]]));
    const ports = open();
    void ports.start();
    await lab.advance(10_000);
    expect(ports.facts).toHaveLength(1);
  }
});

test('mapped ports: after a change of the network each router is asked once more, and what it gave is kept', async () => {
  const { lab, router, open } = await street('203.0.113.7');
  const ports = open();
  void ports.start();
  await lab.advance(10_000);
  ports.renew();
  await lab.advance(10_000);
  expect(router.asked).toEqual(Array(2).fill({ internal: 10_001, lifetime: 3_600 }));
  expect(ports.facts).toMatchObject([{ external: { ip: '203.0.113.7', port: 20_002 } }]);
});
