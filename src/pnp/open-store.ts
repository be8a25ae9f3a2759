/** Opens the name store that was asked for; databases are loaded only here, when one is opened. */
import { type Io, P2pdError, reasonOf } from '../net/index.ts';
import { DEFAULT_LIMITS } from './rules.ts';
import type { NameStore } from './store.ts';

export type StoreChoice =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string };

/** `sqlite:PATH` or `postgres://…`; null for anything else. */
export function parseStoreChoice(text: string): StoreChoice | null {
  if (/^postgres(ql)?:\/\/./.test(text)) return { kind: 'postgres', url: text };
  const path = /^sqlite:(.+)$/.exec(text)?.[1];
  return path === undefined ? null : { kind: 'sqlite', path };
}

/** @throws P2pdError STATE_UNUSABLE, which names neither user nor password */
export async function openNameStore(
  io: Io,
  choice: StoreChoice,
  warn: (text: string) => void,
): Promise<NameStore> {
  try {
    if (choice.kind === 'postgres') {
      const { openPostgresStore } = await import('./postgres.ts');
      return await openPostgresStore(choice.url, DEFAULT_LIMITS, (error) =>
        warn(`pnp: a connection to the database is lost: ${reasonOf(error)}`),
      );
    }
    const { openSqliteStore } = await import('./sqlite.ts');
    return await openSqliteStore(choice.path, DEFAULT_LIMITS, () => io.sleepUntil(io.now()));
  } catch (error) {
    const what = choice.kind === 'postgres' ? 'the database of --pnp-store' : choice.path;
    throw new P2pdError('STATE_UNUSABLE', `names cannot be kept in ${what}: ${reasonOf(error)}`, {
      hint: 'name another place with --pnp-store sqlite:PATH or postgres://…, or serve without names: --only mqtt,stun,ntp',
      cause: error,
    });
  }
}
