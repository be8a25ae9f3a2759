/** The nodes of this process with their addresses, and every pipe to choose from. */
import { Box, Text } from 'ink';
import { chatPipes, runningNodes } from '../../app/select.ts';
import type { NicknameState, NodeState } from '../../app/state.ts';
import { useUi } from '../context.ts';
import { PipeList } from '../parts/pipe-list.tsx';
import { styleOf } from '../theme.ts';
import { useChoice } from '../use-choice.ts';
import { useKeyTaker } from '../use-keys.ts';
import { useStore } from '../use-store.ts';
import { cut, hardWrap } from '../width.ts';

/** Rows of the screen that are neither nodes nor pipes. */
const OTHER_ROWS = 15;

export function NodesScreen() {
  const { session, terminal, size, marks } = useUi();
  const { emit } = session.store;
  const nodes = runningNodes(useStore((state) => state.nodes));
  const names = useStore((state) => state.nicknames);
  const pipes = chatPipes(useStore((state) => state.pipes));
  const choice = useChoice(nodes.length + pipes.length);
  const node = nodes[Math.min(choice.index, nodes.length - 1)];
  useKeyTaker({
    intent(intent) {
      if (choice.move(intent)) return true;
      const pipe = pipes[choice.get() - nodes.length];
      if (intent === 'start-node') void session.startNode();
      else if (intent === 'copy-address' && node !== undefined) {
        terminal.copy(node.address);
        emit({ event: 'ui', action: 'notice', notice: 'asked the terminal to copy the address' });
      } else if (intent === 'confirm' && pipe !== undefined) {
        emit({ event: 'ui', action: 'go', screen: 'chat', pipe: pipe.id });
      } else return false;
      return true;
    },
  });
  return (
    <Box flexDirection="column" marginTop={1}>
      {nodes.length === 0 && <Text {...styleOf('muted')}>no node is running yet</Text>}
      {nodes.map((one, i) => (
        <Text key={one.nodeId} wrap="truncate" bold={i === choice.index}>
          <Text {...styleOf('accent')}>{i === choice.index ? `${marks.pointer} ` : '  '}</Text>
          {`node ${one.nodeId}  slot ${one.slot}  port ${one.port}${nameOf(one, names[one.nodeId])}`}
        </Text>
      ))}
      {node !== undefined && (
        <Box flexDirection="column" marginTop={1}>
          <Text {...styleOf('muted')}>{`address of slot ${node.slot}`}</Text>
          <Text>{hardWrap(node.address, size.columns)}</Text>
          {names[node.nodeId]?.full != null && (
            <Text {...styleOf('muted')}>
              {cut(`nickname ${names[node.nodeId]?.full}`, size.columns, marks.more)}
            </Text>
          )}
        </Box>
      )}
      {pipes.length > 0 && (
        <Box flexDirection="column" marginTop={1}>
          <Text {...styleOf('muted')}>pipes</Text>
          <PipeList
            pipes={pipes}
            selected={choice.index - nodes.length}
            rows={Math.max(1, size.rows - OTHER_ROWS)}
          />
        </Box>
      )}
    </Box>
  );
}

/** Beside the node where somebody chose it: the default name is its id once more. */
function nameOf({ nodeId }: NodeState, told: NicknameState | undefined): string {
  return told?.full == null || told.name === nodeId ? '' : `  ${told.full}`;
}
