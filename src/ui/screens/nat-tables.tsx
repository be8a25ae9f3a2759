/** The tables of NAT and delta types, this machine's rows marked, and what they mean. */
import { Box } from 'ink';
import { ownNat } from '../../app/matrix-view.ts';
import { DELTA_HEAD, DELTA_TABLE, meaningOf, NAT_HEAD, NAT_TABLE } from '../../app/nat-tables.ts';
import { useUi } from '../context.ts';
import { type Line, Lines } from '../parts/lines.tsx';
import { useGo } from '../use-go.ts';
import { useKeyTaker } from '../use-keys.ts';
import { useScroll } from '../use-scroll.ts';
import { useStore } from '../use-store.ts';
import { pad, widthOf, wrap } from '../width.ts';

/** Rows of the screen that are no lines: one spare, header, two of the footer. */
const OTHER_ROWS = 4;
/** Columns of a terminal where tables have room. */
const WIDE = 100;
/** Columns that the last column of a table needs. */
const LAST_MIN = 16;

export function NatTablesScreen() {
  const { size, marks } = useUi();
  const reports = useStore((state) => state.nat);
  const own = ownNat(reports);
  const go = useGo();
  const meaning = own === null ? null : meaningOf(own.type, own.delta);
  const words = meaning ?? 'The NAT of this machine is not known yet: r finds it out.';
  const lines: readonly Line[] = [
    ...wrap(words, size.columns).map((text): Line => ({ role: meaning === null ? 'muted' : 'good', text })),
    ...marked(NAT_HEAD, NAT_TABLE, own?.type ?? null, size.columns, marks.pointer),
    { role: 'plain', text: '' },
    ...marked(DELTA_HEAD, DELTA_TABLE, own?.delta ?? null, size.columns, marks.pointer),
  ];
  const all = Math.max(2, size.rows - OTHER_ROWS);
  // What is below takes a row to say so.
  const room = lines.length <= all ? all : all - 1;
  const scroll = useScroll(lines.length, room, 'start');
  useKeyTaker({ intent: (intent) => go(intent) || scroll.move(intent) });
  return (
    <Box>
      <Lines lines={lines} first={scroll.first} rows={room} />
    </Box>
  );
}

function marked(
  head: readonly string[],
  rows: readonly { readonly type: number; readonly cells: readonly string[] }[],
  own: number | null,
  columns: number,
  pointer: string,
): Line[] {
  const isOwn = (type: number) => type === own;
  const blank = ' '.repeat(pointer.length);
  const body = rows.map(({ type, cells: [name = '', ...others] }) => [
    `${isOwn(type) ? pointer : blank} ${type} ${name}`,
    ...others,
  ]);
  const [first = '', ...others] = head;
  const lines = [[`${blank}   ${first}`, ...others], ...body].map((cells) => [...cells]);
  const widths = [0, 1, 2].map((i) => Math.max(...lines.map((cells) => widthOf(cells[i] ?? ''))));
  const gap = ' '.repeat(columns >= WIDE ? 2 : 1);
  const left = widths.reduce((sum, width) => sum + width + gap.length, 0);
  return lines.flatMap((cells, i): Line[] => {
    const role = i === 0 ? 'muted' : isOwn(rows[i - 1]?.type ?? 0) ? 'accent' : 'plain';
    const start = widths.map((width, at) => pad(cells[at] ?? '', width) + gap).join('');
    // The last column goes on below where it is too long, and is all below where there is no room for it.
    if (columns - left < LAST_MIN)
      return [start.trimEnd(), `${blank}     ${cells[3] ?? ''}`].map((text) => ({ role, text }));
    const ends = wrap(cells[3] ?? '', columns - left);
    return ends.map((end, at) => ({ role, text: `${at === 0 ? start : ' '.repeat(left)}${end}`.trimEnd() }));
  });
}
