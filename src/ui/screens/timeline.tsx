/** Timeline: how the newest pipes came about, or why they did not. */
import { Box, Text } from 'ink';
import { shortId } from '../../app/select.ts';
import { useUi } from '../context.ts';
import { TimelineLanes } from '../parts/timeline.tsx';
import { styleOf } from '../theme.ts';
import { useCell } from '../use-cell.ts';
import { useKeyTaker } from '../use-keys.ts';
import { useStore } from '../use-store.ts';

/** Rows of the screen that the lanes cannot have. */
const OTHER_ROWS = 6;

export function TimelineScreen({ id }: { readonly id: string | null }) {
  const { size } = useUi();
  const timelines = useStore((state) => state.timelines);
  const pipes = useStore((state) => state.pipes);
  const names = Object.keys(timelines);
  const place = useCell(id !== null && names.includes(id) ? names.indexOf(id) : names.length - 1);
  const at = Math.min(Math.max(0, place.value), names.length - 1);
  const name = names[at];
  const timeline = name === undefined ? undefined : timelines[name];
  useKeyTaker({
    intent(intent) {
      if (intent === 'up') place.set(Math.max(0, at - 1));
      else if (intent === 'down') place.set(Math.min(names.length - 1, at + 1));
      else return false;
      return true;
    },
  });
  if (timeline === undefined)
    return (
      <Text {...styleOf('muted')}>nothing has been connected yet; each connect leaves its timeline here</Text>
    );
  const pipe = pipes.find((one) => one.id === name);
  const who = pipe?.peer === undefined || pipe.peer === null ? 'a peer' : `peer ${shortId(pipe.peer)}`;
  const direction = pipe?.initiator === false ? 'from' : 'to';
  const outcome = pipe === undefined ? '' : `: ${pipe.state}`;
  const more = names.length > 1 ? `   ${at + 1} of ${names.length} (Up, Down)` : '';
  return (
    <Box flexDirection="column">
      <Text bold wrap="truncate">{`${direction} ${who}${outcome}${more}`}</Text>
      <Box marginTop={1} flexDirection="column">
        <TimelineLanes timeline={timeline} rows={size.rows - OTHER_ROWS} />
      </Box>
    </Box>
  );
}
