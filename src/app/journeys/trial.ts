/** The trial journey of who starts it (side a): meets the other side, has every cell run, and makes the report. */
import { type Method, P2pdError, type Pipe, parseAddress, reasonOf } from '../../net/index.ts';
import { aboutThis } from '../about.ts';
import { isNickname } from '../nickname-rules.ts';
import { absentSide, documentOf } from '../trial/build.ts';
import { conduct } from '../trial/conduct.ts';
import type { TrialDocument, TrialRun, TrialSide } from '../trial/document.ts';
import { TrialLink } from '../trial/link.ts';
import { type PlannedCell, planTrial } from '../trial/plan.ts';
import { runCell } from '../trial/run.ts';
import {
  ANSWER_LATE,
  FINISH_LIMIT,
  FIRST_LOOK,
  HEARD_LIMIT,
  RUN_LIMIT,
  WELCOME_LIMIT,
} from '../trial/timing.ts';
import type { Context } from './context.ts';
import { lookUp } from './look-up.ts';
import { openPipe } from './open-pipe.ts';
import { stopNode } from './start-node.ts';
import { askClock, type Clock } from './trial-clock.ts';
import { isAddressOf, natsOf, planSideOf, sideOf, startTrialNode, type TrialNode } from './trial-node.ts';

export interface TrialOptions {
  /** Nickname or address. */
  readonly peer: string;
  /** Runs of each cell. */
  readonly repeat: number;
  readonly acceptNewKey: boolean;
}

/** The other side, once the two have a pipe of their own. */
interface Partner {
  readonly link: TrialLink;
  readonly side: TrialSide;
  readonly hasRelay: boolean;
  readonly clock: Clock;
}

/**
 * @returns the report; of a trial that was stopped, or whose other side is gone, as far as it came
 * @throws P2pdError as `startNode`, `lookUp` and `connect`; PEER_SILENT where the other side runs no trial
 */
export async function trial(ctx: Context, options: TrialOptions): Promise<TrialDocument> {
  if (!isNickname(options.peer)) parseAddress(options.peer);
  const here = await startTrialNode(ctx, {});
  try {
    const address = isNickname(options.peer)
      ? await lookUp(here.ctx, options.peer, here.servers, options.acceptNewKey)
      : options.peer;
    return await new Trial(here, address, options).run();
  } catch (error) {
    ctx.emit({ event: 'trial', phase: 'failed', role: 'a', reason: reasonOf(error) });
    throw error;
  } finally {
    await stopNode(here.ctx, here.node, 'the trial is over');
  }
}

class Trial {
  readonly #here: TrialNode;
  readonly #options: TrialOptions;
  readonly #peer: string;
  readonly #startedAt: number;
  readonly #wall: number;
  /** Of the other side; a newer one comes with its welcome. */
  #address: string;
  #runs = 0;

  constructor(here: TrialNode, address: string, options: TrialOptions) {
    this.#here = here;
    this.#options = options;
    this.#address = address;
    this.#peer = parseAddress(address).nodeId;
    this.#startedAt = here.ctx.io.now();
    this.#wall = here.ctx.io.wallClock();
  }

