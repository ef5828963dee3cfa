import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type FreshDatabase, makeFreshDatabase } from './fresh-database.js';
import { DatabaseIsNewer, migrate } from './migrate.js';
import { closeStore, openStore, type Store } from './store.js';

let database: FreshDatabase;
let store: Store;

beforeAll(async () => {
  database = await makeFreshDatabase(inject('postgresUrl'));
  store = openStore({ url: database.url });
});

afterAll(async () => {
  await closeStore(store);
  await database.drop();
});

it('applies each migration once', async () => {
  expect(await migrate(database.url)).toEqual([]);
});

it('lets several programs migrate at once', async () => {
  expect(await Promise.all([migrate(database.url), migrate(database.url), migrate(database.url)])).toEqual([
    [],
    [],
    [],
  ]);
});

it('reads a bigint as a number, and says when it cannot', async () => {
  const { rows } = await store.pool.query<{ at: number }>('select 1764244800000::bigint as at');
  expect(rows).toEqual([{ at: 1_764_244_800_000 }]);
  await expect(store.pool.query('select 9007199254740993::bigint')).rejects.toThrow('2^53');
});

it('keeps hot statements on their indexes, also in a table without statistics', async () => {
  const { rows } = await store.hot.query<{ 'QUERY PLAN': string }>(
    'explain select from attempt where application = gen_random_uuid() and machine = any(array[$1])',
    ['m'],
  );
  expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index.* using attempt_pkey/);
});

it('refuses a database that a newer version has migrated, and says what to do', async () => {
  const newer = await makeFreshDatabase(inject('postgresUrl'));
  const client = openStore({ url: newer.url });
  await client.pool.query(`insert into schema_migration (name, run_on) values ('9999_tomorrow', now())`);
  await closeStore(client);
  const migrating = migrate(newer.url);
  await expect(migrating).rejects.toThrow(DatabaseIsNewer);
  await expect(migrating).rejects.toThrow('9999_tomorrow');
  await newer.drop();
});
