/**
 * The name store in one SQLite file, by `libsql`: nothing to install or to run. Writes that come together share a
 * transaction, and each is answered once that is on disk (WAL, synchronous=FULL).
 */
import { Kysely, SqliteDialect, sql } from 'kysely';
import { loadNative } from '../net/index.ts';
import type { Limits, NameWrite } from './rules.ts';
import { countNames, fetchName, pruneNames, writeName } from './sql-names.ts';
import { migrate, type Schema } from './sql-schema.ts';
import type { NameStore, WriteOutcome } from './store.ts';

/** Writes of one transaction at most: the first of them waits for the last. */
const MAX_BATCH = 64;

interface Waiting {
  readonly write: NameWrite;
  readonly now: number;
  resolve(outcome: WriteOutcome): void;
  reject(error: unknown): void;
}

/**
 * @param path of the file; made where there is none
 * @param pause resolves when what has arrived meanwhile has been read
 * @throws the system's error
 */
export async function openSqliteStore(
  path: string,
  limits: Limits,
  pause: () => Promise<void>,
): Promise<NameStore> {
  const { default: Database } = await loadNative(() => import('libsql'));
  const db = new Kysely<Schema>({
    dialect: new SqliteDialect({ database: () => Promise.resolve(new Database(path)) }),
  });
  try {
    await sql`pragma journal_mode = wal`.execute(db);
    await sql`pragma synchronous = full`.execute(db);
    await sql`pragma busy_timeout = 5000`.execute(db);
    await migrate(db, 'blob');
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return new SqliteStore(db, limits, pause);
}

class SqliteStore implements NameStore {
  readonly #db: Kysely<Schema>;
  readonly #limits: Limits;
  readonly #pause: () => Promise<void>;
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;

  constructor(db: Kysely<Schema>, limits: Limits, pause: () => Promise<void>) {
    this.#db = db;
    this.#limits = limits;
    this.#pause = pause;
  }

  fetch(name: Uint8Array, now: number) {
    return fetchName(this.#db, name, now);
  }

  write(write: NameWrite, now: number): Promise<WriteOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, now, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  async prune(now: number): Promise<number> {
    await this.#running;
    return pruneNames(this.#db, now);
  }

  count(now: number): Promise<number> {
    return countNames(this.#db, now);
  }

  async close(): Promise<void> {
    await this.#running;
    // What is in the log goes into the file: a copy of that alone is a whole backup.
    await sql`pragma wal_checkpoint(truncate)`.execute(this.#db);
    await this.#db.destroy();
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Those that are on their way come along.
      await this.#pause();
      await this.#runBatch(this.#waiting.splice(0, MAX_BATCH));
    }
    // In the same turn as the look at what waits, or a write that comes in between would wait for ever.
    this.#running = null;
  }

  async #runBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.#db.connection().execute(async (db) => {
        await sql`begin immediate`.execute(db);
        try {
          const done: WriteOutcome[] = [];
          for (const { write, now } of batch)
            done.push(await writeName(db, write, this.#limits, now, NO_LOCK));
          await sql`commit`.execute(db);
          return done;
        } catch (error) {
          await sql`rollback`.execute(db).catch(() => undefined);
          throw error;
        }
      });
      for (const [i, { resolve }] of batch.entries())
        resolve(outcomes[i] ?? { kind: 'refused', why: 'store' });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

/** One writer at a time has it all. */
const NO_LOCK = () => Promise.resolve();
