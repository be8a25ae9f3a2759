/** Both real stores, each test with an empty one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { addressKeyOf } from '../../src/pnp/address-key.ts';
import { openPostgresStore } from '../../src/pnp/postgres.ts';
import { DEFAULT_LIMITS, type Limits, type NameWrite } from '../../src/pnp/rules.ts';
import { openSqliteStore } from '../../src/pnp/sqlite.ts';
import type { NameStore } from '../../src/pnp/store.ts';
import { describeNeeding } from '../helpers/needs.ts';
import { createPostgres, type Postgres } from '../helpers/postgres.ts';

/** Unix seconds. */
export const NOW = 1_800_000_000;

export const pause = () => new Promise<void>((resolve) => setImmediate(resolve));

export type OpenStore = (limits?: Partial<Limits>) => Promise<NameStore>;

/** `describe` once for each store. */
export function describeStores(name: string, body: (open: OpenStore) => void): void {
  describe(`${name}: sqlite`, () => body(sqliteStores()));
  describeNeeding({ postgres: true }, `${name}: postgres`, () => body(postgresStores()));
}

function sqliteStores(): OpenStore {
  const opened: NameStore[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'p2pd-names-'));
  let count = 0;
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return async (limits) => {
    const store = await openSqliteStore(
      join(folder, `${count++}.db`),
      { ...DEFAULT_LIMITS, ...limits },
      pause,
    );
    opened.push(store);
    return store;
  };
}

function postgresStores(): OpenStore {
  let postgres: Postgres | null = null;
  const opened: NameStore[] = [];
  let count = 0;
  beforeAll(async () => {
    postgres = await createPostgres();
  }, 60_000);
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });
  afterAll(() => postgres?.remove());
  return async (limits) => {
    if (postgres === null) throw new Error('no PostgreSQL');
    const url = await postgres.database(`test${count++}`);
    const store = await openPostgresStore(url, { ...DEFAULT_LIMITS, ...limits }, () => undefined);
    opened.push(store);
    return store;
  };
}

export const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));

/** @param owner any word */
export function write(
  name: string,
  value: string,
  more: Partial<Omit<NameWrite, 'owner' | 'at'>> & { owner?: string; ip?: string } = {},
): NameWrite {
  const { owner = 'alice', ip = '192.0.2.1', ...rest } = more;
  return {
    name: bytesOf(name),
    value: bytesOf(value),
    owner: new Uint8Array(33).fill(2).map((byte, i) => owner.charCodeAt(i) || byte),
    updated: NOW,
    at: addressKeyOf(ip),
    ...rest,
  };
}
