/** Reports as text tables. Pure. */
import stringWidth from 'string-width';
import { makeVisible } from '../app/visible.ts';
import type { Family, NetworkInterface } from '../net/index.ts';

const HEAD = ['interface', 'kind', 'family', 'gateway', 'addresses'] as const;
const GAP = '  ';

/** One line per interface and family. */
export function interfacesTable(interfaces: readonly NetworkInterface[]): string {
  if (interfaces.length === 0) return 'no interface has an address';
  const rows = interfaces.flatMap((nic) => ([4, 6] as const).flatMap((family) => rowsOf(nic, family)));
  return table([HEAD, ...rows]);
}

function rowsOf(nic: NetworkInterface, family: Family): (readonly string[])[] {
  const addresses = nic.addresses.filter((address) => address.family === family);
  if (addresses.length === 0) return [];
  const gateway = nic.gateways[family] ?? (nic.defaultRoute[family] ? 'direct' : '-');
  const list = addresses.map((address) => `${address.ip}/${address.prefix}`).join(' ');
  return [[makeVisible(nic.name), nic.kind, `IPv${family}`, gateway, list]];
}

/** Columns aligned to the left, the last one free; a wide character takes two (`以太网`). */
function table(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => stringWidth(row[i] ?? ''))));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - stringWidth(cell))))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n');
}
