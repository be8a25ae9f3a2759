import { describe, expect, test } from 'vitest';
import {
  createLab,
  firewallPreset,
  masqueradePreset,
  type NatOptions,
  natPreset,
} from '../../../src/lab/index.ts';
import { startStunServer } from '../../../src/net/stun/server.ts';
import { type NatLab, natLab, reportIn } from './nat-lab.ts';
import { startRogue } from './rogue-server.ts';

const DEAD = { host: '203.0.113.99', port: 3478, tcp: true };
const DEAD_TOO = { host: '203.0.113.98', port: 3478, tcp: true };

async function reportOf(
  nat: NatOptions,
  change: (lab: NatLab) => NatLab = (lab) => lab,
  seed: number | string = 1,
) {
  return reportIn(change(await natLab({ seed, nat })));
}

describe('nat report: what it tells', () => {
  test('filtering, hairpinning and outer address of a NAT', async () => {
    const { udp } = await reportOf(natPreset('restrict', 'equal', { hairpin: true }));
    expect(udp).toMatchObject({
      type: 4,
      mapping: 'endpoint-independent',
      filtering: 'address-dependent',
      hairpin: true,
      unknown: [],
    });
    expect(udp.external).toHaveLength(1);
  });

  test('no hairpinning where the NAT has none, and null where each destination has its mapping', async () => {
    expect((await reportOf(natPreset('full cone'))).udp.hairpin).toBe(false);
    expect((await reportOf(natPreset('symmetric'))).udp.hairpin).toBeNull();
  });

  test('mappings that depend on the address alone', async () => {
    const nat = natPreset('symmetric', 'random', { mapping: 'address-dependent' });
    const { udp, tcp } = await reportOf(nat);
    expect(udp).toMatchObject({ type: 6, mapping: 'address-dependent' });
    expect(tcp).toMatchObject({ type: 6, mapping: 'address-dependent' });
  });

  test('over TCP filtering stays open, and why', async () => {
    const { tcp } = await reportOf(natPreset('full cone'));
    expect(tcp).toMatchObject({ type: null, filtering: null, unsolicited: 'unknown' });
    expect(tcp.unknown.join()).toContain('only a peer');
  });

  test('only one transport blocked: the other is told as it is', async () => {
    const { udp, tcp } = await reportOf(natPreset('restrict port', 'equal', { blocked: ['udp'] }));
    expect(udp).toMatchObject({ type: 7, delta: { type: 1, value: 0 } });
    expect(tcp).toMatchObject({ mapping: 'endpoint-independent', delta: { type: 2, value: 0 } });
  });

  test('the range that was seen lies within the real one', async () => {
    const { udp } = await reportOf(natPreset('restrict port', 'random', { range: [35_000, 65_535] }));
    const [lowest, highest] = udp.range ?? [0, 0];
    expect(lowest).toBeGreaterThanOrEqual(35_000);
    expect(highest - lowest).toBeGreaterThan(15_000);
    expect(udp.confidence.range).toBeGreaterThan(0.8);
  });

  test('a pool: every outer address that was seen', async () => {
    const lab = await natLab({
      seed: 3,
      nat: natPreset('symmetric', 'random', { pooling: 'arbitrary' }),
      externals: 3,
    });
    const { udp } = await reportIn(lab);
    expect(udp.type).toBe(6);
    expect(udp.external.length).toBeGreaterThan(1);
  });
});

