import { describe, expect, test } from 'vitest';
import { type PlanSide, type PlanTask, planTrial } from '../../../src/app/trial/plan.ts';
import type { NatReport, NatType } from '../../../src/net/index.ts';
import { sampleNat } from '../../helpers/sample-nat.ts';

type Entry = PlanSide['address']['interfaces'][number];
type DeltaType = NatReport['udp']['delta']['type'];

function natOf(type: NatType, delta: DeltaType, hairpin = false): NatReport {
  const report = sampleNat();
  const facts = { type, delta: { type: delta, value: 0 }, hairpin } as const;
  return { ...report, udp: { ...report.udp, ...facts }, tcp: { ...report.tcp, ...facts } };
}

function entryOf(inner: string, outer: string, over: Partial<Entry> = {}): Entry {
  return {
    number: 0,
    defaultRoute: true,
    family: 4,
    port: 10_001,
    mappedPort: null,
    inner: [inner],
    outer: [outer],
    udp: null,
    tcp: null,
    ...over,
  };
}

interface Given extends Partial<Omit<PlanSide, 'address'>> {
  readonly interfaces?: readonly Entry[];
  readonly brokers?: readonly string[];
  readonly machineId?: string;
}

function sideOf(
  inner: string,
  outer: string,
  { interfaces, brokers, machineId, ...over }: Given = {},
): PlanSide {
  return {
    reports: [natOf(5, 2)],
    address: {
      interfaces: interfaces ?? [entryOf(inner, outer)],
      brokers: brokers ?? ['mqtt://mqtt.example:1883'],
      machineId: machineId ?? inner,
    },
    hasRelay: false,
    ...over,
  };
}

const A = (given?: Given) => sideOf('192.168.1.2', '203.0.113.1', given);
const B = (given?: Given) => sideOf('192.168.2.2', '203.0.113.2', given);

function planned(over: Partial<PlanTask> = {}) {
  const task: PlanTask = {
    ...{ a: A(), b: B(), methods: ['direct', 'reverse', 'tcp-punch', 'udp-punch', 'relay'] },
    ...{ paths: ['external', 'local'], families: [4, 6], repeat: 5, initiators: ['a', 'b'], ...over },
  };
  return planTrial(task);
}

/** `external direct a: no`. */
const lines = (over: Partial<PlanTask> = {}) =>
  planned(over).map(
    ({ path, method, initiator, predicted }) => `${path} ${method} ${initiator}: ${predicted}`,
  );
const only = (method: PlanTask['methods'][number], path: 'external' | 'local' = 'external') =>
  ({ methods: [method], paths: [path] }) as const;

