/** NAT reports: UDP and TCP side by side for each interface and family, live while probes answer; `e` opens the evidence. */
import { Box, Text } from 'ink';
import { useEffect } from 'react';
import { meaningOf } from '../../app/nat-tables.ts';
import { evidenceLines, natNotes, natRows, natTitle } from '../../app/nat-view.ts';
import type { NatReportState } from '../../app/state.ts';
import { makeVisible } from '../../app/visible.ts';
import { useUi } from '../context.ts';
import { type Line, Lines } from '../parts/lines.tsx';
import { Spinner } from '../parts/spinner.tsx';
import { wrappedTableLines } from '../parts/table.ts';
import { type Role, styleOf } from '../theme.ts';
import { useCell } from '../use-cell.ts';
import { useGo } from '../use-go.ts';
import { useKeyTaker } from '../use-keys.ts';
import { useScroll } from '../use-scroll.ts';
import { useStore } from '../use-store.ts';
import { wrap } from '../width.ts';

/** Rows of the screen that are no lines of reports: header, state and a free one, two of the footer, spares. */
const OTHER_ROWS = 8;

export function NatScreen() {
  const { session, size, marks } = useUi();
  const reports = useStore((state) => state.nat);
  const error = useStore((state) => state.error);
  const running = useStore((state) => state.nodes.length > 0);
  const open = useCell(false);
  const go = useGo();
  // What a node found out at its start is shown; asking again is the user's wish.
  const isEmpty = reports.length === 0;
  useEffect(() => {
    if (isEmpty && running) void session.loadNat();
  }, [isEmpty, running, session]);
  const lines = reports.flatMap((report) => linesOf(report, size.columns, open.value ? marks.arrow : null));
  const room = Math.max(1, size.rows - OTHER_ROWS);
  const scroll = useScroll(lines.length, room, 'start');
  useKeyTaker({
    intent(intent) {
      if (intent === 'show-evidence') open.set(!open.get());
      else if (intent === 'go-nat') {
        // What went wrong before is no news any more.
        go(intent);
        void session.loadNat();
      } else return go(intent) || scroll.move(intent);
      return true;
    },
  });
  const busy = reports.some(({ done }) => !done) || isEmpty;
  return (
    <Box flexDirection="column">
      {busy && error === null ? (
        <Text>
          <Spinner /> asking STUN servers how they see this machine
        </Text>
      ) : (
        <Text {...styleOf(error === null ? 'muted' : 'bad')}>
          {error === null ? 'what servers saw' : `${marks.failed} ${makeVisible(error.message)}`}
        </Text>
      )}
      <Box marginTop={1}>
        <Lines lines={lines} first={scroll.first} rows={room} />
      </Box>
    </Box>
  );
}

/** @param arrow opens the evidence; null: it stays closed */
function linesOf({ report, done }: NatReportState, columns: number, arrow: string | null): Line[] {
  const table = wrappedTableLines([['', 'UDP', 'TCP'], ...natRows(report)], columns);
  const meaning = meaningOf(report.udp.type, report.udp.delta.type);
  const said = (role: Role, texts: readonly string[]) =>
    texts.flatMap((text) => wrap(text, columns)).map((text): Line => ({ role, text }));
  return [
    { role: 'accent', text: `${natTitle(report)}${done ? '' : ', not done yet'}` },
    ...table.map((text, i): Line => ({ role: i === 0 ? 'muted' : 'plain', text })),
    ...said('good', meaning === null ? [] : [meaning]),
    ...said('warn', natNotes(report)),
    ...(arrow === null
      ? []
      : [
          ...said('muted', ['Evidence over UDP:', ...evidenceLines(report.udp, arrow)]),
          ...said('muted', ['Evidence over TCP:', ...evidenceLines(report.tcp, arrow)]),
        ]),
    { role: 'plain', text: '' },
  ];
}
