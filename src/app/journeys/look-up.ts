/** From a nickname to an address: asked of name servers, and believed only with the key that it had before. */
import {
  addressText,
  encodeBase16,
  type Identity,
  P2pdError,
  type ServerList,
  throwawayIdentity,
} from '../../net/index.ts';
import {
  findAddress,
  type KeyState,
  keyStateOf,
  type Names,
  namesAt,
  type Resolved,
  trustKey,
} from '../../pnp/index.ts';
import type { Context } from './context.ts';
import { runStep } from './steps.ts';

/** What `resolve` prints. */
export interface ResolveReport {
  readonly name: string;
  readonly address: string;
  readonly publicKey: string;
  /** Unix seconds. */
  readonly updated: number;
  readonly expires: number | null;
  readonly key: KeyState;
  readonly servers: Resolved['servers'];
}

/** @param wall Unix ms, by which what is registered is dated */
export function namesFor(
  ctx: Context,
  servers: ServerList,
  identity: Identity,
  wall = () => ctx.io.wallClock(),
): Names {
  const { io } = ctx;
  return namesAt({ io, identity, servers: servers.pnp, wall });
}

/**
 * Asks under a key of no name: a name server need not know who asks.
 *
 * @throws P2pdError NO_SERVICE where no name server answers, NAME_NOT_FOUND, NAME_FOREIGN
 */
export async function resolve(ctx: Context, nickname: string, servers: ServerList): Promise<ResolveReport> {
  const name = nickname.trim();
  if (servers.pnp.length === 0)
    throw new P2pdError('NO_SERVICE', `"${name}" cannot be looked up: no name server is known`, {
      hint: 'name one with --servers or --via, or give the address that begins with p2pd1',
    });
  const names = namesFor(ctx, servers, await throwawayIdentity(ctx.io));
  const found = await runStep(
    ctx.emit,
    'nickname',
    () => findAddress(names, name, ctx.signal),
    ({ address }) => `${name} is node ${address.nodeId}`,
  );
  const { address, bytes, updated, expires } = found;
  return {
    name,
    address: addressText(bytes),
    publicKey: encodeBase16(address.publicKey),
    updated,
    expires,
    key: await keyStateOf(await ctx.files(), name, address.publicKey),
    servers: found.servers,
  };
}

/**
 * The address to connect to; the name's key is remembered, and one that has changed stops here.
 *
 * @param acceptNewKey the user has seen the warning
 * @throws as `resolve`; P2pdError KEY_CHANGED
 */
export async function lookUp(
  ctx: Context,
  nickname: string,
  servers: ServerList,
  acceptNewKey: boolean,
): Promise<string> {
  const { name, address, publicKey } = await resolve(ctx, nickname, servers);
  await trustKey(await ctx.files(), name, new Uint8Array(Buffer.from(publicKey, 'hex')), acceptNewKey);
  return address;
}
