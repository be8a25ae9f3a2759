/**
 * The session of a running program: nodes and pipes by id, and what a person may ask of them.
 * Outcomes are events, so nothing here throws.
 */
import { type P2PNode, P2pdError, type Pipe, type ServerList, sampleLoad } from '../net/index.ts';
import type { Config } from './config.ts';
import { errorEvent } from './failure.ts';
import { FileDesk } from './file-desk.ts';
import type { Context } from './journeys/context.ts';
import { nat } from './journeys/nat.ts';
import { checkNickname, registerDefault, registerNickname } from './journeys/nickname.ts';
import { openPipe } from './journeys/open-pipe.ts';
import { chooseServers } from './journeys/servers.ts';
import { startNode, stopNode } from './journeys/start-node.ts';
import { Serving } from './serving.ts';
import type { ConnectChoice, Session } from './session.ts';
import type { Store } from './store.ts';
import { Trials } from './trials.ts';

/** ms between two looks at the machine's load (os-utils itself takes one second a look). */
const LOAD_INTERVAL = 2_000;
/** ms between two round trips of the pipe somebody looks at. */
const WATCH_INTERVAL = 2_000;

/** @param ctx whose `emit` is the store's */
export function createSession(ctx: Context, store: Store): Session {
  return new LiveSession(ctx, store);
}

interface RunningNode {
  readonly node: P2PNode;
  /** What it was started with: a second node takes the next port by itself. */
  readonly config: Config;
}

class LiveSession implements Session {
  readonly store: Store;
  readonly #ctx: Context;
  readonly #serving: Serving;
  readonly #trials: Trials;
  readonly #files: FileDesk;
  readonly #nodes: RunningNode[] = [];
  readonly #starts = new Set<Promise<void>>();
  readonly #pipes = new Map<string, Pipe>();
  /** Connects under way, to give them up. */
  readonly #opening = new Map<string, AbortController>();
  readonly #over = new AbortController();
  #watched: string | null = null;
  /** NATs are being looked at. */
  #probing: Promise<void> | null = null;
  /** The same for every node of this process. */
  #servers: Promise<ServerList> | null = null;

  constructor(ctx: Context, store: Store) {
    this.#ctx = ctx;
    this.#serving = new Serving(ctx);
    this.#trials = new Trials(ctx);
    this.#files = new FileDesk(ctx.emit);
    this.store = store;
  }

