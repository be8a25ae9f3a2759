/** Interfaces: what this machine can be reached by; a table, or a list where that is too wide. */
import { Box, Text } from 'ink';
import { type InterfaceRow, interfaceRows } from '../../app/select.ts';
import { useUi } from '../context.ts';
import { fitsTable, Table } from '../parts/table.tsx';
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
  const cells = rows.map((row) => [row.name, row.kind, row.family, row.gateway, row.address]);
  const list = fitsTable(HEAD, cells, size.columns) ? null : rows.flatMap(listed);
  const count = list?.length ?? cells.length;
  const room = size.rows - OTHER_ROWS;
  const scroll = useScroll(count, room);
  useKeyTaker({ intent: (intent) => scroll.move(intent) });
  const first = count <= room ? 0 : scroll.first;
  if (interfaces === null) return <Text {...styleOf('muted')}>looking for interfaces</Text>;
  return (
    <Box flexDirection="column" marginTop={1}>
      {list === null && <Table head={HEAD} rows={cells} first={first} room={room} />}
      {list?.slice(first, first + room).map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity of their own and hold no state
        <Text key={i} wrap="truncate">
          {line}
        </Text>
      ))}
    </Box>
  );
}

/** A row as lines of a list: each address on its own, whole. */
function listed({ name, kind, family, gateway, address }: InterfaceRow): string[] {
  return [
    ...(name === '' ? [] : [`${name} (${kind})`]),
    ...(family === '' ? [] : [`  ${family}  gateway ${gateway}`]),
    `        ${address}`,
  ];
}
