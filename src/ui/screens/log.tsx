/** The log: the last 500 lines. */
import { Box, Text } from 'ink';
import type { LogLevel } from '../../app/events.ts';
import { makeVisible } from '../../app/visible.ts';
import { useUi } from '../context.ts';
import { type Role, styleOf } from '../theme.ts';
import { useKeyTaker } from '../use-keys.ts';
import { useScroll } from '../use-scroll.ts';
import { useStore } from '../use-store.ts';
import { wrap } from '../width.ts';

const ROLES: Readonly<Record<LogLevel, Role>> = { error: 'bad', warn: 'warn', info: 'plain', debug: 'muted' };
/** Rows of the screen that are no lines of the log. */
const OTHER_ROWS = 4;

export function LogScreen() {
  const { size } = useUi();
  const log = useStore((state) => state.log);
  const lines = log.flatMap(({ at, level, text }, entry) =>
    wrap(`${seconds(at)} ${level.padEnd(5)} ${makeVisible(text)}`, size.columns).map((line, part) => ({
      key: `${entry}.${part}`,
      level,
      line,
    })),
  );
  const rows = size.rows - OTHER_ROWS;
  const scroll = useScroll(lines.length, rows);
  useKeyTaker({ intent: (intent) => scroll.move(intent) });
  return (
    <Box flexDirection="column">
      {lines.length === 0 && <Text {...styleOf('muted')}>nothing has been logged</Text>}
      {lines.slice(scroll.first, scroll.first + rows).map(({ key, level, line }) => (
        <Text key={key} {...styleOf(ROLES[level])}>
          {line}
        </Text>
      ))}
    </Box>
  );
}

function seconds(at: number): string {
  return (at / 1000).toFixed(1).padStart(7);
}
