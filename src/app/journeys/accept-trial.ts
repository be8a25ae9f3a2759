/** The trial journey of who is asked (side b): a node that waits for a trial, takes part in it, and gets its report. */
import type { Pipe } from '../../net/index.ts';
import { aboutThis } from '../about.ts';
import type { TrialDocument, TrialRun, TrialSide } from '../trial/document.ts';
import { checked, Ledger } from '../trial/ledger.ts';
import { TrialLink } from '../trial/link.ts';
import { helloIn, type TrialMessage, type Way } from '../trial/messages.ts';
import { planTrial } from '../trial/plan.ts';
import { runCell } from '../trial/run.ts';
import { MOST_ANSWERS, MOST_RUNS } from '../trial/timing.ts';
import type { Context } from './context.ts';
import { checkNickname } from './nickname.ts';
import { stopNode } from './start-node.ts';
import { isAddressOf, natsOf, planSideOf, sideOf, startTrialNode, type TrialNode } from './trial-node.ts';

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

const NOT_NEAR: TrialRun = {
  ...{ outcome: 'failed', at: 0, elapsed: 0, rtt: null, sendMbps: null, receiveMbps: null },
  reason: 'not dialled: the two are on different networks',
  ...{ explanation: null, timeline: [] },
};

type Done = (document: TrialDocument | null) => void;

class Guest {
  readonly #here: TrialNode;
  readonly #over = new AbortController();
  /** With whoever began a trial; null while nobody has. */
  #link: TrialLink | null = null;
  /** Of who started the trial. */
  #address = '';
  #running = 0;
  #answering = 0;
  /** What was told of this side last. */
  #own: TrialSide;
  #ledger: Ledger | null = null;
  readonly #turnedAway = new WeakSet<Pipe>();

  constructor(here: TrialNode) {
    this.#here = here;
    this.#own = sideOf(here.node, aboutThis(), []);
  }

