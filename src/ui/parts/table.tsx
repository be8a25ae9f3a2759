/**
 * A table: columns as wide as their longest cell, so that they stand still while rows scroll; where
 * the terminal is too narrow the first column gives way, then the end of the last.
 */
import { Box, Text } from 'ink';
import { useUi } from '../context.ts';
import { styleOf } from '../theme.ts';
import { cut, pad, widthOf } from '../width.ts';

const GAP = 2;
/** Columns of the terminal that the first column keeps, if it has so many. */
const FIRST_MIN = 24;

type Rows = readonly (readonly string[])[];

export interface TableProps {
  readonly head: readonly string[];
  /** All of them; shown are `room` from `first` on. */
  readonly rows: Rows;
  readonly first: number;
  readonly room: number;
}

export function Table({ head, rows, first, room }: TableProps) {
  const { size, marks } = useUi();
  const widths = columnWidths([head, ...rows], size.columns);
  const line = (cells: readonly string[]) => {
    const text = cells.map((cell, i) => pad(cell, widths[i] ?? 0)).join(' '.repeat(GAP));
    return cut(text.trimEnd(), size.columns, marks.more);
  };
  return (
    <Box flexDirection="column">
      <Text {...styleOf('muted')}>{line(head)}</Text>
      {rows.slice(first, first + room).map((cells, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity of their own and hold no state
        <Text key={i}>{line(cells) || ' '}</Text>
      ))}
    </Box>
  );
}

/** Whether nothing but the end of the first column is cut. */
export function fitsTable(head: readonly string[], rows: Rows, columns: number): boolean {
  return tableWidth(columnWidths([head, ...rows], columns)) <= columns;
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
