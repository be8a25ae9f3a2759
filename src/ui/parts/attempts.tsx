/** Attempts of a connect as they run: which way, from where to where, how long, and what came of it. */
import { Box, Text } from 'ink';
import { formatMs, wayOf } from '../../app/select.ts';
import type { AttemptState } from '../../app/state.ts';
import { makeVisible } from '../../app/visible.ts';
import { useUi } from '../context.ts';
import { styleOf } from '../theme.ts';
import { cut } from '../width.ts';
import { Spinner, useElapsed } from './spinner.tsx';

export interface AttemptsProps {
  readonly attempts: readonly AttemptState[];
  /** Lines there is room for; two per attempt. */
  readonly rows: number;
}

const ROWS_EACH = 2;

export function Attempts({ attempts, rows }: AttemptsProps) {
  const shown = attempts.slice(-Math.max(1, Math.floor(rows / ROWS_EACH)));
  return (
    <Box flexDirection="column">
      {attempts.length > shown.length && (
        <Text
          {...styleOf('muted')}
        >{`${attempts.length - shown.length} earlier attempts are in the log`}</Text>
      )}
      {shown.map((attempt) => (
        <AttemptLines key={attempt.id} attempt={attempt} />
      ))}
    </Box>
  );
}

function AttemptLines({ attempt }: { readonly attempt: AttemptState }) {
  const { marks, size } = useUi();
  const passed = useElapsed(attempt.startedAt);
  const time = formatMs(attempt.elapsed ?? passed);
  const outcome = attempt.state === 'open' ? 'open' : makeVisible(attempt.reason ?? '');
  const role = attempt.state === 'open' ? 'good' : 'bad';
  return (
    <Box flexDirection="column">
      <Text wrap="truncate">
        {attempt.state === 'start' ? <Spinner /> : <Mark open={attempt.state === 'open'} />}
        {` ${wayOf(attempt, marks.dot)}  `}
        <Text {...styleOf('muted')}>{time}</Text>
        {attempt.state !== 'start' && <Text {...styleOf(role)}>{`  ${outcome}`}</Text>}
      </Text>
      <Text {...styleOf('muted')}>
        {cut(`    ${attempt.local} ${marks.arrow} ${attempt.remote}`, size.columns, marks.more)}
      </Text>
    </Box>
  );
}

function Mark({ open }: { readonly open: boolean }) {
  const { marks } = useUi();
  return <Text {...styleOf(open ? 'good' : 'bad')}>{open ? marks.done : marks.failed}</Text>;
}
