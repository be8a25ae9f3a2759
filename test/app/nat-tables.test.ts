import { expect, test } from 'vitest';
import { DELTA_HEAD, DELTA_TABLE, meaningOf, NAT_HEAD, NAT_TABLE } from '../../src/app/nat-tables.ts';
import { COMBINATIONS, deltaName, natName } from '../../src/net/index.ts';

test('nat tables: the cells of P2PD’s documentation', () => {
  expect(NAT_HEAD).toEqual(['name', 'local ip:port', 'dest ip:port', 'mappings reusable by']);
  expect(NAT_TABLE.map(({ cells }) => cells.join(' | '))).toEqual([
    'open internet | any | any | not applicable',
    'udp firewall | same ip:port | same ip:port | dest ip:ports for a connection',
    'full cone | same ip:port | any | anyone',
    'restrict | same ip:port | same ip | dest ip for a connection',
    'restrict port | same ip:port | same ip:port | dest ip:ports for a connection',
    'symmetric | per dest ip:port | per unique ip:port | not reusable',
    'blocked | any | all are blocked | blocked',
  ]);
  expect(DELTA_HEAD).toEqual(['name', 'local port', 'mapping', 'delta value']);
  // The first row is ours.
  expect(DELTA_TABLE.slice(1).map(({ cells }) => cells.join(' | '))).toEqual([
    'equal | any | local_port | NA',
    'preserving | first_local + n | first_mapped + n | NA',
    'independent | any | last_mapped + delta | common = +1',
    'dependent | last_local + 1 | last_mapped + delta | common = +1',
    'random | any | random | NA',
  ]);
});

test('nat tables: rows stand by their numbers, under the names that reports use', () => {
  expect(NAT_TABLE.map(({ type }) => type)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(DELTA_TABLE.map(({ type }) => type)).toEqual([1, 2, 3, 4, 5, 6]);
  for (const { type, cells } of NAT_TABLE) expect(cells[0]).toBe(natName(type));
  for (const { type, cells } of DELTA_TABLE) expect(cells[0]).toBe(deltaName(type));
});

test('meaning: one or two sentences for every NAT, within two lines of a terminal', () => {
  for (const { type, delta } of COMBINATIONS) {
    const meaning = meaningOf(type, delta) ?? '';
    expect(meaning.length).toBeLessThanOrEqual(160);
    expect(meaning.match(/\.(?= |$)/g)?.length, meaning).toBeLessThanOrEqual(2);
    expect(meaning).toMatch(/^[A-Z].*\.$/);
  }
});

test('meaning: ports matter only where each destination has its own', () => {
  expect(meaningOf(5, 2)).toBe(meaningOf(5, 6));
  expect(meaningOf(6, 2)).not.toBe(meaningOf(6, 6));
});

test('meaning: nothing is claimed of what is not known', () => {
  expect(meaningOf(null, 2)).toBeNull();
  const symmetric = meaningOf(6, null) ?? '';
  expect(meaningOf(6, 6)?.startsWith(`${symmetric} `)).toBe(true);
});
