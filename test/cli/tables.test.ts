import { expect, test } from 'vitest';
import { interfacesTable } from '../../src/cli/tables.ts';
import { INTERFACES } from '../ui/sample-events.ts';

const [wireless] = INTERFACES;

test('interfaces table: a line per interface and family, columns aligned', () => {
  expect(interfacesTable(INTERFACES).split('\n')).toEqual([
    'interface            kind      family  gateway    addresses',
    'Intel Wi-Fi 6 AX200  wireless  IPv4    192.0.2.1  192.0.2.21/24',
    'Intel Wi-Fi 6 AX200  wireless  IPv6    fe80::1    2001:db8:21::21/64 fe80::21%wlan0/64',
    'eth0                 ethernet  IPv4    -          198.51.100.7/24',
  ]);
});

test('interfaces table: a default route without a next hop is direct', () => {
  const tunnel = { ...wireless, name: 'tun0', gateways: { 4: null, 6: null } } as (typeof INTERFACES)[number];
  expect(interfacesTable([tunnel]).split('\n')[1]).toContain('IPv4    direct   192.0.2.21/24');
});

test('interfaces table: says so where there is nothing to list', () => {
  expect(interfacesTable([])).toBe('no interface has an address');
});

test('interfaces table: a name with controls in it breaks no line', () => {
  const odd = { ...wireless, name: 'Wi\nFi\x1b[2J' } as (typeof INTERFACES)[number];
  expect(interfacesTable([odd]).split('\n')).toHaveLength(3);
  expect(interfacesTable([odd])).toContain('Wi\\nFi\\x1b[2J');
});

test('interfaces table: wide characters keep the columns aligned', () => {
  const wide = { ...wireless, name: '無線ＬＡＮ' } as (typeof INTERFACES)[number];
  const [head = '', first = ''] = interfacesTable([wide]).split('\n');
  // Five characters of two columns each.
  expect(first.indexOf('wireless')).toBe(head.indexOf('kind') - 5);
});