describe('nat report: servers that are no help', () => {
  const nat = natPreset('restrict port', 'random');

  test('dead ones among living ones change nothing', async () => {
    const { udp, tcp } = await reportOf(nat, (lab) => ({
      ...lab,
      servers: [DEAD, DEAD_TOO, ...lab.servers],
    }));
    expect(udp).toMatchObject({ type: 5, delta: { type: 6, value: 0 } });
    expect(tcp).toMatchObject({ mapping: 'endpoint-independent', delta: { type: 6, value: 0 } });
  });

  test.each([
    ['full servers', 700],
    // Nobody has a second address, so one is waited for.
    ['plain servers', 1_500],
  ] as const)('names that do not resolve hold nobody up: %s', async (kind, limit) => {
    const lab = await natLab({ seed: 1, nat });
    const hanging = ['a', 'b', 'c'].map((name) => ({ host: `${name}.example`, port: 3478, tcp: true }));
    const resolve = async (host: string, _family: number, signal: AbortSignal) => {
      if (!host.endsWith('.example')) return [host];
      await lab.host.io.sleepUntil(Number.POSITIVE_INFINITY, signal);
      return [];
    };
    const plain = [await lab.plain('203.0.113.50'), await lab.plain('203.0.113.51')];
    const servers = [...hanging, ...(kind === 'full servers' ? lab.servers : plain)];
    const { udp, tcp, elapsed } = await reportIn({ ...lab, servers }, resolve);
    const random = { type: 6, value: 0 };
    expect(udp).toMatchObject({ mapping: 'endpoint-independent', delta: random });
    expect(udp.type).toBe(kind === 'full servers' ? 5 : null);
    expect(tcp).toMatchObject({ mapping: 'endpoint-independent', delta: random });
    expect(elapsed).toBeLessThan(limit);
  });

  test('a single dead one: nothing is known, and nothing is claimed', async () => {
    const { udp, tcp } = await reportOf(nat, (lab) => ({ ...lab, servers: [DEAD] }));
    for (const report of [udp, tcp]) {
      expect(report).toMatchObject({ type: null, mapping: null, filtering: null, delta: { type: null } });
      expect(report.unknown).toContain('no server answered');
    }
  });

  test('one address alone: the delta is told, mapping and filtering are not', async () => {
    const lab = await natLab({ seed: 1, nat });
    const { udp } = await reportIn({ ...lab, servers: [await lab.plain('203.0.113.50')] });
    expect(udp).toMatchObject({ type: null, mapping: null, filtering: null, delta: { type: 6, value: 0 } });
    expect(udp.unknown.join()).toContain('mapping needs two');
    expect(udp.unknown.join()).toContain('no server that answers has a second address');
  });

  test('one that names another outer address is left out, and named', async () => {
    const lab = await natLab({ seed: 1, nat });
    const liar = lab.lab.stunServer({ host: lab.machine('203.0.113.60'), lies: '192.0.2.66' });
    const { udp } = await reportIn({
      ...lab,
      servers: [{ host: liar.host, port: 3478, tcp: true }, ...lab.servers],
    });
    expect(udp).toMatchObject({ type: 5, delta: { type: 6, value: 0 } });
    expect(udp.external).not.toContain('192.0.2.66');
    expect(udp.unknown.join()).toContain('203.0.113.60 was left out');
  });

  test.each(['ignores', 'refuses', 'mute', 'displaced'] as const)(
    'one that %s what it should do: no filtering is claimed by it, and another one tells it',
    async (rogue) => {
      for (const alone of [true, false]) {
        const lab = await natLab({ seed: 2, nat: natPreset('full cone', 'equal') });
        const ips = ['203.0.113.70', '203.0.113.71'] as const;
        await startRogue(lab.machine(...ips), ips, rogue);
        const bad = { host: ips[0], port: 3478, tcp: false };
        const other = await lab.plain('203.0.113.50');
        const servers = alone ? [bad, other] : [bad, ...lab.servers];
        const { udp } = await reportIn({ ...lab, servers });
        expect(udp).toMatchObject({ type: alone ? null : 3, delta: { type: 2, value: 0 } });
        expect(udp.filtering).toBe(alone ? null : 'endpoint-independent');
      }
    },
  );

  test('one that calls a machine of our own network its other address makes us send nothing there', async () => {
    const lab = await natLab({ seed: 2, nat: natPreset('full cone', 'equal') });
    await startRogue(lab.machine('203.0.113.70'), ['203.0.113.70', '192.168.1.1'], 'mute');
    const sent = lab.countPackets();
    const servers = [{ host: '203.0.113.70', port: 3478, tcp: false }, await lab.plain('203.0.113.50')];
    const { udp } = await reportIn({ ...lab, servers });
    expect(udp).toMatchObject({ mapping: 'endpoint-independent', filtering: null });
    expect([...sent.keys()].sort()).toEqual(['203.0.113.2', '203.0.113.50', '203.0.113.70']);
  });

  test('slow ones are waited for, where there are no others', async () => {
    const lab = await natLab({ seed: 2, nat: natPreset('restrict port', 'equal') });
    const pairs = [
      ['203.0.113.70', '203.0.113.71'],
      ['203.0.113.80', '203.0.113.81'],
    ] as const;
    for (const ips of pairs) await startRogue(lab.machine(...ips), ips, 'slow');
    const servers = pairs.map(([host]) => ({ host, port: 3478, tcp: false }));
    const { udp } = await reportIn({ ...lab, servers });
    expect(udp).toMatchObject({ mapping: 'endpoint-independent', delta: { type: 2, value: 0 } });
  });

  test('two that contradict each other: nothing is claimed', async () => {
    const lab = await natLab({ seed: 1, nat });
    const liar = lab.lab.stunServer({ host: lab.machine('203.0.113.60'), lies: '192.0.2.66' });
    const servers = [{ host: liar.host, port: 3478, tcp: true }, await lab.plain('203.0.113.50')];
    const { udp } = await reportIn({ ...lab, servers });
    expect(udp).toMatchObject({ type: null, mapping: null });
    expect(udp.unknown.join()).toContain('contradict');
  });
});

