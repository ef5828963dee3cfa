import { countMax, defaultPolicy, durationMsMax, type Policy } from '@platte/rollout';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
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

it('finds nothing to do as a role that may read what was applied and change nothing', async () => {
  const role = `reader_${process.pid}`;
  await store.pool.query(`create role ${role} login password 'x'`);
  await store.pool.query(`grant select on schema_migration to ${role}`);
  const url = new URL(database.url);
  url.username = role;
  url.password = 'x';
  expect(await migrate(url.href)).toEqual([]);
  await store.pool.query(`drop owned by ${role}`);
  await store.pool.query(`drop role ${role}`);
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

describe('what a version without bounds has stored', () => {
  const huge = 8_640_000_000_000_000;

  /** The schema as it was before, with a group, a rollout and an attempt whose times are beyond all bounds. */
  async function makeBefore(): Promise<FreshDatabase> {
    const before = await makeFreshDatabase(inject('postgresUrl'));
    const client = openStore({ url: before.url });
    const policy = {
      ...defaultPolicy,
      updateTimeoutMs: huge,
      backoffMaxMs: 2 ** 53 - 1,
      rateLimit: { max: 2 ** 53 - 1, periodMs: huge },
    };
    await client.pool.query(`
      delete from schema_migration where name = '0080_bounds';
      alter table attempt drop constraint attempt_time_bounds;
      alter table rollout drop constraint rollout_time_bounds;
      alter table update_group drop constraint group_policy_bounds;
      insert into application values ('${id(1)}', 'a', '', 'semver', true, null, 1);
      insert into update_group (id, application, name, description, track, policy, revision, changed)
        values ('${id(2)}', '${id(1)}', 'g', '', 't', '${JSON.stringify(policy)}', 7, 1),
          ('${id(3)}', '${id(1)}', 'h', '', 'u', '${JSON.stringify(defaultPolicy)}', 7, 1);
      insert into rollout values ('${id(4)}', '${id(2)}', '${id(5)}', '1.0.0', 'running', '', '', '[{}]', 1, 1000, ${2n ** 62n});
      insert into attempt (application, machine, update_group, rollout, package, to_version, from_version, versioning,
        reboots, arch, oem, opened_at, opened_n, since_at, since_n, number, granted_at, forced, stage, due_at)
        values ('${id(1)}', 'm', '${id(2)}', '${id(4)}', '${id(5)}', '1.0.0', '0.9.0', 'semver',
        true, 'amd64', '', 1, 1, 1, 1, 1, 1000, false, 'leased', ${2n ** 62n})`);
    await closeStore(client);
    return before;
  }
  const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

  it('becomes what is within them, and every replica reloads the group', async () => {
    const before = await makeBefore();
    expect(await migrate(before.url)).toEqual(['0080_bounds']);
    const { pool, ...rest } = openStore({ url: before.url });
    const groups = await pool.query<{ policy: Policy; revision: number }>(
      'select policy, revision from update_group order by id',
    );
    expect(groups.rows).toEqual([
      {
        policy: {
          ...defaultPolicy,
          updateTimeoutMs: durationMsMax,
          backoffMaxMs: durationMsMax,
          rateLimit: { max: countMax, periodMs: durationMsMax },
        },
        revision: 8,
      },
      { policy: defaultPolicy, revision: 7 },
    ]);
    const times = await pool.query('select due_at, earlier_leases_until as until from attempt cross join rollout');
    expect(times.rows).toEqual([{ due_at: 1000 + durationMsMax, until: 1000 + durationMsMax }]);
    const refused = `update update_group set policy = policy || '{"updateTimeoutMs": ${huge}}'`;
    await expect(pool.query(refused)).rejects.toMatchObject({ constraint: 'group_policy_bounds' });
    await expect(pool.query(`update attempt set due_at = ${huge}`)).rejects.toMatchObject({
      constraint: 'attempt_time_bounds',
    });
    await closeStore({ pool, ...rest });
    await before.drop();
  });
});
