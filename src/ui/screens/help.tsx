/** Help: every key, from the keymap; in two columns where there is room. */
import { Box, Text } from 'ink';
import { useUi } from '../context.ts';
import { helpSections } from '../keymap.ts';
import { styleOf } from '../theme.ts';
import { cut } from '../width.ts';

/** Rows of the screen that are not help. */
const OTHER_ROWS = 4;
const GAP = '  ';

export function HelpOverlay() {
  const { size, marks } = useUi();
  const lines = helpSections().flatMap(({ title, hints }) => pack(title, hints, size.columns));
  return (
    <Box flexDirection="column">
      {lines.slice(0, size.rows - OTHER_ROWS).map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are the same for one size and hold no state
        <Text key={i} {...(line.title ? { bold: true } : styleOf('plain'))}>
          {cut(line.text, size.columns, marks.more)}
        </Text>
      ))}
    </Box>
  );
}

/** A title and its keys, as many on a line as fit. */
function pack(title: string, hints: readonly { keys: string; does: string }[], columns: number) {
  const lines: { title: boolean; text: string }[] = [{ title: true, text: title }];
  let text = '';
  for (const { keys, does } of hints) {
    const hint = `${keys} ${does}`;
    if (text !== '' && GAP.length + text.length + GAP.length + hint.length > columns) {
      lines.push({ title: false, text: GAP + text });
      text = '';
    }
    text += text === '' ? hint : GAP + hint;
  }
  return [...lines, { title: false, text: GAP + text }];
}
