/** The accept journey: a node that takes pipes until the user leaves. */
import {
  deferred,
  type MessageHandler,
  openSaveFolder,
  P2pdError,
  type Pipe,
  type SaveFolder,
} from '../../net/index.ts';
import { fileWords } from '../file-words.ts';
import type { Context } from './context.ts';
import { checkNickname, registerDefault } from './nickname.ts';
import { aborted, converseRaw, Inflow, type RawEnds } from './raw.ts';
import { chooseServers } from './servers.ts';
import { startNode, stopNode } from './start-node.ts';

export interface AcceptOptions {
  /** Send each message back unchanged. */
  readonly echo: boolean;
  /** Leave after the first pipe closes. */
  readonly once: boolean;
  /** The first pipe is joined to these, every other one closed; then we leave. null: messages are messages. */
  readonly raw: RawEnds | null;
  /** Where files of peers are kept; null: none are taken. */
  readonly saveTo: string | null;
  /** Registered for the node; null: none. */
  readonly nickname: string | null;
}

/** Resolves when the user leaves, or with `once` when the first pipe has closed. Throws as `startNode`. */
export async function accept(ctx: Context, options: AcceptOptions): Promise<void> {
  if (options.nickname !== null) checkNickname(options.nickname);
  const folder = options.saveTo === null ? null : await folderAt(options.saveTo);
  const leave = new AbortController();
  const stop = AbortSignal.any([ctx.signal, leave.signal]);
  const raw = options.raw === null ? null : new RawAccept(ctx, options.raw);
  const onPipe = (pipe: Pipe) => {
    if (raw !== null) raw.take(pipe);
    else void answerEnd(pipe);
    if (options.once) void pipe.closed.then(() => leave.abort());
  };
  const servers = chooseServers(ctx);
  const node = await startNode(ctx, { onPipe, nickname: options.nickname, servers: () => servers });
  if (options.nickname === null) void registerDefault(ctx, node, await servers);
  if (folder !== null) node.files.receiveIn(folder);
  if (options.echo) node.addMessageHandler(echo);
  if (raw !== null) node.addMessageHandler((message, _from, pipe) => raw.message(message, pipe));
  try {
    await (raw === null ? aborted(stop) : Promise.race([raw.done, aborted(ctx.signal)]));
  } finally {
    await stopNode(ctx, node, 'the accepting side left');
  }
}

/** The one pipe whose bytes come from our input and go to our output. */
class RawAccept {
  readonly #ctx: Context;
  readonly #ends: RawEnds;
  readonly #inflow: Inflow;
  readonly #over = deferred<void>();
  #pipe: Pipe | null = null;

  constructor(ctx: Context, ends: RawEnds) {
    this.#ctx = ctx;
    this.#ends = ends;
    this.#inflow = new Inflow(ctx.io, ends.output);
  }

  /** Rejects as `converseRaw`. */
  get done(): Promise<void> {
    return this.#over.promise;
  }

  take(pipe: Pipe): void {
    if (this.#pipe !== null) {
      void pipe.close('this side talks to one peer alone');
      return;
    }
    this.#pipe = pipe;
    const leave = new AbortController();
    const onAbort = () => leave.abort();
    this.#ctx.signal.addEventListener('abort', onAbort, { once: true });
    void pipe.closed.then(onAbort);
    converseRaw(this.#ctx, pipe, this.#ends, this.#inflow, leave.signal).then(
      () => this.#over.resolve(),
      (error: Error) => this.#over.reject(error),
    );
  }

  message(bytes: Uint8Array, pipe: Pipe): Promise<void> | undefined {
    return pipe === this.#pipe ? this.#inflow.take(bytes) : undefined;
  }
}

/** @throws P2pdError FILE_UNUSABLE */
async function folderAt(directory: string): Promise<SaveFolder> {
  try {
    return await openSaveFolder(directory);
  } catch (error) {
    const message = `files cannot be kept in ${directory}: ${fileWords(error)}`;
    throw new P2pdError('FILE_UNUSABLE', message, { cause: error });
  }
}

const echo: MessageHandler = (message, _from, pipe, kind) => pipe.sendKind(kind, message);

/** Nobody types on this side: when the peer has said its last word, so have we. */
async function answerEnd(pipe: Pipe): Promise<void> {
  await pipe.ended;
  await pipe.end();
}
