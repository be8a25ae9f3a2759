/**
 * The name table in SQL, by one set of queries for every database. What is decided is `rules.ts`'; whoever calls
 * gives a transaction in which nobody else changes what is read.
 */
import { type Kysely, sql } from 'kysely';
import {
  CLOCK_TOLERANCE,
  decide,
  type Known,
  type Limits,
  NAME_LIFETIME,
  type NameRow,
  type NameWrite,
  type Usage,
} from './rules.ts';
import type { NamesTable, Schema } from './sql-schema.ts';
import type { WriteOutcome } from './store.ts';

/** Rows that one clearing away takes at most: nobody waits long for it. */
const PRUNED_AT_ONCE = 1_000;

type Db = Kysely<Schema>;

/** Keeps others from what an address has used, until the transaction ends. */
export type LockAddress = (write: NameWrite) => Promise<void>;

export async function fetchName(db: Db, name: Uint8Array, now: number): Promise<NameRow | null> {
  const row = await db
    .selectFrom('names')
    .selectAll()
    .where('name', '=', Buffer.from(name))
    .where('timestamp', '>', now - NAME_LIFETIME)
    .executeTakeFirst();
  return row === undefined ? null : rowOf(row);
}

export async function writeName(
  db: Db,
  write: NameWrite,
  limits: Limits,
  now: number,
  lockAddress: LockAddress,
): Promise<WriteOutcome> {
  const row = await fetchName(db, write.name, now);
  const deleted = await deletedBy(db, write);
  // Nothing is counted for what is refused anyway, or goes.
  const counts = write.value.length > 0 && (row === null || same(row.owner, write.owner));
  if (counts) await lockAddress(write);
  const known: Known = { row, deleted, usage: counts ? await usageOf(db, write, now) : NONE };
  const verdict = decide(write, known, limits, now);
  if (verdict.kind === 'refuse') return { kind: 'refused', why: verdict.why };
  if (verdict.kind === 'put') await put(db, verdict.row);
  if (verdict.kind === 'remove') await remove(db, write);
  return { kind: 'done' };
}

/** @returns names that went */
export async function pruneNames(db: Db, now: number): Promise<number> {
  const old = db
    .selectFrom('names')
    .select('name')
    .where('timestamp', '<=', now - NAME_LIFETIME)
    .limit(PRUNED_AT_ONCE);
  const { numDeletedRows } = await db.deleteFrom('names').where('name', 'in', old).executeTakeFirst();
  await db
    .deleteFrom('tombstones')
    .where('updated', '<', now - CLOCK_TOLERANCE)
    .execute();
  return Number(numDeletedRows);
}

export async function countNames(db: Db, now: number): Promise<number> {
  const { total } = await db
    .selectFrom('names')
    .select(({ fn }) => fn.countAll().as('total'))
    .where('timestamp', '>', now - NAME_LIFETIME)
    .executeTakeFirstOrThrow();
  return Number(total);
}

const NONE: Usage = { names: 0, knownHost: false, knownSubnet: false, hosts: 0, subnets: 0 };

async function deletedBy(db: Db, { name, owner }: NameWrite): Promise<number | null> {
  const tombstone = await db
    .selectFrom('tombstones')
    .select('updated')
    .where('name', '=', Buffer.from(name))
    .where('owner', '=', Buffer.from(owner))
    .executeTakeFirst();
  return tombstone === undefined ? null : Number(tombstone.updated);
}

async function usageOf(db: Db, { at }: NameWrite, now: number): Promise<Usage> {
  const since = now - NAME_LIFETIME;
  const [address, subnet, site] = [at.address, at.subnet, at.site].map((bytes) => Buffer.from(bytes));
  const count = async (query: ReturnType<typeof sql<{ total: number | string }>>) =>
    Number((await query.execute(db)).rows[0]?.total ?? 0);
  const names = await count(
    sql`select count(*) as total from names where address = ${address} and timestamp > ${since}`,
  );
  if (at.family === 4) return { ...NONE, names, knownHost: names > 0 };
  const hosts = await count(
    sql`select count(distinct address) as total from names where subnet = ${subnet} and timestamp > ${since}`,
  );
  const subnets =
    hosts > 0
      ? 0
      : await count(
          sql`select count(distinct subnet) as total from names where site = ${site} and timestamp > ${since}`,
        );
  return { names, knownHost: names > 0, knownSubnet: hosts > 0, hosts, subnets };
}

async function put(db: Db, row: NameRow): Promise<void> {
  const values = {
    value: Buffer.from(row.value),
    owner: Buffer.from(row.owner),
    updated: row.updated,
    timestamp: row.timestamp,
    family: row.at.family,
    address: Buffer.from(row.at.address),
    subnet: Buffer.from(row.at.subnet),
    site: Buffer.from(row.at.site),
  };
  await db
    .insertInto('names')
    .values({ name: Buffer.from(row.name), ...values })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
    .execute();
}

async function remove(db: Db, { name, owner, updated }: NameWrite): Promise<void> {
  await db.deleteFrom('names').where('name', '=', Buffer.from(name)).execute();
  await db
    .insertInto('tombstones')
    .values({ name: Buffer.from(name), owner: Buffer.from(owner), updated })
    .onConflict((conflict) => conflict.columns(['name', 'owner']).doUpdateSet({ updated }))
    .execute();
}

function rowOf(row: NamesTable): NameRow {
  return {
    name: bytesOf(row.name),
    value: bytesOf(row.value),
    owner: bytesOf(row.owner),
    updated: Number(row.updated),
    timestamp: Number(row.timestamp),
    at: {
      family: row.family === 4 ? 4 : 6,
      address: bytesOf(row.address),
      subnet: bytesOf(row.subnet),
      site: bytesOf(row.site),
    },
  };
}

/** Some databases give an ArrayBuffer. */
function bytesOf(blob: Uint8Array): Uint8Array {
  return new Uint8Array(blob);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