describe('nat report: golden cases', () => {
  test('two NATs in a row: the stricter of both', async () => {
    const lab = await natLab({
      seed: 1,
      nat: natPreset('full cone', 'random'),
      home: natPreset('restrict port', 'equal'),
    });
    const { udp, tcp } = await reportIn(lab);
    expect(udp).toMatchObject({ type: 5, filtering: 'address-and-port-dependent', delta: { type: 6 } });
    expect(tcp).toMatchObject({ mapping: 'endpoint-independent', delta: { type: 6 } });
  });

  test.each([1, 2, 3])(
    'Linux masquerade, seed %i: ports are kept, but for one that a neighbour has',
    async (seed) => {
      const lab = await natLab({ seed, nat: masqueradePreset() });
      const stop = lab.noise(3);
      await lab.lab.advance(200);
      const { udp, tcp } = await reportIn(lab);
      stop();
      expect(udp).toMatchObject({ type: 5, delta: { type: 2, value: 0 } });
      expect(tcp).toMatchObject({ mapping: 'endpoint-independent', delta: { type: 2, value: 0 } });
    },
  );

  test.each(['random', 'independent', 'equal'] as const)(
    'carrier-grade NAT with port blocks: %s',
    async (delta) => {
      const nat = natPreset('full cone', delta, { habits: { block: 2048 } });
      const { udp, tcp } = await reportIn(await natLab({ seed: 4, nat, externals: 2 }));
      const wanted = { random: 6, independent: 4, equal: 2 }[delta];
      expect(udp).toMatchObject({ type: 3, delta: { type: wanted } });
      expect(tcp.delta.type).toBe(wanted);
      const [lowest, highest] = udp.range ?? [0, 65_535];
      expect(highest - lowest).toBeLessThan(2048);
    },
  );

  test('ports that keep their parity', async () => {
    const nat = natPreset('restrict port', 'random', { habits: { parity: true } });
    const { udp } = await reportOf(nat);
    expect(udp).toMatchObject({ type: 5, delta: { type: 6 }, parity: true });
  });

  test('a proxy for TCP: UDP and TCP are told apart', async () => {
    const tcpRules = { mapping: 'address-and-port-dependent', delta: { type: 'random', value: 0 } } as const;
    const { udp, tcp } = await reportOf(natPreset('full cone', 'equal', { tcp: tcpRules }));
    expect(udp).toMatchObject({ type: 3, delta: { type: 2 } });
    expect(tcp).toMatchObject({ type: 6, delta: { type: 6 } });
  });

  test('a router that answers unsolicited SYNs with RST is told as any other', async () => {
    const { udp, tcp } = await reportOf(natPreset('restrict port', 'equal', { unsolicited: 'reset' }));
    expect(udp).toMatchObject({ type: 5, delta: { type: 2 } });
    expect(tcp).toMatchObject({ mapping: 'endpoint-independent', delta: { type: 2 } });
  });
});

describe('nat report: IPv6', () => {
  test('no translation: a firewall, or none', async () => {
    for (const [firewall6, type] of [
      [firewallPreset(), 2],
      [null, 1],
    ] as const) {
      const lab = createLab({ seed: 1 });
      const net = lab.internet({ delay: 10, subnets: ['2001:db8::/64'] });
      const home = lab.lan({ subnets: ['2001:db8:7::/64'] });
      lab.router({ wan: net, lans: [home], firewall6 });
      const host = lab.host({ name: 'alice', on: home });
      const addresses = ['2001:db8::10', '2001:db8::11'];
      const server = lab.host({ name: 'stun', on: [{ segment: net, addresses }] });
      const udp = addresses.map((ip) => ({ ip, port: 3478 }));
      await startStunServer({ io: server.io, udp, alternatePort: 3479, tcp: true, report: () => undefined });
      const servers = [{ host: '2001:db8::10', port: 3478, tcp: true }];
      const report = await reportIn({ lab, host, servers });
      expect(report).toMatchObject({
        family: 6,
        udp: { type, delta: { type: 1, value: 0 } },
        tcp: { mapping: 'endpoint-independent' },
      });
    }
  });
});

describe('nat report: gentle', () => {
  test.each(['equal', 'random', 'dependent'] as const)(
    'a report of a NAT with %s ports asks no server address too often',
    async (delta) => {
      const lab = await natLab({ seed: 1, nat: natPreset('symmetric', delta), servers: 1 });
      const sent = lab.countPackets();
      await reportIn(lab);
      for (const [ip, packets] of sent) expect(packets, ip).toBeLessThanOrEqual(60);
      expect(sent.get('203.0.113.10')).toBeGreaterThan(10);
    },
  );
});
