/** The trial journey of who is asked (side b): a node that waits for a trial, takes part in it, and gets its report. */
import { P2pdError, type Pipe, parseAddress } from '../../net/index.ts';
import { aboutThis } from '../about.ts';
import { documentOf } from '../trial/build.ts';
import type { TrialDocument, TrialRun, TrialSide } from '../trial/document.ts';
import { TrialLink } from '../trial/link.ts';
import type { TrialMessage } from '../trial/messages.ts';
import type { PlannedCell } from '../trial/plan.ts';
import { runCell } from '../trial/run.ts';
import { MOST_RUNS } from '../trial/timing.ts';
import type { Context } from './context.ts';
import { checkNickname } from './nickname.ts';
import { stopNode } from './start-node.ts';
import { natsOf, sideOf, startTrialNode, type TrialNode } from './trial-node.ts';

export interface AcceptTrialOptions {
  /** Registered for the node; null: none. */
  readonly nickname: string | null;
}

/**
 * @returns the report of the first trial that somebody starts with this side; null where the person left before one began
 * @throws P2pdError as `startNode`
 */
export async function acceptTrial(ctx: Context, options: AcceptTrialOptions): Promise<TrialDocument | null> {
  if (options.nickname !== null) checkNickname(options.nickname);
  const here = await startTrialNode(ctx, { nickname: options.nickname });
  try {
    return await new Guest(here).run();
  } finally {
    await stopNode(here.ctx, here.node, 'the trial is over');
  }
}

/** What side a has told, for a report where it does not come to make one. */
interface Told {
  readonly host: TrialSide;
  readonly cells: readonly PlannedCell[];
  readonly startedAt: number;
  readonly results: { cell: number; run: TrialRun }[];
  /** Runs that it may still ask for: as many as it planned. */
  runsLeft: number;
}

class Guest {
  readonly #here: TrialNode;
  readonly #about = aboutThis();
  /** One each pipe, whoever is at its other end. */
  readonly #links = new WeakMap<Pipe, TrialLink>();
  /** Of who started the trial. */
  #link: TrialLink | null = null;
  #address = '';
  #running = 0;
  /** What this side has told of itself. */
  #own: TrialSide;
  #told: Told | null = null;
  readonly #over = new AbortController();

  constructor(here: TrialNode) {
    this.#here = here;
    this.#own = sideOf(here.node, this.#about, []);
  }

