/** A session on this machine's own Io. Heavy: loaded behind the first frame. */
import type { Config } from '../app/config.ts';
import { createSession } from '../app/live-session.ts';
import type { Session } from '../app/session.ts';
import type { Store } from '../app/store.ts';
import { claimIdentity, openIo, openStateFiles } from '../net/index.ts';

export async function openSession(config: Config, store: Store): Promise<Session> {
  const io = await openIo();
  const { signal } = new AbortController();
  return createSession(
    {
      io,
      config,
      emit: store.emit,
      signal,
      claim: () => claimIdentity(io, config.state),
      files: () => openStateFiles(config.state),
    },
    store,
  );
}
