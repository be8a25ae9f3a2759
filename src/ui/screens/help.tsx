/** Help: every key, from the keymap. */
import { Box, Text } from 'ink';
import { useUi } from '../context.ts';
import { type Hint, helpSections } from '../keymap.ts';
import { cut } from '../width.ts';

/** Rows of the screen that are not help. */
const OTHER_ROWS = 4;
const GAP = ', ';
const TITLE_WIDTH = 12;

export function HelpOverlay() {
  const { size, marks, isDemo } = useUi();
  const lines = helpSections(isDemo).flatMap(({ title, hints }) =>
    pack(hints, size.columns - TITLE_WIDTH).map((text, i) => ({ title: i === 0 ? title : '', text })),
  );
  return (
    <Box flexDirection="column">
      {lines.slice(0, size.rows - OTHER_ROWS).map(({ title, text }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are the same for one size and hold no state
        <Text key={i}>
          <Text bold>{title.padEnd(TITLE_WIDTH)}</Text>
          {cut(text, size.columns - TITLE_WIDTH, marks.more)}
        </Text>
      ))}
    </Box>
  );
}

/** Keys and what they do, as many on a line as fit. */
function pack(hints: readonly Hint[], columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const { keys, does } of hints) {
    const hint = `${keys} ${does}`;
    if (line !== '' && line.length + GAP.length + hint.length > columns) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? hint : GAP + hint;
  }
  return [...lines, line];
}
