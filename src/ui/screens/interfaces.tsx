/** Interfaces: what this machine can be reached by. */
import { Box, Text } from 'ink';
import { interfaceRows } from '../../app/select.ts';
import { useUi } from '../context.ts';
import { Table } from '../parts/table.tsx';
import { styleOf } from '../theme.ts';
import { useKeyTaker } from '../use-keys.ts';
import { useScroll } from '../use-scroll.ts';
import { useStore } from '../use-store.ts';

const HEAD = ['interface', 'kind', 'family', 'gateway', 'address'];
/** Rows of the screen that are no rows of the table. */
const OTHER_ROWS = 7;

export function InterfacesScreen() {
  const { size } = useUi();
  const interfaces = useStore((state) => state.interfaces);
  const rows = interfaceRows(interfaces ?? []);
  const room = size.rows - OTHER_ROWS;
  const scroll = useScroll(rows.length, room);
  useKeyTaker({ intent: (intent) => scroll.move(intent) });
  const cells = rows.map((row) => [row.name, row.kind, row.family, row.gateway, row.address]);
  const first = rows.length <= room ? 0 : scroll.first;
  return (
    <Box flexDirection="column" marginTop={1}>
      {interfaces === null && <Text {...styleOf('muted')}>looking for interfaces</Text>}
      {interfaces !== null && <Table head={HEAD} rows={cells.slice(first, first + room)} />}
    </Box>
  );
}
