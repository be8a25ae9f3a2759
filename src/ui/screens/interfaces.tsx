/**
 * Interfaces: what this machine can be reached by and how servers see it, a table or a list where
 * that is too wide; below, the brokers where the node listens, and its clock.
 */
import { Box, Text } from 'ink';
import { type InterfaceRow, interfaceRows, outsideLines, selectWorld } from '../../app/select.ts';
import { useUi } from '../context.ts';
import { tableLines } from '../parts/table.ts';
import { type Role, styleOf } from '../theme.ts';
import { useKeyTaker } from '../use-keys.ts';
import { useScroll } from '../use-scroll.ts';
import { useStore } from '../use-store.ts';
import { cut } from '../width.ts';

const HEAD = ['interface', 'kind', 'family', 'gateway', 'address'];
/** Rows of the screen that are no lines of the lists: header, a free one each side, two of the footer, one spare. */
const OTHER_ROWS = 6;

interface Line {
  readonly role: Role;
  readonly text: string;
}

export function InterfacesScreen() {
  const { size, marks } = useUi();
  const interfaces = useStore((state) => state.interfaces);
  const world = useStore(selectWorld);
  const outside = world === null ? [] : outsideLines(world);
  const lines: readonly Line[] = [
    ...interfaceLines(interfaceRows(interfaces ?? [], world?.outer), size.columns),
    ...['', ...outside].map((text) => ({ role: 'plain' as const, text })),
  ];
  const room = size.rows - OTHER_ROWS;
  const scroll = useScroll(lines.length, room, 'start');
  useKeyTaker({ intent: (intent) => scroll.move(intent) });
  if (interfaces === null) return <Text {...styleOf('muted')}>looking for interfaces</Text>;
  return (
    <Box flexDirection="column" marginTop={1}>
      {lines.slice(scroll.first, scroll.first + room).map(({ role, text }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity of their own and hold no state
        <Text key={i} {...styleOf(role)}>
          {cut(text, size.columns, marks.more) || ' '}
        </Text>
      ))}
      {scroll.below > 0 && <Text {...styleOf('muted')}>{`${scroll.below} more lines below`}</Text>}
    </Box>
  );
}

function interfaceLines(rows: readonly InterfaceRow[], columns: number): readonly Line[] {
  const known = rows.some(({ outer }) => outer !== '-');
  const cells = rows.map(({ name, kind, family, gateway, address, outer }) => [
    ...[name, kind, family, gateway, address],
    ...(known ? [outer] : []),
  ]);
  const table = tableLines(known ? [...HEAD, 'outer'] : HEAD, cells, columns);
  const texts = table ?? rows.flatMap(listed);
  return texts.map((text, i) => ({ role: table !== null && i === 0 ? 'muted' : 'plain', text }));
}

/** A row as lines of a list: each address on its own, whole. */
function listed({ name, kind, family, gateway, address, outer }: InterfaceRow): string[] {
  return [
    ...(name === '' ? [] : [`${name} (${kind})`]),
    ...(family === '' ? [] : [`  ${family}  gateway ${gateway}`]),
    `        ${address}`,
    ...(outer === '-' ? [] : [`        outer ${outer}`]),
  ];
}