  async run(): Promise<TrialDocument> {
    const { ctx, node, servers } = this.#here;
    const { repeat } = this.#options;
    const about = aboutThis();
    const { methods, paths, families } = ctx.config;
    ctx.emit({ event: 'trial', phase: 'meeting', role: 'a', peer: this.#peer });
    this.#here.favour(this.#peer);
    // Whoever knows its NAT meets the other side more easily, and sooner.
    await natsOf(this.#here, FIRST_LOOK);
    ctx.signal.throwIfAborted();
    const partner = await this.#meet();
    const own = sideOf(node, about, await natsOf(this.#here));
    ctx.signal.throwIfAborted();
    const cells = planTrial({
      a: planSideOf(node.address, own.reports, servers.turn.length > 0),
      b: planSideOf(this.#address, partner?.side.reports ?? [], partner?.hasRelay ?? false),
      ...{ methods, paths, families, repeat },
      initiators: partner === null ? ['a'] : ['a', 'b'],
    });
    ctx.emit({ event: 'trial', phase: 'running', role: 'a', peer: this.#peer, cells });
    await partner?.link.send({ type: 'plan', side: own, cells }).catch(() => undefined);
    const results: { cell: number; run: TrialRun }[] = [];
    const ended = await this.#conduct(partner, cells, results);
    const [a, b] = await Promise.all([natsOf(this.#here), this.#lastWords(partner)]);
    const document = documentOf({
      cells,
      results,
      sides: { a: sideOf(node, about, a.length > 0 ? a : own.reports), b: b ?? absentSide(this.#peer) },
      clock: partner?.clock ?? null,
      startedAt: this.#wall,
      elapsed: ctx.io.now() - this.#startedAt,
      repeat,
      ended: ended ?? (partner === null ? ALONE : null),
    });
    await partner?.link.send({ type: 'report', document }).catch(() => undefined);
    await partner?.link.pipe.close('the trial is over');
    ctx.emit({
      event: 'trial',
      phase: 'done',
      role: 'a',
      document,
      ...(ended !== null && { reason: ended }),
    });
    return document;
  }

  /** @returns null where no method opens a pipe: then this side tries alone */
  async #meet(): Promise<Partner | null> {
    const { ctx, node } = this.#here;
    let pipe: Pipe;
    try {
      pipe = await this.#open();
    } catch (error) {
      if (isNoPath(error)) return null;
      throw error;
    }
    const link = new TrialLink(ctx.io, pipe);
    node.addMessageHandler((bytes, _from, from) => {
      if (from === pipe) link.take(bytes);
    });
    ctx.emit({ event: 'trial', phase: 'looking', role: 'a', peer: this.#peer });
    const welcome = await this.#greet(link).catch((error: unknown) => {
      throw isSilence(error) ? noTrialThere(error) : error;
    });
    if (welcome.type === 'sorry')
      throw new P2pdError('BUSY', `the other side takes no part: ${welcome.reason}`);
    if (isAddressOf(welcome.address, pipe.peer)) this.#address = welcome.address;
    const { side, hasRelay } = welcome;
    const clock = await askClock(link, () => ctx.io.wallClock(), ctx.signal);
    // What it calls itself is not what it has proven.
    return { link, side: { ...side, nodeId: pipe.peer }, hasRelay, clock };
  }

  /** That it runs trials at all is told soon; its NATs are looked at first. */
  async #greet(link: TrialLink) {
    const { ctx, node } = this.#here;
    const hello = { type: 'hello', program: aboutThis().version, address: node.address } as const;
    const answer = link.ask(
      hello,
      (message) => (message.type === 'welcome' || message.type === 'sorry' ? message : undefined),
      WELCOME_LIMIT,
      ctx.signal,
    );
    const heard = link.ask(
      null,
      ({ type }) => (type === 'moment' ? true : undefined),
      HEARD_LIMIT,
      ctx.signal,
    );
    for (const one of [answer, heard]) one.catch(() => undefined);
    return Promise.race([answer, heard.then(() => answer)]);
  }

  /** By whatever opens first; by a relay only where nothing else does: what looks for a better path would be among the runs. */
  async #open(): Promise<Pipe> {
    const { ctx, node } = this.#here;
    const open = (methods: readonly Method[]) => {
      const choice = {
        peer: this.#address,
        methods,
        paths: ['external', 'local'],
        families: [4, 6],
      } as const;
      return openPipe(ctx, node, choice, ctx.signal).opened;
    };
    try {
      return await open(['direct', 'reverse', 'tcp-punch', 'udp-punch']);
    } catch (error) {
      if (!isNoPath(error)) throw error;
      return await open(['relay']);
    }
  }

  /** @returns why it ended early; null: it did not */
  async #conduct(
    partner: Partner | null,
    cells: readonly PlannedCell[],
    results: { cell: number; run: TrialRun }[],
  ): Promise<string | null> {
    const { ctx } = this.#here;
    try {
      await conduct({
        io: ctx.io,
        cells,
        run: (cell, bytes) => this.#one(partner, cell, bytes),
        told: (cell, run, left) => {
          ctx.emit({ event: 'trial-run', cell, run, left });
          if (run !== null) results.push({ cell, run });
          void partner?.link.send({ type: 'result', cell, run, left }).catch(() => undefined);
        },
        signal: ctx.signal,
      });
      return ctx.signal.aborted ? 'it was stopped' : null;
    } catch (error) {
      if (ctx.signal.aborted) return 'it was stopped';
      // Whoever is away takes no last words, nor the report.
      if (error instanceof P2pdError && isSilence(error)) partner?.link.end(error);
      return reasonOf(error);
    }
  }

  async #one(partner: Partner | null, { initiator, ...cell }: PlannedCell, bytes: number): Promise<TrialRun> {
    const { ctx, node, listen } = this.#here;
    const { method, path, family } = cell;
    const limit = Math.min(RUN_LIMIT, ctx.config.timeout);
    partner?.link.throwIfOver();
    if (initiator === 'a') {
      const address = this.#address;
      const way = { method, path, family, initiator, limit, bytes };
      const run = await runCell({ io: ctx.io, node, address, ...way, listen, signal: ctx.signal });
      return { ...run, at: this.#since(run.at) };
    }
    if (partner === null) throw new P2pdError('PIPE_CLOSED', 'the other side takes no part');
    const id = ++this.#runs;
    const { run, startedAt } = await partner.link.ask(
      { type: 'run', id, way: { method, path, family }, limit, bytes },
      (message) => (message.type === 'ran' && message.id === id ? message : undefined),
      limit + ANSWER_LATE,
      ctx.signal,
    );
    return { ...run, at: this.#since(startedAt - (partner.clock?.offset ?? 0)) };
  }

  /** @param wall Unix ms of this machine's clock */
  #since(wall: number): number {
    const passed = this.#here.ctx.io.wallClock() - this.#wall;
    return Math.round(Math.min(Math.max(0, wall - this.#wall), Math.max(0, passed)));
  }

  /** What the other side knows of itself by now. */
  async #lastWords(partner: Partner | null): Promise<TrialSide | null> {
    if (partner === null) return null;
    const { side: before, link } = partner;
    const asked = link.ask(
      { type: 'finish' },
      (message) => (message.type === 'side' ? message.side : undefined),
      FINISH_LIMIT,
    );
    const side = await asked.catch(() => before);
    return { ...side, nodeId: this.#peer };
  }
}

const ALONE =
  'no method opened a pipe for the two sides to talk: only what side A tried is here, and nothing of what side B saw';

function isNoPath(error: unknown): boolean {
  return error instanceof P2pdError && error.code === 'NO_PATH';
}

function isSilence(error: unknown): boolean {
  return error instanceof P2pdError && error.code === 'PEER_SILENT';
}

function noTrialThere(cause: unknown): P2pdError {
  const message = 'the other side takes pipes, but runs no trial';
  return new P2pdError('PEER_SILENT', message, { cause, hint: 'start p2pd-demo trial --accept there' });
}
