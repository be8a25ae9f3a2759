/** The first line: program, node, machine load, pipes; in a narrow terminal the most telling of it. */
import { Box, Text } from 'ink';
import { openPipes, runningNodes, shortId } from '../../app/select.ts';
import type { LoadState, NodeState } from '../../app/state.ts';
import { useUi } from '../context.ts';
import { styleOf } from '../theme.ts';
import { useStore } from '../use-store.ts';
import { cut } from '../width.ts';

const NAME = 'p2pd-demo';
/** The machine's load from which packets come late, 0 to 1: a late one is a lost one in punching. */
const BUSY = 0.8;

export function Header({ title }: { readonly title: string }) {
  const { marks, size } = useUi();
  const node = runningNodes(useStore((state) => state.nodes))[0];
  const load = useStore((state) => state.load);
  const pipes = useStore((state) => state.pipes);
  const unread = pipes.reduce((sum, pipe) => sum + pipe.unread, 0);
  const name = title === '' ? NAME : `${NAME} ${title}`;
  const open = `pipes ${openPipes(pipes).length}`;
  const news = unread === 0 ? '' : ` ${unread} new`;
  const room = size.columns - name.length - open.length - news.length - 1;
  const { where, machine } = fitted(node, load, room, marks.dot);
  return (
    <Box justifyContent="space-between" height={1} flexShrink={0}>
      <Text>
        <Text bold color="cyan">
          {NAME}
        </Text>
        <Text bold>{name.slice(NAME.length)}</Text>
        <Text {...styleOf('muted')}>{where}</Text>
      </Text>
      <Text>
        <Text {...styleOf((load?.cpu ?? 0) > BUSY ? 'warn' : 'muted')}>{machine}</Text>
        {open}
        <Text {...styleOf('warn')}>{cut(news, Math.max(0, room + news.length), marks.more)}</Text>
      </Text>
    </Box>
  );
}

/** What fits of node and load; the port goes first, then the load. */
function fitted(node: NodeState | undefined, load: LoadState | null, room: number, dot: string) {
  const id = node === undefined ? '' : ` ${dot} ${shortId(node.nodeId)}`;
  const port = node === undefined ? '' : ` ${dot} port ${node.port}`;
  const percent = (share: number) => `${Math.round(share * 100)}%`.padStart(4);
  const machine =
    load === null
      ? ''
      : `cpu${percent(load.cpu)} mem${percent(load.memoryUsed)} load ${load.load1.toFixed(1)} `;
  const choices = [
    { where: id + port, machine },
    { where: id, machine },
    { where: id, machine: '' },
  ];
  const choice = choices.find((one) => one.where.length + one.machine.length <= room);
  return choice ?? { where: '', machine: '' };
}
