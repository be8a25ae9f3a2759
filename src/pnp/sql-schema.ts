/** Tables of the name store and how they came about, one migration after the other; the same for every database. */
import { type Kysely, type Migration, type MigrationProvider, Migrator, sql } from 'kysely';

type Blob = Uint8Array;

export interface NamesTable {
  readonly name: Blob;
  readonly value: Blob;
  readonly owner: Blob;
  /** Unix seconds; PostgreSQL gives them as text. */
  readonly updated: number | string;
  readonly timestamp: number | string;
  readonly family: number;
  readonly address: Blob;
  readonly subnet: Blob;
  readonly site: Blob;
}

/** Names that were deleted, for as long as an older request for them could still be believed. */
export interface TombstonesTable {
  readonly name: Blob;
  readonly owner: Blob;
  readonly updated: number | string;
}

export interface Schema {
  readonly names: NamesTable;
  readonly tombstones: TombstonesTable;
}

/** How a database calls bytes. */
export type BlobType = 'blob' | 'bytea';

/** Brings an empty or older database to this version. @throws the database's error */
export async function migrate(db: Kysely<Schema>, blob: BlobType): Promise<void> {
  const provider: MigrationProvider = {
    getMigrations: () => Promise.resolve(migrations(blob)),
  };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) throw error;
}

function migrations(blob: BlobType): Record<string, Migration> {
  const bytes = sql.raw(blob);
  return {
    '001-names': {
      async up(db: Kysely<unknown>): Promise<void> {
        await sql`create table names (
          name ${bytes} primary key, value ${bytes} not null, owner ${bytes} not null,
          updated bigint not null, timestamp bigint not null, family smallint not null,
          address ${bytes} not null, subnet ${bytes} not null, site ${bytes} not null)`.execute(db);
        await sql`create index names_address on names (address, timestamp)`.execute(db);
        await sql`create index names_subnet on names (subnet, address)`.execute(db);
        await sql`create index names_site on names (site, subnet)`.execute(db);
        await sql`create index names_timestamp on names (timestamp)`.execute(db);
        await sql`create table tombstones (
          name ${bytes} not null, owner ${bytes} not null, updated bigint not null,
          primary key (name, owner))`.execute(db);
        await sql`create index tombstones_updated on tombstones (updated)`.execute(db);
      },
    },
  };
}
