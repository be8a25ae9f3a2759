/**
 * A table as lines: columns as wide as their longest cell, so that they stand still while rows
 * scroll; where the terminal is too narrow the first column gives way. Pure.
 */
import { cut, pad, widthOf } from '../width.ts';

const GAP = 2;
/** Columns of the terminal that the first column keeps, if it has so many. */
const FIRST_MIN = 24;

type Rows = readonly (readonly string[])[];

/** The head, then a line per row; null where more than the end of the first column would be cut. */
export function tableLines(head: readonly string[], rows: Rows, columns: number): string[] | null {
  const widths = columnWidths([head, ...rows], columns);
  if (tableWidth(widths) > columns) return null;
  return [head, ...rows].map((cells) =>
    cut(
      cells
        .map((cell, i) => pad(cell, widths[i] ?? 0))
        .join(' '.repeat(GAP))
        .trimEnd(),
      columns,
    ),
  );
}

function columnWidths(rows: Rows, columns: number): number[] {
  const count = Math.max(...rows.map((row) => row.length));
  const [first = 0, ...others] = Array.from({ length: count }, (_, i) =>
    Math.max(...rows.map((row) => widthOf(row[i] ?? ''))),
  );
  const left = columns - tableWidth([0, ...others]);
  return [Math.min(first, Math.max(FIRST_MIN, left)), ...others];
}

function tableWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, GAP * (widths.length - 1));
}
