/** A table: columns as wide as their longest cell, the last one cut to what is left. */
import { Box, Text } from 'ink';
import { useUi } from '../context.ts';
import { styleOf } from '../theme.ts';
import { cut, pad, widthOf } from '../width.ts';

const GAP = 2;

export interface TableProps {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns of the terminal that no cell of the first column may exceed. @default 24 */
  readonly firstMax?: number;
}

export function Table({ head, rows, firstMax = 24 }: TableProps) {
  const { size, marks } = useUi();
  const widths = columnWidths([head, ...rows], firstMax);
  const line = (cells: readonly string[]) => {
    const text = cells.map((cell, i) => pad(cell, widths[i] ?? 0)).join(' '.repeat(GAP));
    return cut(text.trimEnd(), size.columns, marks.more);
  };
  return (
    <Box flexDirection="column">
      <Text {...styleOf('muted')}>{line(head)}</Text>
      {rows.map((cells, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity of their own and hold no state
        <Text key={i}>{line(cells) || ' '}</Text>
      ))}
    </Box>
  );
}

function columnWidths(rows: readonly (readonly string[])[], firstMax: number): number[] {
  const count = Math.max(...rows.map((row) => row.length));
  return Array.from({ length: count }, (_, i) => {
    const widest = Math.max(...rows.map((row) => widthOf(row[i] ?? '')));
    return i === 0 ? Math.min(firstMax, widest) : widest;
  });
}
