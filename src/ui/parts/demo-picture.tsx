/** The demo's picture: two machines, a wall for each NAT, and the packets between them as they fly. */
import { Box, Text } from 'ink';
import { useSyncExternalStore } from 'react';
import type { Mark, Picture, Scene, SceneSide, SideName } from '../../app/demo/scene.ts';
import { useUi } from '../context.ts';
import { type Marks, type Role, styleOf } from '../theme.ts';
import { cut, pad } from '../width.ts';

/** Three for the machines, one for words, one that is free. */
export const PICTURE_ROWS = 5;
/** `restrict port, independent` and a space; where columns are few, what leaves a lane. */
const SIDE_WIDTH = 27;
const NARROW_WIDTH = 24;
const LEAST_LANE = 20;

export interface DemoPictureProps {
  readonly scene: Scene;
  /** Whose screens are below. */
  readonly shown: SideName;
}

export function DemoPicture({ scene, shown }: DemoPictureProps) {
  const { size, marks } = useUi();
  const picture = useSyncExternalStore(scene.subscribe, scene.picture, scene.picture);
  const isWide = size.columns - 2 * (SIDE_WIDTH + 1) >= LEAST_LANE;
  const width = (isWide ? SIDE_WIDTH : NARROW_WIDTH) - 1;
  const columns = size.columns - 2 * (width + 2);
  const { a, b } = scene.sides;
  const about = aboutOf(scene.rtt, picture.speed, marks.times).find(({ length }) => length <= columns) ?? '';
  const wall = <Text {...styleOf('warn')}>{marks.wall}</Text>;
  return (
    <Box flexDirection="column" height={PICTURE_ROWS} flexShrink={0}>
      <Text wrap="truncate">
        <Machine side={a} shown={shown === 'a'} width={width} align="right" />
        {wall}
        <Text {...styleOf('muted')}>{centred(about, columns)}</Text>
        {wall}
        <Machine side={b} shown={shown === 'b'} width={width} align="left" />
      </Text>
      <Text wrap="truncate">
        {pad(cut(a.nat, width, marks.more), width, 'left')} {wall}
        <Lane picture={picture} from="a" columns={columns} />
        {wall} {cut(b.nat, width, marks.more)}
      </Text>
      <Text wrap="truncate">
        <Text {...styleOf('muted')}>{pad(a.outer, width, 'left')} </Text>
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
  readonly width: number;
  readonly align: 'left' | 'right';
}

/** Name and own address, next to its wall. */
function Machine({ side, shown, width, align }: MachineProps) {
  const { marks } = useUi();
  const mark = shown ? marks.on : marks.off;
  const text =
    align === 'right' ? `${mark} ${side.name} ${side.inner}` : `${side.inner} ${side.name} ${mark}`;
  const placed = align === 'right' ? `${pad(text, width, 'left')} ` : ` ${pad(text, width)}`;
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
  server: 'muted',
};

interface LaneProps {
  readonly picture: Picture;
  readonly from: SideName;
  readonly columns: number;
}

/** One direction; where several packets are at one place the one that was dropped is seen. */
function Lane({ picture, from, columns }: LaneProps) {
  const { marks } = useUi();
  const places = new Map<number, Mark>();
  for (const mark of picture.marks) {
    if (mark.from !== from) continue;
    const place = Math.round((from === 'a' ? mark.at : 1 - mark.at) * (columns - 1));
    if (places.get(place)?.fate !== 'dropped') places.set(place, mark);
  }
  const taken = [...places].sort(([a], [b]) => a - b);
  const last = taken.at(-1)?.[0] ?? -1;
  return (
    <>
      {taken.map(([place, mark], i) => {
        const gap = place - (taken[i - 1]?.[0] ?? -1) - 1;
        const { role, shape } = lookOf(mark, marks);
        return (
          <Text key={place}>
            {' '.repeat(gap)}
            <Text {...styleOf(role)}>{shape}</Text>
          </Text>
        );
      })}
      {' '.repeat(Math.max(0, columns - last - 1))}
    </>
  );
}

function lookOf({ kind, fate, from }: Mark, marks: Marks): { readonly role: Role; readonly shape: string } {
  if (fate === 'dropped') return { role: 'bad', shape: marks.failed };
  if (kind === 'server') return { role: 'muted', shape: marks.dot };
  const shape = kind === 'udp' ? marks.on : from === 'a' ? marks.right : marks.left;
  return { role: fate === 'through' ? 'good' : ROLES[kind], shape };
}

/** What stands between the machines, the longest first. */
function aboutOf(rtt: number, speed: number, times: string): readonly string[] {
  const across = `${rtt} ms across`;
  if (speed === 1) return [`${across}, servers midway`, across, `${rtt} ms`];
  const time = `time ${times} ${speed}`;
  return [`${across}, ${time}`, `${rtt} ms, ${time}`, time];
}

function centred(text: string, columns: number): string {
  const before = Math.max(0, Math.floor((columns - text.length) / 2));
  return pad(' '.repeat(before) + text, columns);
}
