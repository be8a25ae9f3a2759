/** Serving on this machine: the command for others, what is used by whom, and what went wrong. */
import { Box, Text } from 'ink';
import { SERVED_HEADS, servedRows } from '../../app/select.ts';
import type { ServingState } from '../../app/serve-state.ts';
import { useUi } from '../context.ts';
import { Problem } from '../parts/problem.tsx';
import { Spinner } from '../parts/spinner.tsx';
import { tableLines } from '../parts/table.ts';
import { type Role, styleOf } from '../theme.ts';
import { useKeyTaker } from '../use-keys.ts';
import { useScroll } from '../use-scroll.ts';
import { useStore } from '../use-store.ts';
import { cut, hardWrap } from '../width.ts';

/** Rows of the screen that are neither command nor lists: header, state, title and free ones, two of the footer, one spare. */
const OTHER_ROWS = 8;

interface Line {
  readonly role: Role;
  readonly text: string;
}

export function ServeScreen() {
  const { session, terminal, size, marks } = useUi();
  const serving = useStore((state) => state.serving);
  const error = useStore((state) => state.error);
  const { emit } = session.store;
  const command = serving?.command ?? '';
  const commandRows = Math.ceil(command.length / size.columns);
  const lines = serving === null ? [] : usedLines(serving, size.columns);
  const room = Math.max(1, size.rows - OTHER_ROWS - commandRows);
  const scroll = useScroll(lines.length, room, 'start');
  useKeyTaker({
    intent(intent) {
      if (intent === 'copy-command' && serving !== null) {
        terminal.copy(command);
        emit({ event: 'ui', action: 'notice', notice: 'asked the terminal to copy the command' });
      } else if (intent === 'stop-serve') void session.stopServing();
      else if (intent === 'go-serve') void session.serve();
      else return scroll.move(intent);
      return true;
    },
  });
  if (serving === null && error === null) {
    return (
      <Text>
        <Spinner /> starting to serve
      </Text>
    );
  }
  return (
    <Box flexDirection="column">
      {error !== null && <Problem error={error} />}
      {serving !== null && <StateLine serving={serving} />}
      {serving !== null && (
        <Box flexDirection="column" marginTop={1}>
          <Text {...styleOf('muted')}>Machines that can reach this one start with:</Text>
          <Text>{hardWrap(command, size.columns)}</Text>
        </Box>
      )}
      <Box flexDirection="column" marginTop={1}>
        {lines.slice(scroll.first, scroll.first + room).map(({ role, text }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity of their own and hold no state
          <Text key={i} {...styleOf(role)}>
            {cut(text, size.columns, marks.more) || ' '}
          </Text>
        ))}
      </Box>
    </Box>
  );
}

function StateLine({ serving }: { readonly serving: ServingState }) {
  const { marks } = useUi();
  if (!serving.running) return <Text {...styleOf('warn')}>{`${marks.off} stopped; s serves again`}</Text>;
  return (
    <Text>
      <Text {...styleOf('good')}>{marks.on}</Text>
      {' serving; Esc goes back and leaves it running, x stops it'}
    </Text>
  );
}

/** Counts of each kind, who uses what, and the command for each other address of this machine. */
function usedLines(serving: ServingState, columns: number): readonly Line[] {
  const { services, clients } = servedRows(serving);
  const others = serving.commands.filter((command) => command !== serving.command);
  return [
    ...titled(tableLines(SERVED_HEADS.services, services, columns) ?? []),
    ...(clients.length === 0
      ? [...titled(['nobody has asked yet'])]
      : titled(tableLines(SERVED_HEADS.clients, clients, columns) ?? [])),
    ...(others.length === 0
      ? []
      : titled([
          'by other addresses of this machine',
          ...others.flatMap((text) => hardWrap(text, columns).split('\n')),
        ])),
  ];
}

/** The first line as a title, a free one after the last. */
function titled(lines: readonly string[]): readonly Line[] {
  return [...lines, ''].map((text, i) => ({ role: i === 0 ? 'muted' : 'plain', text }));
}
