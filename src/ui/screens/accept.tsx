/**
 * Accept: the node's address on lines of its own, without border or margin, so that it can be
 * copied; the command for the other person; and the pipes that came in.
 */
import { Box, Text } from 'ink';
import { connectCommand } from '../../app/invite.ts';
import { incomingPipes, runningNodes } from '../../app/select.ts';
import { useUi } from '../context.ts';
import { PipeList } from '../parts/pipe-list.tsx';
import { Spinner } from '../parts/spinner.tsx';
import { styleOf } from '../theme.ts';
import { useChoice } from '../use-choice.ts';
import { useKeyTaker } from '../use-keys.ts';
import { useStore } from '../use-store.ts';

/** Rows of the screen that the list of pipes cannot have. */
const OTHER_ROWS = 17;

export function AcceptScreen() {
  const { session, terminal, size } = useUi();
  const { emit } = session.store;
  const node = runningNodes(useStore((state) => state.nodes))[0];
  const pipes = incomingPipes(useStore((state) => state.pipes));
  const choice = useChoice(pipes.length);
  const copy = (text: string, what: string) => {
    terminal.copy(text);
    emit({ event: 'ui', action: 'notice', notice: `asked the terminal to copy the ${what}` });
  };
  useKeyTaker({
    intent(intent) {
      if (choice.move(intent)) return true;
      const pipe = pipes[choice.get()];
      if (intent === 'confirm' && pipe !== undefined) {
        emit({ event: 'ui', action: 'go', screen: 'chat', pipe: pipe.id });
      } else if (node === undefined) return false;
      else if (intent === 'show-qr') emit({ event: 'ui', action: 'overlay', overlay: 'qr' });
      else if (intent === 'copy-address') copy(node.address, 'address');
      else if (intent === 'copy-command') copy(connectCommand(node.address), 'command');
      else return false;
      return true;
    },
  });
  if (node === undefined) {
    return (
      <Text>
        <Spinner /> the node is starting
      </Text>
    );
  }
  return (
    <Box flexDirection="column">
      <Text {...styleOf('muted')}>This node's address:</Text>
      <Text wrap="wrap">{node.address}</Text>
      <Box marginTop={1} flexDirection="column">
        <Text {...styleOf('muted')}>The other person runs (or chooses 0 and pastes the address):</Text>
        <Text wrap="wrap">{connectCommand(node.address)}</Text>
      </Box>
      <Box marginTop={1} flexDirection="column">
        <Text {...styleOf('muted')}>{pipes.length === 0 ? 'Waiting for pipes…' : 'Pipes that came in:'}</Text>
        <PipeList pipes={pipes} selected={choice.index} rows={Math.max(1, size.rows - OTHER_ROWS)} />
      </Box>
    </Box>
  );
}
