/** The app: the screen in front, the overlay above it, and the keys that work everywhere. */
import { Box, Text, useApp } from 'ink';
import { lazy, Suspense, useCallback, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { DemoView, SideName } from '../app/demo/scene.ts';
import type { Session } from '../app/session.ts';
import type { State } from '../app/state.ts';
import type { Screen, UiState } from '../app/ui-state.ts';
import { Ui, useUi } from './context.ts';
import { intentOf, type KeyContext } from './keymap.ts';
import type { Key } from './keys.ts';
import type { Line } from './line-edit.ts';
import { DemoPicture, PICTURE_ROWS } from './parts/demo-picture.tsx';
import { Footer } from './parts/footer.tsx';
import { Header } from './parts/header.tsx';
import { TickProvider } from './parts/spinner.tsx';
import { AcceptScreen } from './screens/accept.tsx';
import { ChatScreen } from './screens/chat.tsx';
import { ConnectScreen } from './screens/connect.tsx';
import { HelpOverlay } from './screens/help.tsx';
import { HomeScreen } from './screens/home.tsx';
import { InterfacesScreen } from './screens/interfaces.tsx';
import { LogScreen } from './screens/log.tsx';
import { NicknameScreen } from './screens/nickname.tsx';
import { NodesScreen } from './screens/nodes.tsx';
import { QrOverlay } from './screens/qr.tsx';
import { ServeScreen } from './screens/serve.tsx';
import { TimelineScreen } from './screens/timeline.tsx';
import { TrialFormScreen } from './screens/trial-form.tsx';
import type { Terminal } from './terminal.ts';
import { marksFor } from './theme.ts';
import { dispatchKey, type KeyTaker, KeyTarget, useKeys } from './use-keys.ts';
import { useStore } from './use-store.ts';
import { type TerminalSize, useTerminalSize } from './use-terminal-size.ts';

export interface AppProps {
  readonly session: Session;
  readonly terminal: Pick<Terminal, 'utf8' | 'clear' | 'copy'>;
  /** Of the demo: the other side's session, and the picture of both. */
  readonly demo?: DemoView | undefined;
}

/** Below this a frame would only be broken. */
const MINIMUM: TerminalSize = { columns: 60, rows: 15 };

const TITLES: Readonly<Record<Screen, string>> = {
  home: '',
  connect: 'connect',
  accept: 'accept',
  nodes: 'nodes',
  interfaces: 'interfaces',
  nat: 'nat',
  'nat-tables': 'nat-tables',
  matrix: 'matrix',
  serve: 'serve',
  chat: 'chat',
  timeline: 'timeline',
  trial: 'trial',
  'trial-form': 'trial',
  nickname: 'nickname',
  log: 'log',
};

/** Screens about NATs need to know the network's terms, which the first frame must not wait for. */
const NatScreen = lazy(async () => ({ default: (await import('./screens/nat.tsx')).NatScreen }));
const NatTablesScreen = lazy(async () => ({
  default: (await import('./screens/nat-tables.tsx')).NatTablesScreen,
}));
const TrialScreen = lazy(async () => ({ default: (await import('./screens/trial.tsx')).TrialScreen }));
const MatrixScreen = lazy(async () => ({ default: (await import('./screens/matrix.tsx')).MatrixScreen }));

export function App({ session, terminal, demo }: AppProps) {
  const whole = useTerminalSize(useCallback(() => terminal.clear(), [terminal]));
  const [isOther, setOther] = useState(false);
  const side = isOther && demo !== undefined ? 'b' : 'a';
  const shown = side === 'b' && demo !== undefined ? demo.other : session;
  const drafts = useRef({ a: new Map<string, Line>(), b: new Map<string, Line>() }).current;
  // The picture has its rows to itself where there are enough.
  const above = demo !== undefined && whole.rows >= MINIMUM.rows + PICTURE_ROWS ? PICTURE_ROWS : 0;
  const size = useMemo(() => ({ columns: whole.columns, rows: whole.rows - above }), [whole, above]);
  const value = useMemo(
    () => ({
      session: shown,
      terminal,
      size,
      marks: marksFor(terminal.utf8),
      unsent: drafts[side],
      isDemo: demo !== undefined,
    }),
    [shown, terminal, size, drafts, side, demo],
  );
  const tooSmall = size.columns < MINIMUM.columns || size.rows < MINIMUM.rows;
  const turn = useCallback(() => setOther((before) => !before), []);
  return (
    <Ui.Provider value={value}>
      <TickProvider>
        {above > 0 && demo !== undefined && !tooSmall && <DemoPicture scene={demo.scene} shown={side} />}
        <Frame size={size} tooSmall={tooSmall} side={side} turn={demo === undefined ? null : turn} />
      </TickProvider>
    </Ui.Provider>
  );
}

interface FrameProps {
  readonly size: TerminalSize;
  readonly tooSmall: boolean;
  readonly side: SideName;
  /** Shows the demo's other side; null where there is none. */
  readonly turn: (() => void) | null;
}

function Frame({ size, tooSmall, side, turn }: FrameProps) {
  const ui = useStore((state) => state.ui);
  const taker = useRef<KeyTaker>({});
  const context: KeyContext = ui.overlay === null ? ui.screen : 'overlay';
  useRootKeys(ui, context, taker, turn);
  if (tooSmall) {
    return <Text wrap="truncate">{`terminal too small: needs ${MINIMUM.columns}x${MINIMUM.rows}`}</Text>;
  }
  return (
    <KeyTarget.Provider value={taker}>
      {/* One row less than the terminal: Ink clears everything for a frame as tall as it. */}
      <Box flexDirection="column" width={size.columns} height={size.rows - 1}>
        {ui.overlay !== 'qr' && <Header title={ui.overlay === 'help' ? 'help' : TITLES[ui.screen]} />}
        <Box flexDirection="column" flexGrow={1} overflow="hidden">
          <Suspense fallback={null}>
            <Body key={side} ui={ui} />
          </Suspense>
        </Box>
        {ui.overlay !== 'qr' && <Footer context={context} />}
      </Box>
    </KeyTarget.Provider>
  );
}

function Body({ ui }: { readonly ui: UiState }) {
  if (ui.overlay === 'help') return <HelpOverlay />;
  if (ui.overlay === 'qr') return <QrOverlay />;
  switch (ui.screen) {
    case 'home':
      return <HomeScreen />;
    case 'connect':
      return <ConnectScreen />;
    case 'accept':
      return <AcceptScreen />;
    case 'nodes':
      return <NodesScreen />;
    case 'interfaces':
      return <InterfacesScreen />;
    case 'nat':
      return <NatScreen />;
    case 'nat-tables':
      return <NatTablesScreen />;
    case 'matrix':
      return <MatrixScreen />;
    case 'serve':
      return <ServeScreen />;
    case 'chat':
      return <ChatScreen key={ui.pipe} id={ui.pipe} />;
    case 'nickname':
      return <NicknameScreen />;
    case 'trial':
      return <TrialScreen />;
    case 'trial-form':
      return <TrialFormScreen />;
    case 'timeline':
      return <TimelineScreen key={ui.pipe} id={ui.pipe} />;
    case 'log':
      return <LogScreen />;
  }
}

/** Where Esc leads: from a pipe's timeline to the pipe. */
function behind({ ui, pipes }: State): Screen {
  const pipe = ui.screen === 'timeline' ? pipes.find(({ id }) => id === ui.pipe) : undefined;
  if (pipe === undefined) return 'home';
  return pipe.path === null ? 'connect' : 'chat';
}

/**
 * Esc goes back, Ctrl+C leaves, ? helps, wherever the user is; the rest is the screen's. A key that
 * leads elsewhere is followed by that screen's keys, so those wait for it to be drawn.
 */
function useRootKeys(
  ui: UiState,
  context: KeyContext,
  taker: { current: KeyTaker },
  turn: (() => void) | null,
): void {
  const { exit } = useApp();
  const { session } = useUi();
  const { emit, getState } = session.store;
  const waiting = useRef<Key[]>([]).current;
  /** The other side is not drawn yet. */
  const turning = useRef(false);
  const act = (key: Key) => {
    const over = ui.overlay !== null;
    const intent = dispatchKey(context, key, over ? {} : taker.current);
    if (intent === 'leave') exit();
    else if (over) emit({ event: 'ui', action: 'overlay', overlay: null });
    else if (intent === 'help') emit({ event: 'ui', action: 'overlay', overlay: 'help' });
    else if (intent === 'go-timeline') emit({ event: 'ui', action: 'go', screen: 'timeline' });
    else if (intent === 'back' && ui.screen !== 'home')
      emit({ event: 'ui', action: 'go', screen: behind(getState()) });
  };
  const actOnAll = () => {
    const isDrawn = () => {
      const now = getState().ui;
      return now.screen === ui.screen && now.overlay === ui.overlay && now.pipe === ui.pipe;
    };
    while (!turning.current && isDrawn()) {
      const key = waiting.shift();
      if (key === undefined) return;
      turning.current = turn !== null && intentOf('demo', key) === 'other-side';
      // What follows is for the other side.
      if (turning.current) turn?.();
      else act(key);
    }
  };
  useKeys((key) => {
    waiting.push(key);
    actOnAll();
  });
  useLayoutEffect(() => {
    turning.current = false;
    actOnAll();
  });
}
