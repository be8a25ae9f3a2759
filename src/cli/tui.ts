/** Joins the TUI to a session on this machine. Loaded only when the TUI is asked for. */
import type { Config } from '../app/config.ts';
import type { DemoView } from '../app/demo/scene.ts';
import { createLazySession } from '../app/lazy-session.ts';
import type { Session } from '../app/session.ts';
import { createAppStore } from '../app/store.ts';

/** @returns the exit code */
export async function runInTerminal(config: Config): Promise<number> {
  const store = createAppStore();
  const session = createLazySession(store, async () => {
    const { openSession } = await import('./open-session.ts');
    return openSession(config, store);
  });
  try {
    await showTui(session);
  } finally {
    await session.stop();
  }
  return 0;
}

/** Shows a session, of the demo both, until the person leaves. */
export async function showTui(session: Session, demo?: DemoView): Promise<void> {
  // chalk, which colours for Ink, knows FORCE_COLOR but not NO_COLOR (no-color.org).
  if (process.env.NO_COLOR) process.env.FORCE_COLOR = '0';
  // Ink draws nothing where CI is set, even to nothing; here somebody sits at a terminal.
  delete process.env.CI;
  delete process.env.CONTINUOUS_INTEGRATION;
  const { runTui } = await import('../ui/index.ts');
  await runTui(session, demo);
}
