/**
 * The name store in PostgreSQL, which any number of server processes share. Each write is a transaction that
 * locks its name first and the address that it counts at second, so that none waits for another in a circle.
 */
import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import type { Limits, NameWrite } from './rules.ts';
import { countNames, fetchName, pruneNames, writeName } from './sql-names.ts';
import { migrate, type Schema } from './sql-schema.ts';
import type { NameStore, WriteOutcome } from './store.ts';

const MAX_CONNECTIONS = 16;
/** ms. */
const CONNECT_TIMEOUT = 5_000;
const STATEMENT_TIMEOUT = 10_000;
/** Kinds of advisory locks: their first key. */
const [NAME_LOCK, ADDRESS_LOCK] = [0x706e7031, 0x706e7032];

/** @param url `postgres://user:password@host:port/database` @throws the database's error */
export async function openPostgresStore(
  url: string,
  limits: Limits,
  onError: (error: Error) => void,
): Promise<NameStore> {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    statement_timeout: STATEMENT_TIMEOUT,
  });
  // A connection that is lost, idle or not, is replaced by the next request's; unheard it would end the program.
  pool.on('error', onError);
  pool.on('connect', (client) => client.on('error', onError));
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  try {
    await migrate(db, 'bytea');
  } catch (error) {
    await db.destroy();
    throw error;
  }
  const write = (one: NameWrite, now: number): Promise<WriteOutcome> =>
    db.transaction().execute(async (transaction) => {
      await lock(transaction, NAME_LOCK, one.name);
      return writeName(transaction, one, limits, now, ({ at }) =>
        lock(transaction, ADDRESS_LOCK, at.family === 4 ? at.address : at.site),
      );
    });
  return {
    fetch: (name, now) => fetchName(db, name, now),
    write,
    prune: (now) => pruneNames(db, now),
    count: (now) => countNames(db, now),
    close: () => db.destroy(),
  };
}

/** Held until the transaction ends. Keys that collide only wait for each other. */
async function lock(transaction: Transaction<Schema>, kind: number, key: Uint8Array): Promise<void> {
  const text = Buffer.from(key).toString('hex');
  await sql`select pg_advisory_xact_lock(${sql.lit(kind)}, hashtext(${text}))`.execute(transaction);
}
