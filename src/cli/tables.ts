/** Reports as text tables. Pure. */
import stringWidth from 'string-width';
import { makeVisible } from '../app/visible.ts';
import type { Family, Interface } from '../net/index.ts';

const HEAD = ['interface', 'kind', 'family', 'gateway', 'outer', 'addresses'] as const;
const ROUTES = { 4: '2', 6: '23' } as const;
const GAP = '  ';

/** One line per interface, family and outer address. */
export function interfacesTable(interfaces: readonly Interface[]): string {
  if (interfaces.length === 0) return 'no interface has an address';
  const rows = interfaces.flatMap((nic) => ([4, 6] as const).flatMap((family) => rowsOf(nic, family)));
  return table([HEAD, ...rows]);
}

function rowsOf(nic: Interface, family: Family): (readonly string[])[] {
  const gateway = nic.gateways[family] ?? (nic.defaultRoute[family] ? 'direct' : '-');
  return nic.toDict().rp[ROUTES[family]].map(({ nic_ips, ext_ips }) => {
    const outer = ext_ips.map(({ ip }) => ip).join(' ') || '-';
    const inner = nic_ips.map(({ ip, prefix, cidr }) => `${ip}/${prefix ?? cidr}`).join(' ');
    return [makeVisible(nic.name), nic.kind, `IPv${family}`, gateway, outer, inner];
  });
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
