/** The TUI's door: takes the terminal over, draws until the user leaves, gives it back. */
import { render } from 'ink';
import { createElement } from 'react';
import type { DemoView } from '../app/demo/scene.ts';
import { chatPipes, shortId } from '../app/select.ts';
import type { Session } from '../app/session.ts';
import { App } from './app.tsx';
import { openTerminal } from './terminal.ts';

/**
 * Draws first, then starts the session: the menu is there before anything is known. Resolves when
 * the user has left and the terminal is as it was; the session is still the caller's to stop.
 */
export async function runTui(session: Session, demo?: DemoView): Promise<void> {
  const terminal = openTerminal(() => app?.unmount());
  const app = render(createElement(App, { session, terminal, demo }), {
    stdout: terminal.stdout,
    exitOnCtrlC: false,
    patchConsole: false,
  });
  try {
    void session.start();
    await app.waitUntilExit();
  } finally {
    terminal.restore();
    for (const line of summary(session)) terminal.print(line);
  }
}

/** What happened, in at most two lines. */
function summary(session: Session): string[] {
  const { pipes, nodes } = session.store.getState();
  const chats = chatPipes(pipes);
  const peers = [...new Set(chats.map((pipe) => shortId(pipe.peer ?? '')))];
  const talked =
    chats.length === 0 ? 'no pipe was opened' : `${chats.length} pipe(s) with ${peers.join(', ')}`;
  const [node] = nodes;
  return [
    `p2pd-demo: ${talked}`,
    ...(node === undefined ? [] : [`this node: ${node.nodeId}, port ${node.port}`]),
  ];
}
