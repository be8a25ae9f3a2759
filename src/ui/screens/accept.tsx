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
import type { TerminalSize } from '../use-terminal-size.ts';
import { cutMiddle, hardWrap } from '../width.ts';

/** Rows of the screen that are not this screen's: header, two of the footer, one spare. */
const OTHER_ROWS = 4;
/** Rows for pipes that the command leaves free. */
const PIPE_ROWS = 3;
/** Labels and the lines between the parts. */
const LABEL_ROWS = 5;

export function AcceptScreen() {
  const { session, terminal, size, marks } = useUi();
  const { emit } = session.store;
  const node = runningNodes(useStore((state) => state.nodes))[0];
  const pipes = incomingPipes(useStore((state) => state.pipes));
  const names = useStore((state) => state.nicknames);
  // Shorter, and the same to the other person.
  const word = node === undefined ? '' : (names[node.nodeId]?.full ?? node.address);
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
      else if (intent === 'copy-command') copy(connectCommand(word), 'command');
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
  const { address, command, pipeRows } = fitted(node.address, word, size, marks.more);
  return (
    <Box flexDirection="column">
      <Text
        {...styleOf('muted')}
      >{`This node's address${address.whole ? '' : ' (a copies it whole)'}:`}</Text>
      <Text>{address.text}</Text>
      <Box marginTop={1} flexDirection="column">
        <Text {...styleOf('muted')}>
          {`The other person runs${command.whole ? '' : ' (c copies it whole)'}, or chooses 0 and pastes ${word === node.address ? 'the address' : 'address or name'}:`}
        </Text>
        <Text>{command.text}</Text>
      </Box>
      <Box marginTop={1} flexDirection="column">
        <Text {...styleOf('muted')}>{pipes.length === 0 ? 'Waiting for pipes' : 'Pipes that came in:'}</Text>
        <PipeList pipes={pipes} selected={choice.index} rows={pipeRows} />
      </Box>
    </Box>
  );
}

/** Address and command in full where there is room for them and some pipes; else shortened, the command first. */
function fitted(address: string, word: string, { columns, rows }: TerminalSize, mark: string) {
  const room = rows - OTHER_ROWS - LABEL_ROWS;
  const part = (text: string, others: number) => {
    const needed = Math.ceil(text.length / columns);
    return needed + others + PIPE_ROWS <= room
      ? { text: hardWrap(text, columns), whole: true, rows: needed }
      : { text: cutMiddle(text, columns, mark), whole: false, rows: 1 };
  };
  const shownAddress = part(address, 1);
  const command = part(connectCommand(word), shownAddress.rows);
  const pipeRows = Math.max(1, room - shownAddress.rows - command.rows);
  return { address: shownAddress, command, pipeRows };
}
