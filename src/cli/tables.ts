/** Reports as text tables. Pure. */
import stringWidth from 'string-width';
import { makeVisible } from '../app/visible.ts';
import type { Family, Interface } from '../net/index.ts';

const HEAD = ['interface', 'kind', 'family', 'gateway', 'outer', 'NAT', 'addresses'] as const;
const NAT_COLUMN = HEAD.indexOf('NAT');
const ROUTES = { 4: '2', 6: '23' } as const;
const GAP = '  ';

/** One line per interface, family and outer address. */
export function interfacesTable(interfaces: readonly Interface[]): string {
  if (interfaces.length === 0) return 'no interface has an address';
  const rows = interfaces.flatMap((nic) => ([4, 6] as const).flatMap((family) => rowsOf(nic, family)));
  const isKnown = rows.some((row) => row[NAT_COLUMN] !== '-');
  const shown = (row: readonly string[]) => row.filter((_, i) => isKnown || i !== NAT_COLUMN);
  return table([HEAD, ...rows].map(shown));
}

function rowsOf(nic: Interface, family: Family): (readonly string[])[] {
  const gateway = nic.gateways[family] ?? (nic.defaultRoute[family] ? 'direct' : '-');
  return nic.toDict().rp[ROUTES[family]].map(({ nic_ips, ext_ips }) => {
    const outer = ext_ips.map(({ ip }) => ip).join(' ') || '-';
    const inner = nic_ips.map(({ ip, prefix, cidr }) => `${ip}/${prefix ?? cidr}`).join(' ');
    return [makeVisible(nic.name), nic.kind, `IPv${family}`, gateway, outer, natOf(nic, outer), inner];
  });
}

/** An interface's NAT stands where its outer address does. */
function natOf({ nat }: Interface, outer: string): string {
  if (outer === '-' || nat.type === null) return '-';
  const { delta } = nat;
  if (delta.type === null || delta.type === 1) return nat.nat_info;
  return `${nat.nat_info}, ${nat.delta_info.replace(/ delta .*/, '')}`;
}

/** Columns aligned to the left, the last one free; a wide character takes two (`以太网`). */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => stringWidth(row[i] ?? ''))));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - stringWidth(cell))))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n');
}

/** Lines of at most `columns`, each after `indent`; a word that is longer is cut. */
export function wrapped(text: string, columns: number, indent = ''): string[] {
  const room = columns - indent.length;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((long) => piecesOf(long, room))) {
    if (line !== '' && stringWidth(line) + 1 + stringWidth(word) > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one) => indent + one);
}

function piecesOf(word: string, room: number): string[] {
  if (stringWidth(word) <= room) return [word];
  const pieces: string[] = [];
  let piece = '';
  for (const character of word) {
    if (stringWidth(piece + character) > room) {
      pieces.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...pieces, piece];
}
