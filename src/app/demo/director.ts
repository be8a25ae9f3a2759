/**
 * What happens in the demo by itself: both sides start and find their NATs out, Alice connects to
 * Bob, they exchange a few words. Then whatever a person says on one side is echoed by the other.
 */
import { type Method, parseAddress } from '../../net/index.ts';
import type { Context } from '../journeys/context.ts';
import { createSession } from '../live-session.ts';
import type { ConnectChoice, Session } from '../session.ts';
import type { PipeState, State } from '../state.ts';
import type { Store } from '../store.ts';

/** Virtual ms until NATs must be known: a second until a node looks, five that it may take. */
const NAT_LIMIT = 7_000;
/** ms that somebody takes to answer, and a person to see how it came about; of their own time. */
const PAUSE = 700;
const SIGHT = 5_000;

export interface Cast {
  readonly a: Session;
  readonly b: Session;
}

/** How it is played. */
export interface Staging {
  /** Somebody looks: at the machine's load, at round trips, at how the pipe came about. */
  readonly watched: boolean;
  /** Virtual ms per ms of who looks, from when the one connects to the other. */
  readonly speed: number;
  /** Called then. */
  readonly onConnect: () => void;
}

export interface Play {
  /** The two sides, as a person may drive them. */
  readonly sides: Cast;
  /**
   * Plays.
   *
   * @returns the pipe as it is in the end: open, or failed
   */
  run(staging: Staging): Promise<PipeState | null>;
}

/** A side's context and the store that hears of it. */
export interface Actor {
  readonly ctx: Context;
  readonly store: Store;
}

export function createPlay(a: Actor, b: Actor, choice: Omit<ConnectChoice, 'peer'>): Play {
  const live = { a: createSession(a.ctx, a.store), b: createSession(b.ctx, b.store) };
  const typed = { a: new Set<string>(), b: new Set<string>() };
  echo(live.a, typed.b, a.ctx);
  echo(live.b, typed.a, b.ctx);
  return {
    sides: { a: driven(live.a, typed.a), b: driven(live.b, typed.b) },
    async run(staging) {
      await Promise.all([live.a, live.b].map((side) => (staging.watched ? side.start() : side.startNode())));
      return play(live, a.ctx, choice, staging);
    },
  };
}

async function play(
  { a, b }: Cast,
  ctx: Context,
  choice: Omit<ConnectChoice, 'peer'>,
  staging: Staging,
): Promise<PipeState | null> {
  const limit = AbortSignal.any([ctx.signal, limitOf(ctx, NAT_LIMIT)]);
  await Promise.all([until(a.store, knowsNat, limit), until(b.store, tellsNat, limit)]);
  const peer = b.store.getState().nodes[0]?.address ?? '';
  a.store.emit({ event: 'ui', action: 'draft', draft: { peer } });
  lead(b, 'accept', ['home']);
  staging.onConnect();
  const id = a.connect({ ...choice, peer });
  if (id === null) return null;
  lead(a, 'connect', ['home'], id);
  const pipeOf = ({ pipes }: State) => pipes.find((pipe) => pipe.id === id);
  await until(a.store, (state) => pipeOf(state)?.state !== 'connecting', ctx.signal);
  const pipe = pipeOf(a.store.getState()) ?? null;
  if (pipe?.state !== 'open') return pipe;
  const wait = (ms: number) => ctx.io.sleepUntil(ctx.io.now() + ms * staging.speed, ctx.signal);
  if (staging.watched) {
    lead(a, 'timeline', ['chat'], id);
    a.store.emit({ event: 'ui', action: 'notice', notice: 'how it came about; the chat follows' });
  }
  await until(b.store, (state) => pipeOf(state)?.state === 'open', ctx.signal);
  lead(b, 'chat', ['accept'], id);
  if (staging.watched) {
    await wait(SIGHT);
    lead(a, 'chat', ['timeline'], id);
  }
  await talk({ a, b }, ctx.signal, pipe, () => wait(PAUSE));
  return pipe;
}

