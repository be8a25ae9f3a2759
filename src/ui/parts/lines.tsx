/** A window over lines of text, each with its role, and how many are below it. */
import { Box, Text } from 'ink';
import { useUi } from '../context.ts';
import { type Role, styleOf } from '../theme.ts';
import { cut } from '../width.ts';

export interface Line {
  readonly role: Role;
  readonly text: string;
}

interface LinesProps {
  readonly lines: readonly Line[];
  /** Index of the first line shown. */
  readonly first: number;
  readonly rows: number;
}

export function Lines({ lines, first, rows }: LinesProps) {
  const { size, marks } = useUi();
  const below = lines.length - first - rows;
  return (
    <Box flexDirection="column">
      {lines.slice(first, first + rows).map(({ role, text }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity of their own and hold no state
        <Text key={i} {...styleOf(role)}>
          {cut(text, size.columns, marks.more) || ' '}
        </Text>
      ))}
      {below > 0 && <Text {...styleOf('muted')}>{`${below} more lines below`}</Text>}
    </Box>
  );
}
