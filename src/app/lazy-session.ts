/**
 * A session that is loaded when it starts, so that the first frame need not wait for it. What is
 * asked before says that it is too early.
 */
import type { Session } from './session.ts';
import type { Store } from './store.ts';

const TOO_EARLY = {
  event: 'error',
  code: 'NO_PATH',
  message: 'no node is running yet',
  hint: 'wait until start-up is done',
} as const;

export function createLazySession(store: Store, open: () => Promise<Session>): Session {
  let live: Session | null = null;
  let stopped = false;
  return {
    store,
    async start() {
      const session = await open();
      if (stopped) return;
      live = session;
      await live.start();
    },
    async startNode() {
      if (live === null) store.emit(TOO_EARLY);
      else await live.startNode();
    },
    connect(choice) {
      if (live === null) store.emit(TOO_EARLY);
      return live?.connect(choice) ?? null;
    },
    async lookUp(nickname, acceptNewKey) {
      if (live === null) store.emit(TOO_EARLY);
      return live?.lookUp(nickname, acceptNewKey) ?? null;
    },
    async register(nickname) {
      if (live === null) store.emit(TOO_EARLY);
      else await live.register(nickname);
    },
    async serve() {
      if (live === null) store.emit(TOO_EARLY);
      else await live.serve();
    },
    async loadNat() {
      if (live === null) store.emit(TOO_EARLY);
      else await live.loadNat();
    },
    trial(peer) {
      if (live === null) store.emit(TOO_EARLY);
      live?.trial(peer);
    },
    stopTrial: async () => live?.stopTrial(),
    saveTrial: async () => live?.saveTrial(),
    stopServing: async () => live?.stopServing(),
    close: (pipe) => live?.close(pipe),
    sendFile: (pipe, path) => live?.sendFile(pipe, path),
    cancelFile: (pipe) => live?.cancelFile(pipe),
    saveTo: (pipe, directory) => live?.saveTo(pipe, directory),
    say: (pipe, text) => live?.say(pipe, text),
    watch: (pipe) => live?.watch(pipe),
    async stop() {
      stopped = true;
      await live?.stop();
    },
  };
}
