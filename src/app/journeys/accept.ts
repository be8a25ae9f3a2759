/** The accept journey: a node that takes pipes until the user leaves. */
import {
  type MessageHandler,
  openSaveFolder,
  P2pdError,
  type Pipe,
  reasonOf,
  type SaveFolder,
} from '../../net/index.ts';
import type { Context } from './context.ts';
import { checkNickname, registerDefault } from './nickname.ts';
import { chooseServers } from './servers.ts';
import { startNode, stopNode } from './start-node.ts';

export interface AcceptOptions {
  /** Send each message back unchanged. */
  readonly echo: boolean;
  /** Leave after the first pipe closes. */
  readonly once: boolean;
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
  const onPipe = (pipe: Pipe) => {
    void answerEnd(pipe);
    if (options.once) void pipe.closed.then(() => leave.abort());
  };
  const servers = chooseServers(ctx);
  const node = await startNode(ctx, { onPipe, nickname: options.nickname, servers: () => servers });
  if (options.nickname === null) void registerDefault(ctx, node, await servers);
  if (folder !== null) node.files.receiveIn(folder);
  if (options.echo) node.addMessageHandler(echo);
  await aborted(AbortSignal.any([ctx.signal, leave.signal]));
  await stopNode(ctx, node, 'the accepting side left');
}

/** @throws P2pdError FILE_UNUSABLE */
async function folderAt(directory: string): Promise<SaveFolder> {
  try {
    return await openSaveFolder(directory);
  } catch (error) {
    const message = `files cannot be kept in ${directory}: ${reasonOf(error)}`;
    throw new P2pdError('FILE_UNUSABLE', message, { cause: error });
  }
}

const echo: MessageHandler = (message, _from, pipe, kind) => pipe.sendKind(kind, message);

/** Nobody types on this side: when the peer has said its last word, so have we. */
async function answerEnd(pipe: Pipe): Promise<void> {
  await pipe.ended;
  await pipe.end();
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
