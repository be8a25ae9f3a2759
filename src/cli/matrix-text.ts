/** The NAT × NAT matrix as text: one's own row in full, the grid of all pairs, the two tables. Pure. */

import { METHOD_NAMES } from '../app/config.ts';
import {
  bestMark,
  expectationText,
  isSameSide,
  MATRIX_METHODS,
  rowsAgainst,
  shortSide,
  sideName,
} from '../app/matrix-view.ts';
import { DELTA_HEAD, DELTA_TABLE, NAT_HEAD, NAT_TABLE } from '../app/nat-tables.ts';
import { COMBINATIONS, type NatSide } from '../net/index.ts';

/** @param own null where this machine's NAT is not known yet */
export function matrixText(own: NatSide | null): string {
  const mine =
    own === null
      ? ['Your own NAT is not known yet: p2pd-demo nat finds it out, to be marked here.']
      : [`Your NAT (${sideName(own)}) against every NAT; seconds, or tries:`, '', ...ownTable(own)];
  return [
    ...mine,
    '',
    'Every NAT (rows ask) against every NAT (columns, in the same order):',
    '',
    ...grid(own),
    '',
    ...LEGEND,
    '',
    ...columns([NAT_HEAD, ...NAT_TABLE.map(({ cells }) => cells)], ' '),
    '',
    ...columns([DELTA_HEAD, ...DELTA_TABLE.map(({ cells }) => cells)]),
  ].join('\n');
}

const LEGEND = [
  'd direct, r reverse, p TCP punch, u UDP punch, t only by relay (TURN), - not',
  'at all. Small: expected to work; CAPITAL: it may. Deltas: = equal,',
  '+n preserving, i independent, d dependent, ? random. * your own NAT.',
];

function ownTable(own: NatSide): string[] {
  const head = ['the other side', ...MATRIX_METHODS.map(({ method }) => METHOD_NAMES[method])];
  const rows = rowsAgainst(own).map(({ name, cells }) => [name, ...cells.map(expectationText)]);
  return columns([head, ...rows], ' ');
}

function grid(own: NatSide | null): string[] {
  const numbers = COMBINATIONS.map((_, i) => String(i + 1).padStart(2));
  const head = `${' '.repeat(LABEL)}${numbers.join(' ')}`;
  const rows = COMBINATIONS.map((a, i) => {
    const label = `${String(i + 1).padStart(2)}${isSameSide(own, a) ? '*' : ' '}${shortSide(a)}`;
    return `${label.padEnd(LABEL)}${COMBINATIONS.map((b) => ` ${bestMark(a, b)}`).join(' ')}`;
  });
  return [head, ...rows];
}

const LABEL = 11;

/** Columns aligned to the left; every cell is our own ASCII. */
function columns(rows: readonly (readonly string[])[], gap = '  '): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join(gap)
      .trimEnd(),
  );
}
