/** Where a trial begins: with whom, or waiting for the other side to begin it. */
import { Box, Text } from 'ink';
import { useUi } from '../context.ts';
import { edit, insert, lineOf } from '../line-edit.ts';
import { Problem } from '../parts/problem.tsx';
import { TextField } from '../parts/text-field.tsx';
import { styleOf } from '../theme.ts';
import { useCell } from '../use-cell.ts';
import { useKeyTaker } from '../use-keys.ts';
import { useStore } from '../use-store.ts';
import { wrap } from '../width.ts';

const LABEL = 'with ';
const WHAT =
  'A trial tries every method between two machines, both ways, several times, and reports what works between their networks, how fast, and why the rest does not. It takes a minute or two.';
const HOW =
  'One side waits: press Enter on the empty line. It is shown an address; the other side pastes that here and presses Enter.';

/** Whoever pastes the whole command means the address in it. */
function peerIn(text: string): string {
  return /^npx.*trial(p2pd1[0-9a-z]+)$/i.exec(text)?.[1] ?? text;
}

export function TrialFormScreen() {
  const { session, size } = useUi();
  const { emit } = session.store;
  const error = useStore((state) => state.error);
  const line = useCell(lineOf(''));
  useKeyTaker({
    text: (text) => line.set(insert(line.get(), text.replace(/\s+/g, ''))),
    intent(intent) {
      if (intent === 'confirm') {
        const peer = peerIn(line.get().text);
        emit({ event: 'ui', action: 'go', screen: 'trial' });
        session.trial(peer === '' ? null : peer);
        return true;
      }
      const edited = edit(line.get(), intent);
      if (edited === null) return false;
      line.set(edited);
      return true;
    },
  });
  return (
    <Box flexDirection="column">
      <Text {...styleOf('muted')}>{wrap(WHAT, size.columns).join('\n')}</Text>
      <Box marginTop={1} height={1}>
        <Text bold>{LABEL}</Text>
        <TextField
          line={line.value}
          columns={size.columns - LABEL.length}
          focused
          placeholder="the other side's address or nickname; empty: wait for them"
        />
      </Box>
      <Box marginTop={1}>
        <Text {...styleOf('muted')}>{wrap(HOW, size.columns).join('\n')}</Text>
      </Box>
      {error !== null && (
        <Box marginTop={1}>
          <Problem error={error} />
        </Box>
      )}
    </Box>
  );
}
