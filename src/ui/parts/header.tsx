/** The first line: program, node, machine load, pipes. */
import { Box, Text } from 'ink';
import { openPipes, runningNodes, shortId } from '../../app/select.ts';
import { useUi } from '../context.ts';
import { styleOf } from '../theme.ts';
import { useStore } from '../use-store.ts';

export function Header({ title }: { readonly title: string }) {
  const { dot } = useUi().marks;
  const node = runningNodes(useStore((state) => state.nodes))[0];
  const pipes = useStore((state) => state.pipes);
  const unread = pipes.reduce((sum, pipe) => sum + pipe.unread, 0);
  const where = node === undefined ? '' : ` ${dot} ${shortId(node.nodeId)} ${dot} port ${node.port}`;
  return (
    <Box justifyContent="space-between" height={1} flexShrink={0}>
      <Text wrap="truncate">
        <Text bold color="cyan">
          p2pd-demo
        </Text>
        <Text bold>{title === '' ? '' : ` ${title}`}</Text>
        <Text {...styleOf('muted')}>{where}</Text>
      </Text>
      <Box flexShrink={0} marginLeft={1}>
        <Text>
          <LoadText />
          {` pipes ${openPipes(pipes).length}`}
          {unread > 0 && <Text {...styleOf('warn')}>{` ${unread} new`}</Text>}
        </Text>
      </Box>
    </Box>
  );
}

/** Load matters for punching, where a late packet is a lost one. */
function LoadText() {
  const load = useStore((state) => state.load);
  if (load === null) return null;
  const percent = (share: number) => `${Math.round(share * 100)}%`.padStart(4);
  const text = `cpu${percent(load.cpu)} mem${percent(load.memoryUsed)} load ${load.load1.toFixed(1)}`;
  return <Text {...styleOf(load.cpu > 0.8 ? 'warn' : 'muted')}>{text}</Text>;
}
