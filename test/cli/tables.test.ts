import { expect, test } from 'vitest';
import { interfacesTable } from '../../src/cli/tables.ts';
import { Interface, type NetworkInterface, type OuterFact } from '../../src/net/index.ts';
import { INTERFACES, world } from '../ui/sample-events.ts';

const [wireless] = INTERFACES;

function table(interfaces: readonly NetworkInterface[], outer: readonly OuterFact[] = []): string {
  return interfacesTable(interfaces.map((nic) => new Interface(nic).withOuter(outer)));
}

test('interfaces table: a line per interface and family, columns aligned', () => {
  expect(table(INTERFACES).split('\n')).toEqual([
    'interface            kind      family  gateway    outer  addresses',
    'Intel Wi-Fi 6 AX200  wireless  IPv4    192.0.2.1  -      192.0.2.21/24',
    'Intel Wi-Fi 6 AX200  wireless  IPv6    fe80::1    -      2001:db8:21::21/64 fe80::21%wlan0/64',
    'eth0                 ethernet  IPv4    -          -      198.51.100.7/24',
  ]);
});

test('interfaces table: a line per outer address, with the inner ones behind it', () => {
  expect(table(INTERFACES, world().outer).split('\n')).toEqual([
    'interface            kind      family  gateway    outer            addresses',
    'Intel Wi-Fi 6 AX200  wireless  IPv4    192.0.2.1  203.0.113.7      192.0.2.21/24',
    'Intel Wi-Fi 6 AX200  wireless  IPv6    fe80::1    2001:db8:21::21  2001:db8:21::21/64',
    'Intel Wi-Fi 6 AX200  wireless  IPv6    fe80::1    -                fe80::21%wlan0/64',
    'eth0                 ethernet  IPv4    -          -                198.51.100.7/24',
  ]);
});

test('interfaces table: a default route without a next hop is direct', () => {
  const tunnel = { ...wireless, name: 'tun0', gateways: { 4: null, 6: null } } as (typeof INTERFACES)[number];
  expect(table([tunnel]).split('\n')[1]).toContain('IPv4    direct   -      192.0.2.21/24');
});

test('interfaces table: says so where there is nothing to list', () => {
  expect(table([])).toBe('no interface has an address');
});

test('interfaces table: a name with controls in it breaks no line', () => {
  const odd = { ...wireless, name: 'Wi\nFi\x1b[2J' } as (typeof INTERFACES)[number];
  expect(table([odd]).split('\n')).toHaveLength(3);
  expect(table([odd])).toContain('Wi\\nFi\\x1b[2J');
});

test('interfaces table: wide characters keep the columns aligned', () => {
  const wide = { ...wireless, name: '無線ＬＡＮ' } as (typeof INTERFACES)[number];
  const [head = '', first = ''] = table([wide]).split('\n');
  // Five characters of two columns each.
  expect(first.indexOf('wireless')).toBe(head.indexOf('kind') - 5);
});
