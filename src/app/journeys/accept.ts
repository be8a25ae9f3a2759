/** The accept journey: a node that takes pipes until the user leaves. */
import type { MessageHandler, Pipe } from '../../net/index.ts';
import type { Context } from './context.ts';
import { checkNickname, registerDefault } from './nickname.ts';
import { chooseServers } from './servers.ts';
import { startNode, stopNode } from './start-node.ts';

export interface AcceptOptions {
  /** Send each message back unchanged. */
  readonly echo: boolean;
  /** Leave after the first pipe closes. */
  readonly once: boolean;
  /** Registered for the node; null: none. */
  readonly nickname: string | null;
}

/** Resolves when the user leaves, or with `once` when the first pipe has closed. Throws as `startNode`. */
export async function accept(ctx: Context, options: AcceptOptions): Promise<void> {
  if (options.nickname !== null) checkNickname(options.nickname);
  const leave = new AbortController();
  const onPipe = (pipe: Pipe) => {
    void answerEnd(pipe);
    if (options.once) void pipe.closed.then(() => leave.abort());
  };
  const servers = chooseServers(ctx);
  const node = await startNode(ctx, { onPipe, nickname: options.nickname, servers: () => servers });
  if (options.nickname === null) void registerDefault(ctx, node, await servers);
  if (options.echo) node.addMessageHandler(echo);
  await aborted(AbortSignal.any([ctx.signal, leave.signal]));
  await stopNode(ctx, node, 'the accepting side left');
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
