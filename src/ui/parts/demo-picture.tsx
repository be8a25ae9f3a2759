/** The demo's picture: two machines, a wall for each NAT, and the packets between them as they fly. */
import { Box, Text } from 'ink';
import { useSyncExternalStore } from 'react';
import type { Mark, Picture, Scene, SceneSide, SideName } from '../../app/demo/scene.ts';
import { useUi } from '../context.ts';
import { type Role, styleOf } from '../theme.ts';
import { cut, pad } from '../width.ts';

/** Three for the machines, one for words, one that is free. */
export const PICTURE_ROWS = 5;
/** `symmetric, independent` and a space. */
const SIDE_WIDTH = 24;

export interface DemoPictureProps {
  readonly scene: Scene;
  /** Whose screens are below. */
  readonly shown: SideName;
}

export function DemoPicture({ scene, shown }: DemoPictureProps) {
  const { size, marks } = useUi();
  const picture = useSyncExternalStore(scene.subscribe, scene.picture, scene.picture);
  const columns = size.columns - 2 * (SIDE_WIDTH + 1);
  const { a, b } = scene.sides;
  const speed = scene.speed === 1 ? '' : `, time ${marks.times}${scene.speed}`;
  const about = cut(`${scene.rtt} ms there and back${speed}`, columns, marks.more);
  const wall = <Text {...styleOf('warn')}>{marks.wall}</Text>;
  return (
    <Box flexDirection="column" height={PICTURE_ROWS} flexShrink={0}>
      <Text wrap="truncate">
        <Machine side={a} shown={shown === 'a'} align="right" />
        {wall}
        <Text {...styleOf('muted')}>{centred(about, columns)}</Text>
        {wall}
        <Machine side={b} shown={shown === 'b'} align="left" />
      </Text>
      <Text wrap="truncate">
        {pad(cut(a.nat, SIDE_WIDTH - 1, marks.more), SIDE_WIDTH - 1, 'left')} {wall}
        <Lane picture={picture} from="a" columns={columns} />
        {wall} {cut(b.nat, SIDE_WIDTH - 1, marks.more)}
      </Text>
      <Text wrap="truncate">
        <Text {...styleOf('muted')}>{pad(a.outer, SIDE_WIDTH - 1, 'left')} </Text>
        {wall}
        <Lane picture={picture} from="b" columns={columns} />
        {wall}
        <Text {...styleOf('muted')}>{` ${b.outer}`}</Text>
      </Text>
      <Text {...styleOf('muted')}>{cut(picture.caption || ' ', size.columns, marks.more)}</Text>
    </Box>
  );
}

interface MachineProps {
  readonly side: SceneSide;
  readonly shown: boolean;
  readonly align: 'left' | 'right';
}

/** Name and own address, next to its wall. */
function Machine({ side, shown, align }: MachineProps) {
  const { marks } = useUi();
  const mark = shown ? marks.on : marks.off;
  const text =
    align === 'right' ? `${mark} ${side.name} ${side.inner}` : `${side.inner} ${side.name} ${mark}`;
  const placed =
    align === 'right' ? `${pad(text, SIDE_WIDTH - 1, 'left')} ` : ` ${pad(text, SIDE_WIDTH - 1)}`;
  return (
    <Text bold={shown} {...styleOf(shown ? 'accent' : 'muted')}>
      {placed}
    </Text>
  );
}

const ROLES: Readonly<Record<Mark['kind'], Role>> = {
  syn: 'accent',
  reset: 'bad',
  tcp: 'plain',
  udp: 'accent',
};

/** One direction; where several packets are at one place the one that was dropped is seen. */
function Lane({ picture, from, columns }: { picture: Picture; from: SideName; columns: number }) {
  const { marks } = useUi();
  const cells: (Mark | null)[] = Array.from({ length: columns }, () => null);
  for (const mark of picture.marks) {
    if (mark.from !== from) continue;
    const way = from === 'a' ? mark.at : 1 - mark.at;
    const place = Math.round(way * (columns - 1));
    if (cells[place]?.fate !== 'dropped') cells[place] = mark;
  }
  const arrow = from === 'a' ? marks.right : marks.left;
  return (
    <>
      {cells.map((mark, i) => {
        // biome-ignore lint/suspicious/noArrayIndexKey: places on the lane have no name but their number.
        if (mark === null) return <Text key={i}> </Text>;
        const isDropped = mark.fate === 'dropped';
        const role = isDropped ? 'bad' : mark.fate === 'through' ? 'good' : ROLES[mark.kind];
        const shape = isDropped ? marks.failed : mark.kind === 'udp' ? marks.on : arrow;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: places on the lane have no name but their number.
          <Text key={i} {...styleOf(role)}>
            {shape}
          </Text>
        );
      })}
    </>
  );
}

function centred(text: string, columns: number): string {
  const before = Math.max(0, Math.floor((columns - text.length) / 2));
  return pad(' '.repeat(before) + text, columns);
}
