/** The connect journey: one pipe to a peer, and one of four conversations over it. */
import {
  type MessageHandler,
  openSource,
  type P2PNode,
  P2pdError,
  type Pipe,
  parseAddress,
  type Source,
} from '../../net/index.ts';
import { fileWords } from '../file-words.ts';
import { isNickname } from '../nickname-rules.ts';
import type { Context } from './context.ts';
import { lookUp } from './look-up.ts';
import { openPipe } from './open-pipe.ts';
import { converseRaw, Inflow, pump, type RawEnds } from './raw.ts';
import { chooseServers } from './servers.ts';
import { startNode, stopNode } from './start-node.ts';

export type Conversation =
  /** Lines go out as messages until they end, then half-close and wait for the peer at most `linger` ms. */
  | { readonly kind: 'lines'; readonly input: AsyncIterable<string>; readonly linger: number }
  /** Bytes in, bytes out; ends as lines do, but the peer has its time from its last byte on. */
  | { readonly kind: 'raw'; readonly ends: RawEnds }
  /** One message, one answer. */
  | { readonly kind: 'send'; readonly text: string }
  /** A file, until the other side has it whole. */
  | { readonly kind: 'file'; readonly path: string }
  /** Throughput both ways. */
  | { readonly kind: 'bench'; readonly bytes: number };

/** Resolves when the conversation is over. Throws P2pdError as starting, connecting and sending do; ADDRESS_*, NO_ANSWER; of nicknames as `lookUp`. */
export async function connect(
  ctx: Context,
  peer: string,
  conversation: Conversation,
  acceptNewKey = false,
): Promise<void> {
  const source = conversation.kind === 'file' ? await sourceAt(conversation.path) : null;
  const isName = isNickname(peer);
  if (!isName) parseAddress(peer); // A mistyped one is told before anything is started.
  const servers = chooseServers(ctx);
  servers.catch(() => undefined);
  // A name is looked up while the node starts.
  const looking = isName
    ? servers.then((list) => lookUp(ctx, peer, list, acceptNewKey))
    : Promise.resolve(peer);
  looking.catch(() => undefined);
  const node = await startNode(ctx, { servers: () => servers });
  try {
    const address = await looking;
    const inflow = conversation.kind === 'raw' ? new Inflow(ctx.io, conversation.ends.output) : null;
    const answer = listenFor(node, inflow);
    const { methods, paths, families } = ctx.config;
    const pipe = await openPipe(ctx, node, { peer: address, methods, paths, families }, ctx.signal).opened;
    const leave = new AbortController();
    const onAbort = () => leave.abort();
    ctx.signal.addEventListener('abort', onAbort, { once: true });
    void pipe.closed.then(onAbort);
    if (source !== null) await sendFile(ctx, node, pipe, source);
    else if (conversation.kind === 'raw' && inflow !== null) {
      await converseRaw(ctx, pipe, conversation.ends, inflow, leave.signal);
      await pipe.close('finished');
    } else await converse(ctx, node, pipe, conversation, answer, leave.signal);
  } finally {
    await source?.close();
    await stopNode(ctx, node, ctx.signal.aborted ? 'the other side was interrupted' : 'finished');
  }
}

/** @throws P2pdError FILE_UNUSABLE */
async function sourceAt(path: string): Promise<Source> {
  try {
    return await openSource(path);
  } catch (error) {
    throw new P2pdError('FILE_UNUSABLE', `${path} cannot be sent: ${fileWords(error)}`, { cause: error });
  }
}

async function sendFile(ctx: Context, node: P2PNode, pipe: Pipe, source: Source): Promise<void> {
  await node.files.send(pipe, source, ctx.signal);
  await pipe.close('finished');
}

/** Handlers are there before the pipe, so that not even the first message is missed. @returns the first message */
function listenFor(node: P2PNode, inflow: Inflow | null): Promise<void> {
  return new Promise((resolve) => {
    const handler: MessageHandler = (message) => {
      resolve();
      return inflow?.take(message);
    };
    node.addMessageHandler(handler);
  });
}

async function converse(
  ctx: Context,
  node: P2PNode,
  pipe: Pipe,
  conversation: Conversation,
  answer: Promise<void>,
  leave: AbortSignal,
): Promise<void> {
  switch (conversation.kind) {
    case 'bench': {
      const result = await node.bench(pipe, conversation.bytes);
      ctx.emit({ event: 'bench', pipe: pipe.id, ...result });
      break;
    }
    case 'file':
    case 'raw':
      break;
    case 'send':
      await sendAndWait(ctx, pipe, conversation.text, answer);
      break;
    case 'lines':
      await pump(pipe, conversation.input, leave);
      await linger(ctx, pipe, conversation.linger, leave);
  }
  await pipe.close(ctx.signal.aborted ? 'interrupted' : 'finished');
}

async function sendAndWait(ctx: Context, pipe: Pipe, text: string, answer: Promise<void>): Promise<void> {
  const { io, config } = ctx;
  await pipe.send(text);
  const done = new AbortController();
  const stop = AbortSignal.any([done.signal, ctx.signal]);
  const silence = io.sleepUntil(io.now() + config.timeout, stop).then(() => 'silence' as const);
  const outcome = await Promise.race([answer, pipe.closed, silence]);
  done.abort();
  if (outcome === undefined) return;
  const why =
    outcome === 'silence' ? `none came within ${config.timeout / 1000} s` : `the pipe closed (${outcome})`;
  throw new P2pdError('NO_ANSWER', `the message was sent, but no answer came: ${why}`);
}

/** Half-close; the peer has `ms` from when it has everything to have its last word. */
async function linger(ctx: Context, pipe: Pipe, ms: number, leave: AbortSignal): Promise<void> {
  if (leave.aborted) return;
  await Promise.race([pipe.end(), pipe.closed]);
  await ctx.io.sleepUntil(ctx.io.now() + ms, leave);
}
