/** The menu, beside it how start-up goes; below, what is open. */
import { Box, Text, useApp } from 'ink';
import { chatPipes, selectWorld } from '../../app/select.ts';
import { useUi } from '../context.ts';
import type { Intent } from '../keymap.ts';
import { PipeList } from '../parts/pipe-list.tsx';
import { Steps, stepRows } from '../parts/steps.tsx';
import { styleOf } from '../theme.ts';
import { useChoice } from '../use-choice.ts';
import { useKeyTaker } from '../use-keys.ts';
import { useStore } from '../use-store.ts';
import { cut } from '../width.ts';

const MENU: readonly { readonly key: string; readonly label: string; readonly intent: Intent }[] = [
  { key: '0', label: 'Connect to a node', intent: 'go-connect' },
  { key: '1', label: 'Accept connections', intent: 'go-accept' },
  { key: '2', label: 'Start an additional node', intent: 'start-node' },
  { key: '3', label: 'Register a nickname', intent: 'go-nickname' },
  { key: '4', label: 'Exit', intent: 'leave' },
];
const MENU_WIDTH = 32;
/** Rows of the screen besides steps and what follows them: header, tagline, a free one, two of the footer, one spare. */
const OTHER_ROWS = 6;
/** A problem with its hint, one line about the world outside, the title of the pipes; each with a free row above. */
const PROBLEM_ROWS = 3;
const OUTSIDE_ROWS = 2;
const PIPES_ROWS = 2;

export function HomeScreen() {
  const { size, marks } = useUi();
  const choice = useChoice(MENU.length);
  const steps = useStore((state) => state.steps);
  const hasProblem = useStore((state) => state.error !== null);
  const below = (hasProblem ? PROBLEM_ROWS : 0) + OUTSIDE_ROWS + PIPES_ROWS;
  const room = size.rows - OTHER_ROWS - below;
  const columns = size.columns - MENU_WIDTH;
  // One row at least is for pipes.
  const rows = stepRows(steps, columns, room - 1, marks.more);
  const used = Math.max(MENU.length, rows.flatMap(({ details }) => details).length);
  const act = useMenuActions();
  const { exit } = useApp();
  useKeyTaker({
    intent(intent) {
      if (choice.move(intent)) return true;
      const chosen = intent === 'confirm' ? (MENU[choice.get()]?.intent ?? intent) : intent;
      if (chosen !== 'leave') return act(chosen);
      exit();
      return true;
    },
  });
  return (
    <Box flexDirection="column">
      <Text {...styleOf('muted')} wrap="truncate">
        A direct, encrypted pipe between two machines, and how it came about.
      </Text>
      <Box marginTop={1}>
        <Menu selected={choice.index} />
        <Steps columns={columns} rows={rows} />
      </Box>
      <Problem />
      <Outside />
      <OpenPipes rows={Math.max(1, room - used)} />
    </Box>
  );
}

/** What a menu entry or its key does; false for what is not the menu's. */
function useMenuActions(): (intent: Intent) => boolean {
  const { session } = useUi();
  const { emit } = session.store;
  return (intent) => {
    switch (intent) {
      case 'go-connect':
        emit({ event: 'ui', action: 'go', screen: 'connect', pipe: null });
        return true;
      case 'go-accept':
        emit({ event: 'ui', action: 'go', screen: 'accept' });
        return true;
      case 'go-nickname':
        emit({ event: 'ui', action: 'go', screen: 'nickname' });
        return true;
      case 'go-interfaces':
        emit({ event: 'ui', action: 'go', screen: 'interfaces' });
        return true;
      case 'go-nodes':
        emit({ event: 'ui', action: 'go', screen: 'nodes' });
        return true;
      case 'go-log':
        emit({ event: 'ui', action: 'go', screen: 'log' });
        return true;
      case 'go-nat':
        emit({ event: 'ui', action: 'go', screen: 'nat' });
        return true;
      case 'go-nat-tables':
        emit({ event: 'ui', action: 'go', screen: 'nat-tables' });
        return true;
      case 'go-trial': {
        const isOn = session.store.getState().trial !== null;
        emit({ event: 'ui', action: 'go', screen: isOn ? 'trial' : 'trial-form' });
        return true;
      }
      case 'go-matrix':
        emit({ event: 'ui', action: 'go', screen: 'matrix' });
        return true;
      case 'go-serve':
        emit({ event: 'ui', action: 'go', screen: 'serve' });
        void session.serve();
        return true;
      case 'start-node':
        void session.startNode();
        emit({ event: 'ui', action: 'go', screen: 'nodes' });
        return true;
      default:
        return false;
    }
  };
}

function Menu({ selected }: { readonly selected: number }) {
  const { marks } = useUi();
  return (
    <Box flexDirection="column" width={MENU_WIDTH} flexShrink={0}>
      {MENU.map(({ key, label }, i) => (
        <Text key={key} bold={i === selected}>
          <Text {...styleOf('accent')}>{i === selected ? `${marks.pointer} ` : '  '}</Text>
          {`(${key}) ${label}`}
        </Text>
      ))}
    </Box>
  );
}

/** Why start-up, or what was asked for last, failed. */
function Problem() {
  const { marks } = useUi();
  const error = useStore((state) => state.error);
  if (error === null) return null;
  return (
    <Box flexDirection="column" marginTop={1}>
      <Text {...styleOf('bad')}>{`${marks.failed} ${error.message}`}</Text>
      {error.hint !== '' && <Text {...styleOf('muted')}>{`  try: ${error.hint}`}</Text>}
    </Box>
  );
}

/** That no public service can be reached, and what can be done about it; or that this machine serves. */
function Outside() {
  const { marks, size } = useUi();
  const offline = useStore((state) => selectWorld(state)?.offline ?? false);
  const serves = useStore((state) => state.serving?.running ?? false);
  if (serves) {
    return (
      <Box marginTop={1}>
        <Text>
          <Text {...styleOf('good')}>{marks.on}</Text> this machine serves; s shows the command for others
        </Text>
      </Box>
    );
  }
  if (!offline) return null;
  const text = 'offline: no public service answers. s serves here, for others near you';
  return (
    <Box marginTop={1}>
      <Text {...styleOf('warn')}>{cut(`${marks.off} ${text}`, size.columns, marks.more)}</Text>
    </Box>
  );
}

function OpenPipes({ rows }: { readonly rows: number }) {
  const pipes = chatPipes(useStore((state) => state.pipes)).filter((pipe) => pipe.state === 'open');
  if (pipes.length === 0) return null;
  return (
    <Box flexDirection="column" marginTop={1}>
      <Text {...styleOf('muted')}>open pipes (n to choose one)</Text>
      <PipeList pipes={pipes} selected={-1} rows={Math.max(1, rows)} />
    </Box>
  );
}
