/** One's own NAT against every NAT and delta: how each method is expected to fare; why, for the chosen row. */
import { Box, Text } from 'ink';
import { METHOD_NAMES } from '../../app/config.ts';
import {
  expectationText,
  isSameSide,
  MATRIX_METHODS,
  ownNat,
  peerSide,
  rowsAgainst,
  sideName,
  UNKNOWN_SIDE,
} from '../../app/matrix-view.ts';
import { useUi } from '../context.ts';
import { type Line, Lines } from '../parts/lines.tsx';
import { tableLines } from '../parts/table.ts';
import { styleOf } from '../theme.ts';
import { useCell } from '../use-cell.ts';
import { useGo } from '../use-go.ts';
import { useKeyTaker } from '../use-keys.ts';
import { useStore } from '../use-store.ts';
import { cut } from '../width.ts';

/** Rows of the screen beside the table: header, title, head, what is below, the five reasons, the footer, spares. */
const OTHER_ROWS = 12;
/** Rows of a terminal where two more may be free. */
const TALL = 20;

export function MatrixScreen() {
  const { size, marks } = useUi();
  const own = ownNat(useStore((state) => state.nat)) ?? UNKNOWN_SIDE;
  const peer = useStore(peerSide);
  const rows = rowsAgainst(own);
  const known = rows.findIndex(({ other }) => isSameSide(peer, other));
  const chosen = useCell<number | null>(null);
  const at = (wanted: number | null) => Math.min(Math.max(0, wanted ?? known), rows.length - 1);
  const go = useGo();
  useKeyTaker({
    intent(intent) {
      if (intent !== 'up' && intent !== 'down') return go(intent);
      chosen.set(at(at(chosen.get()) + (intent === 'up' ? -1 : 1)));
      return true;
    },
  });
  const choice = at(chosen.value);
  const gap = size.rows >= TALL ? 1 : 0;
  const room = Math.max(1, size.rows - OTHER_ROWS - 2 * gap);
  const first = Math.min(Math.max(0, choice - Math.floor(room / 2)), Math.max(0, rows.length - room));
  const mark = (i: number) => `${i === choice ? marks.pointer : ' '}${i === known ? marks.on : ' '}`;
  const [title = '', ...texts] = tableOf(rows, mark, size.columns);
  const lines = texts.map((text, i): Line => ({ role: i === choice ? 'accent' : 'plain', text }));
  return (
    <Box flexDirection="column">
      <Text>
        {cut(
          `Your NAT: ${sideName(own)}${own === UNKNOWN_SIDE ? ' (r finds it out)' : ''}${known < 0 ? '' : `; ${marks.on} the peer's`}`,
          size.columns,
          marks.more,
        )}
      </Text>
      <Box marginTop={gap} flexDirection="column">
        <Text {...styleOf('muted')}>{cut(title, size.columns, marks.more)}</Text>
        <Lines lines={lines} first={first} rows={room} />
      </Box>
      <Box marginTop={gap} flexDirection="column">
        {(rows[choice]?.cells ?? []).map((cell) => (
          <Text key={cell.method} {...styleOf(ROLES[cell.expected])}>
            {cut(
              `${METHOD_NAMES[cell.method]}: ${expectationText(cell)}, ${cell.why}`,
              size.columns,
              marks.more,
            )}
          </Text>
        ))}
      </Box>
    </Box>
  );
}

const ROLES = { yes: 'good', maybe: 'warn', no: 'muted' } as const;
type Rows = ReturnType<typeof rowsAgainst>;
type Cell = Rows[number]['cells'][number];

/** Where the names of methods take too much room. */
const SHORT_HEAD = ['direct', 'rev.', 'TCP', 'UDP', 'relay'] as const;

/** The head, then a line per row; without numbers where the terminal is too narrow for them. */
function tableOf(rows: Rows, mark: (row: number) => string, columns: number): readonly string[] {
  const table = (head: readonly string[], tell: (cell: Cell) => string) => {
    const body = rows.map(({ name, cells }, i) => [`${mark(i)} ${name}`, ...cells.map(tell)]);
    return tableLines(['the other side', ...head], body, columns);
  };
  const names = MATRIX_METHODS.map(({ method }) => METHOD_NAMES[method]);
  return table(names, compact) ?? table(SHORT_HEAD, ({ expected }) => expected) ?? [];
}

/** `yes`, `maybe 1024`, `no`: how long it may take stands below the table. */
function compact({ expected, probes }: Cell): string {
  return probes === null || probes === 1 ? expected : `${expected} ${probes}`;
}
