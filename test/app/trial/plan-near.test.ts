/** What a trial expects of two that are near each other, on one network or one machine, with brokers and without. */
import { expect, test } from 'vitest';
import { type PlanSide, planTrial } from '../../../src/app/trial/plan.ts';

function sideAt(ip: string, hasBroker: boolean): PlanSide {
  const unknown = { type: null, delta: { type: null, value: null }, range: null };
  const entry = {
    family: 4,
    port: 10_001,
    mappedPort: null,
    inner: [ip],
    outer: [],
    udp: unknown,
    tcp: unknown,
  };
  return {
    ...{ reports: [], hasRelay: true },
    address: {
      machineId: ip,
      interfaces: [entry] as never,
      brokers: hasBroker ? ['mqtt://203.0.113.9:1883'] : [],
    },
  };
}

test.each([
  [true, ['reverse', 'tcp-punch', 'udp-punch']],
  [false, []],
])('plan: two on one network, brokers %s', (hasBroker, more) => {
  const cells = planTrial({
    a: sideAt('192.168.1.2', hasBroker),
    b: sideAt('192.168.1.3', hasBroker),
    methods: ['direct', 'reverse', 'tcp-punch', 'udp-punch', 'relay'],
    paths: ['local', 'external'],
    families: [4],
    repeat: 3,
    initiators: ['a'],
  });
  const local = cells.filter(({ path }) => path === 'local');
  expect(local.filter(({ predicted }) => predicted === 'yes').map(({ method }) => method)).toEqual([
    'direct',
    ...more,
  ]);
  if (hasBroker) return;
  const asked = cells.filter(({ method }) => method !== 'direct');
  expect(new Set(asked.map(({ predicted, wanted }) => `${predicted} ${wanted}`))).toEqual(new Set(['no 1']));
});

test('plan: on one machine nobody is dialled back to', () => {
  const [a, b] = [sideAt('192.168.1.2', true), sideAt('192.168.1.2', true)];
  const common = {
    methods: ['direct', 'reverse', 'tcp-punch', 'relay'],
    repeat: 3,
    initiators: ['a'],
  } as const;
  const cells = planTrial({ a, b, ...common, paths: ['local', 'external'], families: [4] });
  const expected = cells.map(({ path, method, predicted }) => `${path} ${method} ${predicted}`);
  expect(expected).toEqual(
    expect.arrayContaining([
      'local direct yes',
      'local tcp-punch yes',
      'local reverse no',
      'external relay no',
    ]),
  );
});
