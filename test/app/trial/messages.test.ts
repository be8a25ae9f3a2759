import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeTrialMessage,
  encodeTrialMessage,
  helloIn,
  type TrialMessage,
} from '../../../src/app/trial/messages.ts';
import { DecodeError } from '../../../src/net/index.ts';
import { bigTrial, sampleTrial } from '../../helpers/sample-trial.ts';

const trial = sampleTrial();
const [first] = trial.cells;
const run = trial.cells[4]?.runs[0] ?? null;
if (first === undefined || run === null) throw new Error('the sample has runs');
const PLAN = trial.cells.map(({ runs: _, surprise: __, ...cell }) => ({ ...cell, wanted: 5 }));
const SAMPLES: readonly TrialMessage[] = [
  { type: 'hello', program: '0.1.0', address: 'p2pd1x' },
  { type: 'welcome', side: trial.sides.b, address: 'p2pd1y', hasRelay: true },
  { type: 'sorry', reason: 'another trial is under way' },
  { type: 'time', id: 0 },
  { type: 'now', id: 0, received: 1_767_225_600_000.5, sent: 1_767_225_600_001 },
  { type: 'plan', side: trial.sides.a, cells: PLAN },
  { type: 'run', id: 7, way: { method: 'relay', path: 'external', family: 6 }, limit: 12_000, bytes: 0 },
  { type: 'ran', id: 7, startedAt: 1_767_225_600_000, run },
  { type: 'result', cell: 0, run, left: 4_000 },
  { type: 'result', cell: 0, run: null, left: 4_000 },
  { type: 'finish' },
  { type: 'side', side: trial.sides.b },
  { type: 'report', document: trial },
  { type: 'stop', reason: 'its person left' },
];
const bytesOf = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const told = (value: object) => bytesOf({ trial: 1, ...value });

describe('trial messages', () => {
  test.each(SAMPLES.map((message) => [message.type, message] as const))(
    '%s is read as it was written',
    (_, message) => {
      expect(decodeTrialMessage(encodeTrialMessage(message))).toEqual(message);
    },
  );

  test.each([
    [{ type: 'time', id: 3 }, '{"trial":1,"type":"time","id":3}'],
    [
      {
        type: 'run',
        id: 1,
        way: { method: 'direct', path: 'local', family: 4 },
        limit: 12000,
        bytes: 524288,
      },
      '{"trial":1,"type":"run","id":1,"way":{"method":"direct","path":"local","family":4},"limit":12000,"bytes":524288}',
    ],
    [{ type: 'finish' }, '{"trial":1,"type":"finish"}'],
  ] as const)('as docs/wire.md shows it: %o', (message, text) => {
    expect(Buffer.from(encodeTrialMessage(message)).toString()).toBe(text);
    expect(decodeTrialMessage(bytesOf(text))).toEqual(message);
  });

  test('every answer about a clock and every wish for a run is read as it was written', () => {
    const way = fc.record({
      method: fc.constantFrom('direct', 'reverse', 'tcp-punch', 'udp-punch', 'relay'),
      path: fc.constantFrom('external', 'local'),
      family: fc.constantFrom(4, 6),
    });
    const message = fc.oneof(
      fc.record({
        type: fc.constant('now' as const),
        id: fc.nat(),
        received: fc.double({ min: 0, max: 8e15, noNaN: true }),
        sent: fc.double({ min: 0, max: 8e15, noNaN: true }),
      }),
      fc.record({
        type: fc.constant('run' as const),
        id: fc.nat(),
        way,
        limit: fc.nat(60_000),
        bytes: fc.nat(16_777_216),
      }),
      fc.record({ type: fc.constant('stop' as const), reason: fc.string({ maxLength: 300 }) }),
    );
    fc.assert(
      fc.property(message, (one) => {
        const read = decodeTrialMessage(encodeTrialMessage(one as TrialMessage));
        expect(JSON.stringify(read)).toBe(JSON.stringify(one));
      }),
    );
  });

  test('a message that is cut off anywhere is none', () => {
    const whole = encodeTrialMessage({ type: 'now', id: 1, received: 5, sent: 6 });
    for (let end = 0; end < whole.length; end++)
      expect(decodeTrialMessage(whole.subarray(0, end))).toBeNull();
  });

  test.each([
    ['no JSON', '\u0000'],
    ['a number', '5'],
    ['a list', '[]'],
    ['another dialogue', '{"trial":2,"type":"finish"}'],
    ['a type of tomorrow', '{"trial":1,"type":"tomorrow"}'],
    ['a type from the prototype', '{"trial":1,"type":"constructor"}'],
  ])('%s is none of ours, and no fault', (_, text) => {
    expect(decodeTrialMessage(bytesOf(text))).toBeNull();
  });

  test.each([
    ['no way', told({ type: 'run', id: 1, limit: 1, bytes: 1 })],
    [
      'a method that there is not',
      told({ type: 'run', id: 1, way: { method: 'x', path: 'local', family: 4 }, limit: 1, bytes: 1 }),
    ],
    [
      'more time than a run may take',
      told({
        type: 'run',
        id: 1,
        way: { method: 'direct', path: 'local', family: 4 },
        limit: 60_001,
        bytes: 1,
      }),
    ],
    [
      'more bytes than a run may take',
      told({ type: 'run', id: 1, way: { method: 'direct', path: 'local', family: 4 }, limit: 1, bytes: 1e9 }),
    ],
    ['a moment before all time', told({ type: 'now', id: 1, received: -1, sent: 1 })],
    ['an address without end', told({ type: 'hello', program: '1', address: 'x'.repeat(1_001) })],
    ['a cell before the first', told({ type: 'result', cell: -1, run: null, left: 0 })],
    ['a run that is none', told({ type: 'result', cell: 0, run: {}, left: 0 })],
    ['one way twice', told({ type: 'plan', side: trial.sides.a, cells: [PLAN[0], PLAN[0]] })],
    [
      '65 ways',
      told({ type: 'plan', side: trial.sides.a, cells: Array.from({ length: 65 }, () => PLAN[0]) }),
    ],
    ['a side without a name', told({ type: 'side', side: { ...trial.sides.b, nodeId: 'bob' } })],
    ['a report of nothing', told({ type: 'report', document: {} })],
    ['a megabyte of reason', told({ type: 'stop', reason: 'x'.repeat(1_048_577) })],
    ['nine megabytes of report', told({ type: 'report', document: 'x'.repeat(9_000_000) })],
  ])('%s is refused', (_, bytes) => {
    expect(() => decodeTrialMessage(bytes)).toThrow(DecodeError);
  });

  test('only a report may be long', () => {
    const { cells } = bigTrial();
    const document = { ...trial, cells: cells.map((cell) => ({ ...cell, runs: cell.runs.slice(0, 40) })) };
    const bytes = encodeTrialMessage({ type: 'report', document });
    expect(bytes.length).toBeGreaterThan(1_048_576);
    expect(decodeTrialMessage(bytes)).toMatchObject({ type: 'report' });
  });

  test('a stranger’s hello is short, and nothing else counts', () => {
    const hello = { type: 'hello', program: '1', address: 'p2pd1x' } as const;
    expect(helloIn(encodeTrialMessage(hello))).toEqual(hello);
    expect(helloIn(encodeTrialMessage({ type: 'finish' }))).toBeNull();
    expect(helloIn(told({ type: 'hello', program: 1 }))).toBeNull();
    expect(helloIn(told({ ...hello, more: 'x'.repeat(9_000) }))).toBeNull();
  });
});
