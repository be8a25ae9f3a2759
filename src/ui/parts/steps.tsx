/** Start-up, step by step: what was found and how long it took. */
import { Box, Text } from 'ink';
import { formatMs } from '../../app/select.ts';
import type { StepState } from '../../app/state.ts';
import { makeVisible } from '../../app/visible.ts';
import { useUi } from '../context.ts';
import { styleOf } from '../theme.ts';
import { cut, pad, wrap } from '../width.ts';
import { Spinner } from './spinner.tsx';

const NAME_WIDTH = 10;
const TIME_WIDTH = 7;
/** Mark, name, time and the gaps between them. */
const DETAIL_AT = 2 + NAME_WIDTH + 1 + TIME_WIDTH + 2;
/** Lines of a detail where the terminal has room. */
const MAX_LINES = 2;

/** In the order that start-up is thought of, whichever part began first. */
const ORDER: readonly StepState['name'][] = [
  ...(['interfaces', 'identity', 'servers', 'listen'] as const),
  ...(['stun', 'mqtt', 'ntp', 'portmap', 'nickname'] as const),
];
/** Of these a few words are enough, unless they failed. */
const SHORT: ReadonlySet<StepState['name']> = new Set(['interfaces', 'identity', 'listen']);

/** A step with its detail as lines. */
export interface StepRows {
  readonly step: StepState;
  readonly details: readonly string[];
}

/**
 * What was found, whole where there is room for it.
 *
 * @param rows lines there is room for
 */
export function stepRows(
  steps: readonly StepState[],
  columns: number,
  rows: number,
  mark: string,
): readonly StepRows[] {
  const room = Math.max(1, columns - DETAIL_AT);
  const sorted = steps.toSorted((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
  const short = sorted.map((step) => ({ step, details: [cut(makeVisible(step.detail), room, mark)] }));
  const long = short.map((row) =>
    SHORT.has(row.step.name) && row.step.state !== 'failed'
      ? row
      : { step: row.step, details: detailLines(makeVisible(row.step.detail), room, mark) },
  );
  return long.flatMap(({ details }) => details).length <= rows ? long : short;
}

function detailLines(detail: string, columns: number, mark: string): string[] {
  const lines = wrap(detail, columns);
  if (lines.length <= MAX_LINES) return lines;
  const kept = lines.slice(0, MAX_LINES - 1);
  return [...kept, cut(lines.slice(MAX_LINES - 1).join(' '), columns, mark)];
}

export function Steps({ rows, columns }: { readonly rows: readonly StepRows[]; readonly columns: number }) {
  return (
    <Box flexDirection="column" width={columns}>
      {rows.length === 0 && <Text {...styleOf('muted')}>starting</Text>}
      {rows.map(({ step, details }) => (
        <StepLines key={step.name} step={step} details={details} />
      ))}
    </Box>
  );
}

function StepLines({ step, details }: StepRows) {
  const [first = '', ...more] = details;
  const time = step.elapsed === null ? '' : formatMs(step.elapsed);
  return (
    <>
      <Text wrap="truncate">
        {step.state === 'start' ? <Spinner /> : <Outcome ok={step.state === 'ok'} />}
        {` ${pad(step.name, NAME_WIDTH)} `}
        <Text {...styleOf('muted')}>{`${pad(time, TIME_WIDTH, 'left')}  `}</Text>
        {first}
      </Text>
      {more.map((line) => (
        <Text key={line} wrap="truncate">
          {' '.repeat(DETAIL_AT) + line}
        </Text>
      ))}
    </>
  );
}

function Outcome({ ok }: { readonly ok: boolean }) {
  const { marks } = useUi();
  return <Text {...styleOf(ok ? 'good' : 'bad')}>{ok ? marks.done : marks.failed}</Text>;
}