  async run(): Promise<TrialDocument | null> {
    const { ctx, node } = this.#here;
    ctx.emit({ event: 'trial', phase: 'waiting', role: 'b', address: node.address });
    const document = await new Promise<TrialDocument | null>((resolve) => {
      node.addMessageHandler((bytes, _from, pipe, kind) => {
        if (kind === 'binary') this.#take(pipe, bytes, resolve);
      });
      ctx.signal.addEventListener('abort', () => resolve(this.#stopped('it was stopped')), { once: true });
      if (ctx.signal.aborted) resolve(null);
    });
    this.#over.abort(new Error('the trial is over'));
    if (ctx.signal.aborted)
      await this.#link?.send({ type: 'stop', reason: 'its person left' }).catch(() => undefined);
    const reason = document?.incomplete ?? null;
    if (document !== null)
      ctx.emit({ event: 'trial', phase: 'done', role: 'b', document, ...(reason !== null && { reason }) });
    return document;
  }

  #take(pipe: Pipe, bytes: Uint8Array, done: (document: TrialDocument | null) => void): void {
    const link = this.#linkOf(pipe);
    if (link.isOver) return;
    const message = link.take(bytes);
    if (link.isOver) {
      if (link === this.#link && this.#told !== null) done(this.#stopped('the other side stopped it'));
      else void pipe.close('no trial was begun');
      return;
    }
    if (message === null) return;
    if (message.type === 'hello') void this.#greet(link, message.address, done);
    else if (link === this.#link) void this.#answer(link, message, done).catch(() => undefined);
  }

  #linkOf(pipe: Pipe): TrialLink {
    const link = this.#links.get(pipe) ?? new TrialLink(this.#here.ctx.io, pipe);
    this.#links.set(pipe, link);
    return link;
  }

  /** One trial at a time, with whoever began it. */
  async #greet(
    link: TrialLink,
    address: string,
    done: (document: TrialDocument | null) => void,
  ): Promise<void> {
    const { ctx, node, servers, favour } = this.#here;
    if (this.#link !== null && !this.#link.isOver) {
      await link.send({ type: 'sorry', reason: 'another trial is under way' }).catch(() => undefined);
      return;
    }
    if (!isOf(address, link.pipe.peer)) {
      await link.send({ type: 'sorry', reason: 'the address is not of who sends it' }).catch(() => undefined);
      return;
    }
    this.#link = link;
    this.#address = address;
    const endFavour = favour(link.pipe.peer);
    void link.pipe.closed.then((reason) => {
      endFavour();
      if (this.#link === link) this.#gone(reason, done);
    });
    ctx.emit({ event: 'trial', phase: 'looking', role: 'b', peer: link.pipe.peer });
    const side = sideOf(node, this.#about, await natsOf(this.#here));
    this.#own = side;
    const hasRelay = servers.turn.length > 0;
    await link.send({ type: 'welcome', side, address: node.address, hasRelay }).catch(() => undefined);
  }

  /** Nothing was begun: somebody else may come. */
  #gone(reason: string, done: (document: TrialDocument | null) => void): void {
    const { ctx, node } = this.#here;
    if (this.#told !== null) {
      done(this.#stopped(`the other side is gone: ${reason}`));
      return;
    }
    this.#link = null;
    ctx.emit({ event: 'trial', phase: 'waiting', role: 'b', address: node.address });
  }

  async #answer(
    link: TrialLink,
    message: TrialMessage,
    done: (document: TrialDocument | null) => void,
  ): Promise<void> {
    const { ctx, node } = this.#here;
    switch (message.type) {
      case 'time': {
        const received = node.wallClock();
        await link.send({ type: 'now', id: message.id, received, sent: node.wallClock() });
        break;
      }
      case 'plan': {
        if (this.#told !== null) break;
        const { cells, side } = message;
        this.#told = {
          host: { ...side, nodeId: link.pipe.peer },
          cells,
          startedAt: node.wallClock(),
          results: [],
          runsLeft: wantedOf(cells.filter(({ initiator }) => initiator === 'b')),
        };
        ctx.emit({ event: 'trial', phase: 'running', role: 'b', peer: link.pipe.peer, cells });
        break;
      }
      case 'run':
        await this.#run(link, message);
        break;
      case 'result': {
        const { cell, run, left } = message;
        const told = this.#told;
        if (told?.cells[cell] === undefined || told.results.length >= wantedOf(told.cells)) break;
        told.results.push({ cell, run });
        ctx.emit({ event: 'trial-run', cell, run, left });
        break;
      }
      case 'finish':
        await link.send({ type: 'side', side: sideOf(node, this.#about, await natsOf(this.#here)) });
        break;
      case 'report':
        done(message.document);
        break;
    }
  }

  /** The other side's wish: a pipe to itself, and to nobody else. */
  async #run(link: TrialLink, message: Extract<TrialMessage, { type: 'run' }>): Promise<void> {
    const { ctx, node, listen } = this.#here;
    const told = this.#told;
    if (told === null || told.runsLeft <= 0 || this.#running >= MOST_RUNS) return;
    told.runsLeft--;
    this.#running++;
    try {
      const { id, way, limit, bytes } = message;
      const signal = AbortSignal.any([ctx.signal, this.#over.signal]);
      const task = {
        io: ctx.io,
        node,
        address: this.#address,
        ...way,
        initiator: 'b',
        limit,
        bytes,
        listen,
      } as const;
      const run = await runCell({ ...task, signal });
      await link.send({ type: 'ran', id, startedAt: run.at, run: { ...run, at: 0 } });
    } finally {
      this.#running--;
    }
  }

  /** As far as it came; null where nothing was planned yet. */
  #stopped(ended: string): TrialDocument | null {
    const { node } = this.#here;
    if (this.#told === null) return null;
    const { host, cells, startedAt, results } = this.#told;
    return documentOf({
      cells,
      results,
      sides: { a: host, b: this.#own },
      clock: null,
      startedAt,
      elapsed: node.wallClock() - startedAt,
      repeat: Math.max(0, ...cells.map(({ wanted }) => wanted)),
      ended,
    });
  }
}

/** Runs that cells are to have. */
function wantedOf(cells: readonly PlannedCell[]): number {
  return cells.reduce((sum, { wanted }) => sum + wanted, 0);
}

function isOf(address: string, nodeId: string): boolean {
  try {
    return parseAddress(address).nodeId === nodeId;
  } catch (error) {
    if (error instanceof P2pdError) return false;
    throw error;
  }
}