  async start(): Promise<void> {
    void this.#every(LOAD_INTERVAL, async () => {
      const load = await sampleLoad();
      if (!this.#over.signal.aborted) this.#ctx.emit({ event: 'load', ...load });
    });
    void this.#every(WATCH_INTERVAL, async () => {
      if (this.#watched !== null) this.#pipes.get(this.#watched)?.ping();
    });
    await this.startNode();
  }

  async startNode(): Promise<void> {
    // A second node takes the next port by itself; a named port belongs to the first.
    const { config } = this.#ctx;
    const isFirst = this.#nodes.length + this.#starts.size === 0;
    const starting = this.#start(isFirst ? config : { ...config, port: null });
    this.#starts.add(starting);
    await starting;
    this.#starts.delete(starting);
  }

  async serve(): Promise<void> {
    if (!(await this.#serving.start()) || this.#ctx.config.servers.kind !== 'public') return;
    // Nodes that are just starting may not have found it.
    await Promise.all(this.#starts);
    this.#servers = null;
    await this.#renewIdleNodes();
  }

  async loadNat(): Promise<void> {
    this.#probing ??= this.#probe();
    await this.#probing;
  }

  async stopServing(): Promise<void> {
    this.#servers = null;
    await this.#serving.stop();
  }

  connect(choice: ConnectChoice): string | null {
    const first = this.#nodes[0]?.node;
    if (first === undefined) {
      this.#ctx.emit(
        errorEvent(new P2pdError('NO_PATH', 'no node is running yet', { hint: 'wait for start-up' })),
      );
      return null;
    }
    try {
      const stop = new AbortController();
      const { pipe, opened } = openPipe(this.#ctx, this.#dialler(first, choice.peer), choice, stop.signal);
      this.#opening.set(pipe, stop);
      void opened
        .then(({ id }) => {
          const reason = 'the peer connected at the same time: that pipe is open';
          if (id !== pipe) this.#ctx.emit({ event: 'closed', pipe, reason });
        })
        .catch((error: unknown) => this.#ctx.emit(errorEvent(error, pipe)))
        .finally(() => this.#opening.delete(pipe));
      return pipe;
    } catch (error) {
      this.#ctx.emit(errorEvent(error));
      return null;
    }
  }

  async lookUp(nickname: string, acceptNewKey: boolean) {
    try {
      const { lookUp } = await import('./journeys/look-up.ts');
      const ctx = this.#ctx;
      return { address: await lookUp(ctx, nickname, await this.#chooseServers(), acceptNewKey) };
    } catch (error) {
      this.#ctx.emit(errorEvent(error));
      return error instanceof P2pdError && error.code === 'KEY_CHANGED' ? ('changed' as const) : null;
    }
  }

  async register(nickname: string): Promise<void> {
    const node = this.#nodes[0]?.node;
    try {
      checkNickname(nickname);
      if (node === undefined)
        throw new P2pdError('NO_PATH', 'no node is running yet', { hint: 'wait for start-up' });
      await registerNickname(this.#ctx, node, nickname, await this.#chooseServers());
    } catch (error) {
      if (!this.#over.signal.aborted) this.#ctx.emit(errorEvent(error));
    }
  }

  close(pipe: string): void {
    this.#opening.get(pipe)?.abort(new P2pdError('INTERRUPTED', 'given up'));
    void this.#pipes.get(pipe)?.close();
  }

  say(pipe: string, text: string): void {
    const open = this.#pipes.get(pipe);
    const sent = open?.send(text) ?? Promise.reject(new P2pdError('PIPE_CLOSED', 'the pipe is closed'));
    sent.catch((error: unknown) => this.#ctx.emit(errorEvent(error, pipe)));
  }

  sendFile(pipe: string, path: string): void {
    const open = this.#pipes.get(pipe);
    const owner = this.#nodes.find(({ node }) => open !== undefined && node.pipes.includes(open));
    if (open !== undefined && owner !== undefined) void this.#files.send(owner.node, open, path);
  }

  cancelFile(pipe: string): void {
    this.#files.cancel(pipe);
  }

  saveTo(pipe: string, directory: string | null | false): void {
    const nodes = this.#nodes.map(({ node }) => node);
    void this.#files.saveTo(nodes, pipe, directory);
  }

  watch(pipe: string | null): void {
    this.#watched = pipe;
    if (pipe !== null) this.#pipes.get(pipe)?.ping();
  }

  trial(peer: string | null): void {
    this.#trials.start(peer);
  }

  stopTrial(): Promise<void> {
    return this.#trials.stop();
  }

  async saveTrial(): Promise<void> {
    const document = this.store.getState().trial?.document ?? null;
    if (document === null) return;
    try {
      const names = await this.#trials.save(document);
      this.#ctx.emit({ event: 'ui', action: 'notice', notice: `written to ${names.join(' and ')}` });
    } catch (error) {
      this.#ctx.emit(errorEvent(error));
    }
  }

  async stop(): Promise<void> {
    this.#over.abort();
    for (const stop of this.#opening.values()) stop.abort(new P2pdError('INTERRUPTED', 'given up'));
    const leaving = this.#nodes.map(({ node }) => stopNode(this.#ctx, node, 'the other side left'));
    await Promise.all([...leaving, this.#serving.stop(), this.#trials.stop()]);
  }

  async #start(config: Config): Promise<void> {
    try {
      const node = await startNode(
        { ...this.#ctx, config },
        { onPipe: (pipe) => this.#keep(pipe), servers: () => this.#chooseServers() },
      );
      this.#files.joined(node);
      this.#nodes.push({ node, config });
      if (this.#over.signal.aborted) await stopNode(this.#ctx, node);
      else void registerDefault(this.#ctx, node, await this.#chooseServers());
    } catch (error) {
      this.#ctx.emit(errorEvent(error));
    }
  }

  async #probe(): Promise<void> {
    const signal = AbortSignal.any([this.#ctx.signal, this.#over.signal]);
    try {
      await nat({ ...this.#ctx, signal });
    } catch (error) {
      if (!this.#over.signal.aborted) this.#ctx.emit(errorEvent(error));
    } finally {
      this.#probing = null;
    }
  }

  /** Starts nodes without pipes anew, one after the other so that each has its slot again: they find what serves here. */
  async #renewIdleNodes(): Promise<void> {
    const idle = this.#nodes.filter(({ node }) => node.pipes.length === 0 && this.#opening.size === 0);
    const kept = this.#nodes.length - idle.length;
    for (const running of idle) {
      if (this.#over.signal.aborted) return;
      this.#nodes.splice(this.#nodes.indexOf(running), 1);
      await stopNode(this.#ctx, running.node, 'started anew');
      await this.#start(running.config);
    }
    const notice =
      kept > 0
        ? 'nodes with pipes keep the servers that they have; others use what is served here'
        : 'this node was started anew: it uses what is served here';
    this.#ctx.emit({ event: 'ui', action: 'notice', notice });
  }

  #keep(pipe: Pipe): void {
    this.#pipes.set(pipe.id, pipe);
    void pipe.closed.then(() => this.#pipes.delete(pipe.id));
  }

  /** What could not be chosen is chosen anew with the next node. */
  #chooseServers(): Promise<ServerList> {
    this.#servers ??= chooseServers(this.#ctx).catch((error: unknown) => {
      this.#servers = null;
      throw error;
    });
    return this.#servers;
  }

  /** The first node dials, unless it would dial itself: then another of this process does. */
  #dialler(first: P2PNode, peer: string): P2PNode {
    if (first.address !== peer.trim()) return first;
    return this.#nodes.find(({ node }) => node !== first)?.node ?? first;
  }

  async #every(interval: number, action: () => Promise<void>): Promise<void> {
    const { io } = this.#ctx;
    while (!this.#over.signal.aborted) {
      await action().catch(() => undefined);
      await io.sleepUntil(io.now() + interval, this.#over.signal);
    }
  }
}
