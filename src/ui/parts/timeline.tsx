/** A pipe's timeline: one lane per method and side on one clock, and below why it ended as it did. */
import { Box, Text } from 'ink';
import { formatMs } from '../../app/select.ts';
import { explanationLines, type Timeline, type TimelineKind, timelineView } from '../../app/timeline.ts';
import { useUi } from '../context.ts';
import { type Marks, type Role, styleOf } from '../theme.ts';
import { cut, wrap } from '../width.ts';

const ROLES: Readonly<Record<TimelineKind, Role>> = {
  sent: 'muted',
  refused: 'bad',
  received: 'accent',
  open: 'good',
};
const LABEL_WIDTH = 20;
const SUMMARY_WIDTH = 34;
/** Below this the summary goes, then there would be no lanes left. */
const LEAST_LANE = 16;

function markOf(kind: TimelineKind, marks: Marks): string {
  switch (kind) {
    case 'sent':
      return marks.dot;
    case 'refused':
      return 'x';
    case 'received':
      return 'o';
    case 'open':
      return marks.on;
  }
}

export interface TimelineLanesProps {
  readonly timeline: Timeline;
  /** Lines there is room for. */
  readonly rows: number;
}

export function TimelineLanes({ timeline, rows }: TimelineLanesProps) {
  const { size, marks } = useUi();
  if (timeline.lanes.length === 0) return null;
  const wide = size.columns - LABEL_WIDTH - SUMMARY_WIDTH;
  const columns = wide >= LEAST_LANE ? wide : size.columns - LABEL_WIDTH - 1;
  const view = timelineView(timeline, columns);
  const told = explanationLines(timeline).flatMap((line) => wrap(line, size.columns));
  const room = Math.max(1, rows - told.length - 1);
  const span = formatMs(Math.round(view.span));
  const legend = (['sent', 'refused', 'received', 'open'] as const).map(
    (kind) => `${markOf(kind, marks)} ${kind}`,
  );
  const clock = timeline.lanes.some(({ side }) => side === 'peer')
    ? `, their clock ± ${timeline.error} ms`
    : '';
  return (
    <Box flexDirection="column">
      <Text {...styleOf('muted')}>
        {cut(`${legend.join('  ')}   span ${span}${clock}`, size.columns, marks.more)}
      </Text>
      {view.rows.slice(0, room).map(({ key, label, cells, summary }) => (
        <Text key={key} wrap="truncate">
          {cut(label, LABEL_WIDTH - 1, marks.more).padEnd(LABEL_WIDTH)}
          <Cells cells={cells} />
          {wide >= LEAST_LANE && ` ${cut(summary, SUMMARY_WIDTH - 1, marks.more)}`}
        </Text>
      ))}
      {told.slice(0, Math.max(1, rows - 1 - Math.min(view.rows.length, room))).map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no name but their place.
        <Text key={i} {...(i === 0 ? { bold: true } : styleOf('muted'))}>
          {line}
        </Text>
      ))}
    </Box>
  );
}

/** Neighbours of one kind are drawn at once. */
function Cells({ cells }: { readonly cells: readonly (TimelineKind | null)[] }) {
  const { marks } = useUi();
  const runs: { kind: TimelineKind | null; length: number }[] = [];
  for (const kind of cells) {
    const last = runs.at(-1);
    if (last !== undefined && last.kind === kind) last.length++;
    else runs.push({ kind, length: 1 });
  }
  return (
    <>
      {runs.map(({ kind, length }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: runs have no name but their place.
        <Text key={i} {...(kind === null ? {} : styleOf(ROLES[kind]))}>
          {(kind === null ? ' ' : markOf(kind, marks)).repeat(length)}
        </Text>
      ))}
    </>
  );
}
