/** What failed, and what to try. */
import { Box, Text } from 'ink';
import type { State } from '../../app/state.ts';
import { makeVisible } from '../../app/visible.ts';
import { useUi } from '../context.ts';
import { styleOf } from '../theme.ts';
import { wrap } from '../width.ts';

export function Problem({ error }: { readonly error: NonNullable<State['error']> }) {
  const { size, marks } = useUi();
  return (
    <Box flexDirection="column">
      <Text {...styleOf('bad')}>
        {wrap(`${marks.failed} ${makeVisible(error.message)}`, size.columns).join('\n')}
      </Text>
      <Text {...styleOf('muted')}>{wrap(`  try: ${error.hint}`, size.columns).join('\n')}</Text>
    </Box>
  );
}
