/** Registers a nickname and leaves: the name then points at a node that does not run. */
import type { Context } from './context.ts';
import { checkNickname } from './nickname.ts';
import { startNode, stopNode } from './start-node.ts';

/** Throws as `startNode` with a nickname. */
export async function registerOnce(ctx: Context, nickname: string): Promise<void> {
  checkNickname(nickname);
  const node = await startNode(ctx, { nickname });
  const text = 'the nickname is registered, but nobody listens for it: run it without --once to accept pipes';
  ctx.emit({ event: 'log', level: 'warn', text });
  await stopNode(ctx, node, 'registered and left');
}