  async run(): Promise<TrialDocument | null> {
    const { ctx, node } = this.#here;
    ctx.emit({ event: 'trial', phase: 'waiting', role: 'b', address: node.address });
    const document = await new Promise<TrialDocument | null>((resolve) => {
      node.addMessageHandler((bytes, _from, pipe, kind) => {
        if (kind === 'binary' && !this.#over.signal.aborted) this.#take(pipe, bytes, resolve);
      });
      ctx.signal.addEventListener('abort', () => resolve(this.#stopped('it was stopped')), { once: true });
      if (ctx.signal.aborted) resolve(null);
    });
    this.#over.abort(new Error('the trial is over'));
    if (ctx.signal.aborted)
      await this.#link?.send({ type: 'stop', reason: 'its person left' }).catch(() => undefined);
    if (document !== null) {
      const reason = document.incomplete;
      ctx.emit({ event: 'trial', phase: 'done', role: 'b', document, ...(reason !== null && { reason }) });
    }
    return document;
  }

  #take(pipe: Pipe, bytes: Uint8Array, done: Done): void {
    const link = this.#link?.pipe === pipe ? this.#link : null;
    if (link === null) {
      const hello = helloIn(bytes);
      if (hello !== null) void this.#greet(pipe, hello.address, done);
      return;
    }
    const message = link.take(bytes);
    if (link.isOver) {
      if (this.#ledger === null) void pipe.close('it says something else');
      else done(this.#stopped(link.reason ?? 'the other side stopped it'));
    } else if (message !== null) void this.#answer(link, message, done).catch(() => undefined);
  }

  /** One trial at a time, with whoever began it. */
  async #greet(pipe: Pipe, address: string, done: Done): Promise<void> {
    const { ctx, node, servers, favour } = this.#here;
    const refusal =
      this.#link === null
        ? isAddressOf(address, pipe.peer)
          ? null
          : 'the address is not of who sends it'
        : 'another trial is under way';
    if (refusal !== null) {
      if (this.#turnedAway.has(pipe)) return;
      this.#turnedAway.add(pipe);
      await new TrialLink(ctx.io, pipe).send({ type: 'sorry', reason: refusal }).catch(() => undefined);
      return;
    }
    const link = new TrialLink(ctx.io, pipe);
    this.#link = link;
    this.#address = address;
    favour(pipe.peer);
    void pipe.closed.then((reason) => this.#gone(reason, done));
    ctx.emit({ event: 'trial', phase: 'looking', role: 'b', peer: pipe.peer });
    const side = await this.#self();
    const hasRelay = servers.turn.length > 0;
    await link.send({ type: 'welcome', side, address: node.address, hasRelay }).catch(() => undefined);
  }

  /** Nothing was begun: somebody else may come. */
  #gone(reason: string, done: Done): void {
    const { ctx, node } = this.#here;
    if (this.#over.signal.aborted) return;
    if (this.#ledger !== null) {
      done(this.#stopped(`the other side is gone: ${reason}`));
      return;
    }
    this.#link = null;
    ctx.emit({ event: 'trial', phase: 'waiting', role: 'b', address: node.address });
  }

  async #answer(link: TrialLink, message: TrialMessage, done: Done): Promise<void> {
    const { ctx } = this.#here;
    switch (message.type) {
      case 'time': {
        const received = ctx.io.wallClock();
        await this.#reply(link, async () => ({
          type: 'now',
          id: message.id,
          received,
          sent: ctx.io.wallClock(),
        }));
        break;
      }
      case 'plan': {
        if (this.#ledger !== null) break;
        const { cells, side } = message;
        const host = { ...side, nodeId: link.pipe.peer };
        this.#ledger = new Ledger({ host, cells, startedAt: ctx.io.wallClock() });
        ctx.emit({ event: 'trial', phase: 'running', role: 'b', peer: link.pipe.peer, cells });
        break;
      }
      case 'run':
        await this.#run(link, message);
        break;
      case 'result': {
        const { cell, run, left } = message;
        const isAwaited = run === null ? this.#ledger?.awaits(cell) : this.#ledger?.take(cell, run);
        if (isAwaited) ctx.emit({ event: 'trial-run', cell, run, left });
        break;
      }
      case 'finish':
        await this.#reply(link, async () => ({ type: 'side', side: await this.#self() }));
        break;
      case 'report':
        if (this.#ledger !== null) done(checked(message.document, link.pipe.peer, this.#own));
        break;
    }
  }

  /** No more at once than an honest side asks for. */
  async #reply(link: TrialLink, answer: () => Promise<TrialMessage>): Promise<void> {
    if (this.#answering >= MOST_ANSWERS) return;
    this.#answering++;
    try {
      await link.send(await answer());
    } finally {
      this.#answering--;
    }
  }

  /** The other side's wish: a pipe to itself, and to nobody else. */
  async #run(link: TrialLink, message: Extract<TrialMessage, { type: 'run' }>): Promise<void> {
    const { ctx, node, listen } = this.#here;
    if (this.#running >= MOST_RUNS || this.#ledger === null) return;
    this.#running++;
    try {
      const { id, way, limit, bytes } = message;
      if (way.path === 'local' && !this.#isNear(way)) {
        await link.send({ type: 'ran', id, startedAt: ctx.io.wallClock(), run: NOT_NEAR });
        return;
      }
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

  /** A stranger's private addresses are dialled only where something speaks for one network: what came of it is told to it. */
  #isNear({ method, family }: Way): boolean {
    const a = planSideOf(this.#address, [], false);
    const b = planSideOf(this.#here.node.address, [], false);
    const [cell] = planTrial({
      ...{ a, b, methods: [method], paths: ['local'], families: [family] },
      ...{ repeat: 1, initiators: ['b'] },
    });
    const isAskable = method === 'direct' || a.address.brokers.length > 0;
    return !isAskable || (cell !== undefined && cell.predicted !== 'no');
  }

  async #self(): Promise<TrialSide> {
    const reports = await natsOf(this.#here);
    if (reports.length > 0) this.#own = { ...this.#own, reports };
    return this.#own;
  }

  /** As far as it came; null where nothing was planned yet. */
  #stopped(ended: string): TrialDocument | null {
    return this.#ledger?.document(this.#own, this.#here.ctx.io.wallClock(), ended) ?? null;
  }
}
