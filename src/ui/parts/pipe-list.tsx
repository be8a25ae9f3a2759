/** Pipes to choose from, one line each. */
import { Box, Text } from 'ink';
import { formatMs, shortId, wayOf } from '../../app/select.ts';
import type { PipeState } from '../../app/state.ts';
import { useUi } from '../context.ts';
import { type Role, styleOf } from '../theme.ts';

const ROLES: Readonly<Record<PipeState['state'], Role>> = {
  open: 'good',
  connecting: 'accent',
  closed: 'muted',
  failed: 'bad',
};

export interface PipeListProps {
  readonly pipes: readonly PipeState[];
  /** Index of the chosen one; -1 = none. */
  readonly selected: number;
  /** Lines there is room for. */
  readonly rows: number;
}

export function PipeList({ pipes, selected, rows }: PipeListProps) {
  const first = Math.max(0, Math.min(selected - rows + 1, pipes.length - rows));
  return (
    <Box flexDirection="column">
      {pipes.slice(Math.max(0, first), Math.max(0, first) + rows).map((pipe) => (
        <PipeLine key={pipe.id} pipe={pipe} selected={pipes[selected] === pipe} />
      ))}
    </Box>
  );
}

function PipeLine({ pipe, selected }: { readonly pipe: PipeState; readonly selected: boolean }) {
  const { marks } = useUi();
  const peer = pipe.peer === null ? 'peer not known yet' : `peer ${shortId(pipe.peer)}`;
  const way = pipe.path === null ? pipe.state : `${wayOf(pipe.path, marks.dot)} ${pipe.path.remote}`;
  const rtt = pipe.rtt === null || pipe.state !== 'open' ? '' : ` ${formatMs(pipe.rtt)}`;
  return (
    <Text wrap="truncate">
      <Text {...styleOf('accent')}>{selected ? `${marks.pointer} ` : '  '}</Text>
      <Text {...styleOf(ROLES[pipe.state])}>{pipe.state === 'open' ? marks.on : marks.off} </Text>
      {`${pipe.initiator ? 'to' : 'from'} ${peer}  ${way}${rtt}`}
      {pipe.unread > 0 && <Text {...styleOf('warn')}>{`  ${pipe.unread} new`}</Text>}
    </Text>
  );
}
