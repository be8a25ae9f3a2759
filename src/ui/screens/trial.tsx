/** A trial: the address that the other side needs, cell after cell while it goes on, then its report. */
import { Box, Text } from 'ink';
import { trialCommand } from '../../app/invite.ts';
import { shortId } from '../../app/select.ts';
import type { TrialState } from '../../app/trial/events.ts';
import { doneOf, leftText, totalOf } from '../../app/trial/lines.ts';
import { lastRun, type ReportLine, reportLines, type TrialMarks, trialTables } from '../../app/trial/view.ts';
import { makeVisible } from '../../app/visible.ts';
import { useUi } from '../context.ts';
import { type Line, Lines } from '../parts/lines.tsx';
import { Problem } from '../parts/problem.tsx';
import { Spinner } from '../parts/spinner.tsx';
import { tableLines } from '../parts/table.ts';
import { type Marks, type Role, styleOf } from '../theme.ts';
import { useKeyTaker } from '../use-keys.ts';
import { useScroll } from '../use-scroll.ts';
import { useStore } from '../use-store.ts';
import { cut, hardWrap, wrap } from '../width.ts';

/** Rows of the screen that are neither lines of the report nor of the tables. */
const OTHER_ROWS = 8;
/** What failed meanwhile, perhaps elsewhere in the session, hides no trial. */
const PROBLEM_ROWS = 5;
const BAR = 30;

export function TrialScreen() {
  const { session, terminal, size, marks } = useUi();
  const { emit } = session.store;
  const trial = useStore((state) => state.trial);
  const error = useStore((state) => state.error);
  const document = trial?.document ?? null;
  const lines = trial === null ? [] : linesOf(trial, size.columns, marks);
  const room = Math.max(1, size.rows - OTHER_ROWS - (error === null ? 0 : PROBLEM_ROWS));
  const scroll = useScroll(lines.length, room, 'start');
  const copy = async () => {
    const text = document === null ? trialCommand(trial?.address ?? '') : await markdownOf(document);
    terminal.copy(text);
    const what = document === null ? 'the command' : 'the report as Markdown';
    emit({ event: 'ui', action: 'notice', notice: `asked the terminal to copy ${what}` });
  };
  useKeyTaker({
    intent(intent) {
      if (intent === 'stop-trial') void session.stopTrial();
      else if (intent === 'save-report') void session.saveTrial();
      else if (intent === 'go-trial') emit({ event: 'ui', action: 'go', screen: 'trial-form' });
      else if (intent === 'copy-command') void copy();
      else return scroll.move(intent);
      return true;
    },
  });
  if (trial === null)
    return error === null ? busy('starting a node for the trial') : <Problem error={error} />;
  return (
    <Box flexDirection="column">
      {error !== null && (
        <Box marginBottom={1}>
          <Problem error={error} />
        </Box>
      )}
      <Head trial={trial} />
      <Box marginTop={1}>
        <Lines lines={lines} first={scroll.first} rows={room} />
      </Box>
    </Box>
  );
}

async function markdownOf(document: NonNullable<TrialState['document']>): Promise<string> {
  return (await import('../../app/trial/markdown.ts')).markdownOf(document);
}

/** How far it is, in one line. */
function Head({ trial }: { readonly trial: TrialState }) {
  const { size, marks } = useUi();
  const { phase, peer, reason } = trial;
  const who = peer === null ? '' : ` with ${shortId(peer)}`;
  switch (phase) {
    case 'waiting':
      return busy('waiting for the other side to start it');
    case 'meeting':
      return busy(`looking for a pipe${who}`);
    case 'looking':
      return busy(`both sides look at their NATs and compare clocks${who}`);
    case 'running': {
      const [done, total] = [doneOf(trial), totalOf(trial)];
      const full = total === 0 ? 0 : Math.round((done / total) * BAR);
      const bar = `${marks.full.repeat(full)}${marks.empty.repeat(BAR - full)}`;
      return busy(cut(`${bar} ${done} of ${total}  ${leftText(trial)}`, size.columns - 2, marks.more));
    }
    case 'failed':
      return (
        <Text {...styleOf('bad')}>
          {cut(`${marks.failed} ${makeVisible(reason ?? 'it failed')}`, size.columns)}
        </Text>
      );
    case 'done': {
      const ended = reason === null ? `done${who}` : `ended early: ${makeVisible(reason)}`;
      return (
        <Text {...styleOf(reason === null ? 'good' : 'warn')}>
          {cut(`${marks.done} ${ended}`, size.columns)}
        </Text>
      );
    }
  }
}

function busy(text: string) {
  return (
    <Text>
      <Spinner /> {text}
    </Text>
  );
}

const ROLES: Readonly<Record<ReportLine['kind'], Role>> = {
  verdict: 'accent',
  title: 'muted',
  text: 'plain',
  advice: 'good',
};

function linesOf(trial: TrialState, columns: number, marks: Marks): Line[] {
  const plain = (text: string): Line => ({ role: 'plain', text });
  if (trial.phase === 'waiting' && trial.address !== null)
    return [
      { role: 'muted', text: 'The other side runs, or pastes the address into its trial screen:' },
      ...hardWrap(trialCommand(trial.address), columns).split('\n').map(plain),
    ];
  const tables = trialTables(trial, marksOf(marks)).flatMap(({ head, rows }) => [
    ...(tableLines(head, rows, columns) ?? []).map(
      (text, i): Line => ({ role: i === 0 ? 'muted' : 'plain', text }),
    ),
    plain(''),
  ]);
  const said = ({ kind, text }: ReportLine) =>
    wrap(makeVisible(text), columns).map((line): Line => ({ role: ROLES[kind], text: line }));
  if (trial.document !== null) {
    const { before, after } = reportLines(trial.document);
    return [...before.flatMap(said), plain(''), ...tables, ...after.flatMap(said)];
  }
  const last = lastRun(trial);
  if (last === null) return tables;
  // One row, so that the tables stay where they are.
  const text = cut(makeVisible(last.text), columns, marks.more);
  return [{ role: last.isOpen ? 'good' : 'warn', text }, plain(''), ...tables];
}

function marksOf({ done, failed, on, off, arrow }: Marks): TrialMarks {
  return { open: done, failed, running: on, wanted: off, arrow };
}
