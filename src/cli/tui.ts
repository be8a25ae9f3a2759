/** Joins the TUI to a session on this machine. Loaded only when the TUI is asked for. */
import type { Config } from '../app/config.ts';
import { createSession } from '../app/live-session.ts';
import { createAppStore } from '../app/store.ts';
import { claimIdentity, openIo, P2pdError } from '../net/index.ts';

/** @returns the exit code */
export async function runInTerminal(config: Config): Promise<number> {
  const [{ runTui }, io] = await Promise.all([import('../ui/index.ts'), openIo()]);
  const stop = new AbortController();
  const store = createAppStore(() => io.now(), 0);
  const ctx = {
    io,
    config,
    emit: store.emit,
    signal: stop.signal,
    claim: () => claimIdentity(io, config.state),
  };
  const session = createSession(ctx, store);
  try {
    await runTui(session, {});
  } finally {
    await session.stop();
    stop.abort(new P2pdError('INTERRUPTED', 'left'));
  }
  return 0;
}