/** A few words each way. */
async function talk(
  { a, b }: Cast,
  signal: AbortSignal,
  { id, path }: PipeState,
  pause: () => Promise<void>,
) {
  const heard = ({ pipes }: State) =>
    pipes.some((pipe) => pipe.id === id && pipe.messages.some(({ direction }) => direction === 'in'));
  await pause();
  a.say(id, 'Hello Bob, this is Alice.');
  await until(b.store, heard, signal);
  await pause();
  b.say(id, path === null ? 'Hello Alice!' : HOW[path.method]);
  await until(a.store, heard, signal);
  const notice = 'type: the other side echoes; Ctrl+Y tells how it came about';
  for (const { store } of [a, b]) store.emit({ event: 'ui', action: 'notice', notice });
}

const HOW: Readonly<Record<Method, string>> = {
  direct: 'Hello Alice! You came straight to me.',
  reverse: 'Hello Alice! I came to you, as you asked.',
  'tcp-punch': 'Hello Alice! Nobody is between us but two NATs, with a hole in each.',
  'udp-punch': 'Hello Alice! Nobody is between us but two NATs, with a hole in each.',
  relay: 'Hello Alice! A relay carries this: it cannot read it.',
};

/** A side that a person drives: what is said there is echoed, and it serves nobody. */
function driven(live: Session, typed: Set<string>): Session {
  return {
    store: live.store,
    // The play starts both sides.
    start: async () => undefined,
    startNode: () => live.startNode(),
    connect: (choice) => live.connect(choice),
    lookUp: (nickname, acceptNewKey) => live.lookUp(nickname, acceptNewKey),
    register: (nickname) => live.register(nickname),
    close: (pipe) => live.close(pipe),
    watch: (pipe) => live.watch(pipe),
    loadNat: () => live.loadNat(),
    sendFile: (pipe, path) => live.sendFile(pipe, path),
    cancelFile: (pipe) => live.cancelFile(pipe),
    saveTo: (pipe, directory) => live.saveTo(pipe, directory),
    trial: (peer) => live.trial(peer),
    stopTrial: () => live.stopTrial(),
    saveTrial: () => live.saveTrial(),
    stopServing: () => live.stopServing(),
    stop: () => live.stop(),
    say(pipe, text) {
      typed.add(text);
      live.say(pipe, text);
    },
    async serve() {
      const notice = 'a simulated machine serves nobody: p2pd-demo serve does';
      live.store.emit({ event: 'ui', action: 'notice', notice });
    },
  };
}

/** Says again what a person said on the other side. */
function echo(side: Session, typed: Set<string>, { io, signal }: Context): void {
  side.store.onEvent((event) => {
    if (event.event !== 'message' || event.direction !== 'in' || !typed.delete(event.text)) return;
    void io.sleepUntil(io.now() + PAUSE / 2, signal).then(() => side.say(event.pipe, event.text));
  });
}

type Screen = State['ui']['screen'];

/** Shows a screen to who is still on one of these. */
function lead({ store }: Session, screen: Screen, from: readonly Screen[], pipe?: string): void {
  if (!from.includes(store.getState().ui.screen)) return;
  store.emit({ event: 'ui', action: 'go', screen, ...(pipe === undefined ? {} : { pipe }) });
}

/** Its address, too: what it is by then is what the other side needs to know. */
function tellsNat({ nodes }: State): boolean {
  const [node] = nodes;
  return node !== undefined && parseAddress(node.address).interfaces.some(({ udp }) => udp !== null);
}

function knowsNat({ nat }: State): boolean {
  return nat.some(({ done }) => done);
}

function limitOf({ io, signal }: Context, ms: number): AbortSignal {
  const limit = new AbortController();
  void io.sleepUntil(io.now() + ms, signal).then(() => limit.abort());
  return limit.signal;
}

/** Resolves when it holds, or the signal aborts. */
function until(
  { getState, onEvent }: Store,
  holds: (state: State) => boolean,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!signal.aborted && !holds(getState())) return;
      unsubscribe();
      signal.removeEventListener('abort', look);
      resolve();
    };
    const unsubscribe = onEvent(look);
    signal.addEventListener('abort', look);
    look();
  });
}