describe('plan', () => {
  test('plan: every method, pathway and direction of the families that both have, what comes to nothing once', () => {
    const cells = planned();
    expect(cells).toHaveLength(18);
    expect(new Set(cells.map(({ family }) => family))).toEqual(new Set([4]));
    expect(cells.slice(0, 2)).toMatchObject([
      {
        method: 'direct',
        path: 'external',
        initiator: 'a',
        predicted: 'no',
        wanted: 1,
        why: 'kept out by the NAT of side B, unless it forwards a port',
      },
      {
        method: 'direct',
        path: 'external',
        initiator: 'b',
        predicted: 'no',
        wanted: 1,
        why: 'kept out by the NAT of side A, unless it forwards a port',
      },
    ]);
    expect(cells.find(({ method }) => method === 'tcp-punch')).toMatchObject({ predicted: 'yes', wanted: 5 });
    expect(cells.some(({ method, path }) => method === 'relay' && path === 'local')).toBe(false);
  });

  test('plan: where the other side takes no part only one asks', () => {
    expect(planned({ initiators: ['a'] }).every(({ initiator }) => initiator === 'a')).toBe(true);
  });

  test('plan: a relay needs somebody who knows a TURN server; either side will do', () => {
    const relay = only('relay');
    expect(lines(relay)).toEqual(['external relay a: no', 'external relay b: no']);
    expect(lines({ ...relay, b: B({ hasRelay: true }) })).toEqual([
      'external relay a: yes',
      'external relay b: yes',
    ]);
  });

  test('plan: a port that a router forwards can be dialled, and dialled back', () => {
    const a = A({ interfaces: [entryOf('192.168.1.2', '203.0.113.1', { mappedPort: 40_000 })] });
    expect(lines({ a, ...only('direct') })).toEqual(['external direct a: no', 'external direct b: yes']);
    expect(lines({ a, ...only('reverse') })).toEqual(['external reverse a: yes', 'external reverse b: no']);
  });

  test('plan: without a broker a side cannot be asked for anything', () => {
    const b = B({ brokers: [] });
    const [fromA, fromB] = planned({ b, ...only('udp-punch') });
    expect(fromA).toMatchObject({
      predicted: 'no',
      why: 'side B cannot be asked for it: its address names no broker',
    });
    expect(fromB).toMatchObject({ predicted: 'yes' });
  });

  test('plan: behind one router the local pathway is open, the outer one where packets are turned round', () => {
    const b = sideOf('192.168.1.3', '203.0.113.1');
    expect(lines({ b, ...only('direct', 'local') })).toEqual(['local direct a: yes', 'local direct b: yes']);
    const [cell] = planned({ b, ...only('udp-punch') });
    expect(cell).toMatchObject({
      predicted: 'no',
      why: expect.stringContaining('both are behind 203.0.113.1'),
    });
    const hairpin = { ...b, reports: [natOf(5, 2, true)] };
    expect(lines({ b: hairpin, ...only('udp-punch') })).toEqual([
      'external udp-punch a: maybe',
      'external udp-punch b: maybe',
    ]);
  });

  test('plan: two networks behind one router may reach each other', () => {
    const b = sideOf('192.168.7.3', '203.0.113.1');
    expect(lines({ b, ...only('direct', 'local') })).toEqual([
      'local direct a: maybe',
      'local direct b: maybe',
    ]);
  });

  test('plan: two homes with the same private network are not on one network', () => {
    const b = sideOf('192.168.1.9', '203.0.113.2');
    expect(planned({ b, ...only('direct', 'local') })[0]).toMatchObject({
      predicted: 'no',
      why: 'the two are on different networks',
    });
  });

  test('plan: neighbours with addresses of the Internet itself are on one network', () => {
    const six = (ip: string) => sideOf('', '', { interfaces: [entryOf(ip, ip, { family: 6 })] });
    const local = only('direct', 'local');
    expect(planned({ a: six('2001:db8:1::2'), b: six('2001:db8:1::3'), ...local })[0]?.why).toBe(
      'both are on one network',
    );
    expect(planned({ a: six('2001:db8:1::2'), b: six('2001:db8:2::3'), ...local })[0]?.predicted).toBe('no');
  });

  test('plan: one machine reaches itself; copies of one image are two', () => {
    const same = (inner: string) => ({ ...sideOf(inner, '203.0.113.1', { machineId: 'x' }) });
    const [a, b, copy] = [
      same('10.0.0.2'),
      same('10.0.0.2'),
      sideOf('10.9.0.2', '203.0.113.9', { machineId: 'x' }),
    ];
    expect(planned({ a, b, ...only('direct', 'local') })[0]?.why).toBe('both are on one machine');
    expect(planned({ a, b: copy, ...only('direct', 'local') })[0]?.predicted).toBe('no');
  });

  test('plan: of several NATs the kindest counts, and nothing known is maybe', () => {
    const a = A({ reports: [natOf(6, 6), natOf(5, 2)] });
    expect(lines({ a, b: B({ reports: [natOf(6, 6)] }), ...only('tcp-punch') })[0]).toBe(
      'external tcp-punch a: no',
    );
    expect(lines({ a, ...only('tcp-punch') })[0]).toBe('external tcp-punch a: yes');
    expect(lines({ a: A({ reports: [] }), b: B({ reports: [] }), ...only('tcp-punch') })[0]).toBe(
      'external tcp-punch a: maybe',
    );
  });
});
