/**
 * A table as lines: columns as wide as their longest cell, so that they stand still while rows
 * scroll; where the terminal is too narrow the first column gives way. Pure.
 */
import { cut, pad, widthOf, wrap } from '../width.ts';

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

/** The same with every column but the first equally wide, where it has to be; longer cells go on below. */
export function wrappedTableLines(rows: Rows, columns: number): string[] {
  const [first = 0, ...others] = columnWidths(rows, Number.POSITIVE_INFINITY);
  const share = Math.max(1, Math.floor((columns - first) / Math.max(1, others.length)) - GAP);
  const widths = [first, ...others.map((width) => Math.min(width, share))];
  return rows.flatMap((row) => {
    const cells = row.map((cell, i) => wrapCell(cell, widths[i] ?? 1));
    const height = Math.max(1, ...cells.map((parts) => parts.length));
    return Array.from({ length: height }, (_, at) =>
      widths
        .map((width, i) => pad(cells[i]?.[at] ?? '', width))
        .join(' '.repeat(GAP))
        .trimEnd(),
    );
  });
}

/** Broken after a space, a colon or the hyphen of a word, else anywhere. */
function wrapCell(cell: string, columns: number): string[] {
  const lines = [''];
  for (const piece of cell.split(/(?<=[ :]|\w-)(?=[^ :])/)) {
    const line = (lines.at(-1) ?? '') + piece;
    if (widthOf(line.trimEnd()) <= columns) lines.splice(-1, 1, line);
    else lines.push(...wrap(piece, columns));
  }
  return lines.filter((line, i) => line !== '' || i > 0);
}
