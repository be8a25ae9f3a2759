/** The last lines: a notice if there is one, and the keys that work here. */
import { Box, Text } from 'ink';
import { useUi } from '../context.ts';
import { footerHints, type KeyContext } from '../keymap.ts';
import { styleOf } from '../theme.ts';
import { useStore } from '../use-store.ts';
import { cut, widthOf } from '../width.ts';

const GAP = '  ';

export function Footer({ context }: { readonly context: KeyContext }) {
  const { size, marks } = useUi();
  const notice = useStore((state) => state.ui.notice);
  return (
    <Box flexDirection="column" flexShrink={0}>
      <Text {...styleOf('warn')}>{cut(notice ?? ' ', size.columns, marks.more)}</Text>
      <HintLine context={context} columns={size.columns} />
    </Box>
  );
}

/** As many hints as fit; the ones that work everywhere come last but are never left out. */
function HintLine({ context, columns }: { readonly context: KeyContext; readonly columns: number }) {
  const { isDemo } = useUi();
  const hints = footerHints(context, isDemo);
  const length = (list: typeof hints) => widthOf(list.map(({ keys, does }) => `${keys} ${does}`).join(GAP));
  while (length(hints) > columns && hints.length > 3) hints.splice(hints.length - 4, 1);
  return (
    <Text wrap="truncate">
      {hints.map(({ keys, does }, i) => (
        <Text key={keys}>
          {i === 0 ? '' : GAP}
          <Text bold>{keys}</Text>
          <Text {...styleOf('muted')}> {does}</Text>
        </Text>
      ))}
    </Text>
  );
}
