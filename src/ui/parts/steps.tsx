/** Start-up, step by step: what was found and how long it took. */
import { Box, Text } from 'ink';
import { formatMs } from '../../app/select.ts';
import type { StepState } from '../../app/state.ts';
import { makeVisible } from '../../app/visible.ts';
import { useUi } from '../context.ts';
import { styleOf } from '../theme.ts';
import { useStore } from '../use-store.ts';
import { cut, pad } from '../width.ts';
import { Spinner } from './spinner.tsx';

const NAME_WIDTH = 10;
const TIME_WIDTH = 8;

export function Steps({ columns }: { readonly columns: number }) {
  const steps = useStore((state) => state.steps);
  return (
    <Box flexDirection="column" width={columns}>
      {steps.length === 0 && <Text {...styleOf('muted')}>starting</Text>}
      {steps.map((step) => (
        <StepLine key={step.name} step={step} columns={columns} />
      ))}
    </Box>
  );
}

function StepLine({ step, columns }: { readonly step: StepState; readonly columns: number }) {
  const { marks } = useUi();
  const time = step.elapsed === null ? '' : formatMs(step.elapsed);
  const detail = cut(
    makeVisible(step.detail),
    Math.max(0, columns - 2 - NAME_WIDTH - TIME_WIDTH - 2),
    marks.more,
  );
  return (
    <Text wrap="truncate">
      {step.state === 'start' ? <Spinner /> : <Outcome ok={step.state === 'ok'} />}
      {` ${pad(step.name, NAME_WIDTH)}`}
      <Text {...styleOf('muted')}>{`${pad(time, TIME_WIDTH, 'left')}  `}</Text>
      {detail}
    </Text>
  );
}

function Outcome({ ok }: { readonly ok: boolean }) {
  const { marks } = useUi();
  return <Text {...styleOf(ok ? 'good' : 'bad')}>{ok ? marks.done : marks.failed}</Text>;
}
