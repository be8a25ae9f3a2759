/** Where a name server keeps its names. Types only; memory for a run is `test`'s, the real ones are in SQL. */
import type { NameRow, NameWrite, RefusalReason } from './rules.ts';

export type WriteOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly why: RefusalReason };

/** Times are Unix seconds. */
export interface NameStore {
  /** null where there is no such name, or it has expired. @throws the store's error */
  fetch(name: Uint8Array, now: number): Promise<NameRow | null>;
  /** Resolves once what was done would survive a crash. @throws the store's error: then nothing was done */
  write(write: NameWrite, now: number): Promise<WriteOutcome>;
  /** Clears away what has expired, a part at a time. @returns names that went */
  prune(now: number): Promise<number>;
  /** Names that have not expired. */
  count(now: number): Promise<number>;
  close(): Promise<void>;
}
