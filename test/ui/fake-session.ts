/**
 * A session without nodes: it records what it is asked for, and its events are told by the test.
 * Its clock stands still until a test moves it.
 */
import type { AppEvent } from '../../src/app/events.ts';
import type { ConnectChoice, Session } from '../../src/app/session.ts';
import { createAppStore } from '../../src/app/store.ts';

export type Call =
  | {
      readonly call:
        | 'start'
        | 'startNode'
        | 'loadNat'
        | 'serve'
        | 'stopServing'
        | 'stop'
        | 'stopTrial'
        | 'saveTrial';
    }
  | { readonly call: 'trial'; readonly peer: string | null }
  | { readonly call: 'connect'; readonly choice: ConnectChoice }
  | { readonly call: 'close'; readonly pipe: string }
  | { readonly call: 'say'; readonly pipe: string; readonly text: string }
  | { readonly call: 'sendFile'; readonly pipe: string; readonly path: string }
  | { readonly call: 'cancelFile'; readonly pipe: string }
  | { readonly call: 'saveTo'; readonly pipe: string; readonly directory: string | null | false }
  | { readonly call: 'watch'; readonly pipe: string | null }
  | { readonly call: 'lookUp'; readonly nickname: string; readonly acceptNewKey: boolean }
  | { readonly call: 'register'; readonly nickname: string };

export interface FakeSession extends Session {
  readonly calls: readonly Call[];
  /** Tells events at a time; the clock stays there. */
  tell(at: number, ...events: readonly AppEvent[]): void;
}

export interface FakeOptions {
  /** The pipe that a connect gets; null = there is nothing to connect to. @default 'p1' */
  readonly pipe?: string | null;
  /** What a nickname is looked up to be. @default null */
  readonly found?: { readonly address: string } | 'changed' | null;
}

export function createFakeSession({ pipe = 'p1', found = null }: FakeOptions = {}): FakeSession {
  let now = 0;
  const store = createAppStore(() => now);
  const calls: Call[] = [];
  return {
    store,
    calls,
    tell(at, ...events) {
      now = at;
      for (const event of events) store.emit(event);
    },
    async start() {
      calls.push({ call: 'start' });
    },
    async startNode() {
      calls.push({ call: 'startNode' });
    },
    connect(choice) {
      calls.push({ call: 'connect', choice });
      if (pipe !== null) store.emit({ event: 'connect', pipe, node: 'n1', peer: choice.peer });
      return pipe;
    },
    async lookUp(nickname, acceptNewKey) {
      calls.push({ call: 'lookUp', nickname, acceptNewKey });
      return found === 'changed' && acceptNewKey ? { address: 'p2pd1new' } : found;
    },
    async register(nickname) {
      calls.push({ call: 'register', nickname });
    },
    close: (id) => void calls.push({ call: 'close', pipe: id }),
    say: (id, text) => void calls.push({ call: 'say', pipe: id, text }),
    sendFile: (id, path) => void calls.push({ call: 'sendFile', pipe: id, path }),
    cancelFile: (id) => void calls.push({ call: 'cancelFile', pipe: id }),
    saveTo: (id, directory) => void calls.push({ call: 'saveTo', pipe: id, directory }),
    watch: (id) => void calls.push({ call: 'watch', pipe: id }),
    async serve() {
      calls.push({ call: 'serve' });
    },
    async loadNat() {
      calls.push({ call: 'loadNat' });
    },
    async stopServing() {
      calls.push({ call: 'stopServing' });
    },
    trial: (peer) => void calls.push({ call: 'trial', peer }),
    async stopTrial() {
      calls.push({ call: 'stopTrial' });
    },
    async saveTrial() {
      calls.push({ call: 'saveTrial' });
    },
    async stop() {
      calls.push({ call: 'stop' });
    },
  };
}
