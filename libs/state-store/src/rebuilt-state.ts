// A copy of what PostgreSQL folds from the log, in a schema beside the live one: made by the same migrations, filled by the
// same folds, compared with the live one, and put in its place. Which tables that concerns is written in their comments
// (migration 0036_marks): no table is named here.
import type { Client } from 'pg';
import { migrate, migrationsFolder } from './migrate.js';
import { withPatientClient } from './patient-client.js';

export interface StateTable {
  name: string;
  mark: 'fold' | 'authority';
  key: string[];
  /** Besides the key, without those that are only hints. */
  columns: string[];
}

export interface StateDifference {
  table: string;
  key: string;
  live: Record<string, unknown> | null;
  rebuilt: Record<string, unknown> | null;
}

/** The copy, and where the tables go that it replaces until they are dropped. */
const rebuiltSchema = 'platte_rebuilt';
const replacedSchema = 'platte_replaced';
/** More of the same help nobody; a second look settles which of them stand. */
const differencesMax = 1_000;

const readTables = `
select c.relname as name, coalesce(substring(obj_description(c.oid, 'pg_class') from '^\\[(\\w+)\\]'), '') as mark,
  array(select a.attname::text from pg_index x join pg_attribute a on a.attrelid = c.oid and a.attnum = any (x.indkey)
    where x.indrelid = c.oid and x.indisprimary order by array_position(x.indkey::int2[], a.attnum)) as key,
  array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    and coalesce(col_description(c.oid, a.attnum), '') not like '[hint]%' order by a.attnum) as columns
from pg_class c
where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
order by c.relname`;

/** Every table of the live schema with its mark. @throws Unmarked when one has none */
export async function readStateTables(url: string): Promise<StateTable[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<StateTable>(readTables);
    const unmarked = rows.filter(({ mark }) => mark !== 'fold' && mark !== 'authority').map(({ name }) => name);
    if (unmarked.length > 0)
      throw new Unmarked(`tables of PostgreSQL without a mark in their comment: ${unmarked.join(', ')}`);
    return rows.map((table) => ({ ...table, columns: table.columns.filter((column) => !table.key.includes(column)) }));
  });
}

class Unmarked extends Error {}

/** Throws away what an earlier run left. @returns the schema of the copy, with empty tables */
export async function makeRebuiltState(url: string): Promise<string> {
  await dropRebuiltState(url);
  await migrate(url, migrationsFolder, rebuiltSchema);
  return rebuiltSchema;
}

export async function dropRebuiltState(url: string): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(`drop schema if exists ${rebuiltSchema} cascade`);
    await client.query(`drop schema if exists ${replacedSchema} cascade`);
  });
}

/** Rows that differ, at most 1,000, by key; and how many rows the live table has. */
export async function compareState(
  url: string,
  { name, key, columns }: StateTable,
): Promise<{ rows: number; differences: StateDifference[] }> {
  return withClient(url, async (client) => {
    const keys = key.map((column) => client.escapeIdentifier(column));
    const values = columns.map((column) => client.escapeIdentifier(column));
    const table = client.escapeIdentifier(name);
    const rowOf = (side: string) =>
      `case when ${side}.${keys[0]} is not null then (select to_jsonb(v) from (select ${values.map((value) => `${side}.${value}`).join(', ')}) v) end`;
    const { rows } = await client.query<Omit<StateDifference, 'table'>>(`
      select concat_ws(' ', ${keys.join(', ')}) as key, ${rowOf('l')} as live, ${rowOf('r')} as rebuilt
      from ${table} l full join ${rebuiltSchema}.${table} r using (${keys.join(', ')})
      where (l.${keys[0]} is null) or (r.${keys[0]} is null)
        or (${values.map((value) => `l.${value}`).join(', ')}) is distinct from (${values.map((value) => `r.${value}`).join(', ')})
      order by ${keys.join(', ')} limit ${differencesMax}`);
    const counted = await client.query<{ rows: string }>(`select count(*) as rows from ${table}`);
    return { rows: Number(counted.rows[0]?.rows ?? 0), differences: rows.map((row) => ({ table: name, ...row })) };
  });
}

export interface MissingMachine {
  application: string;
  machine: string;
}

/** Rows of machines: of the live table, of the copy, and those of `missing` that are live and not in the copy. */
export interface LostRows {
  live: number;
  rebuilt: number;
  lost: number;
}

/** More of them change no decision. */
const missingMax = 10_000;

/** Machines that have a live row and none in the copy, at most 10,000. */
export async function readMissing(url: string): Promise<MissingMachine[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<MissingMachine>(`
      select application, machine from instance l
      where not exists (select from ${rebuiltSchema}.instance r where (r.application, r.machine) = (l.application, l.machine))
      limit ${missingMax}`);
    return rows;
  });
}

export async function countLost(url: string, missing: readonly MissingMachine[]): Promise<LostRows> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<LostRows>(
      `
      select (select count(*) from instance)::int as live, (select count(*) from ${rebuiltSchema}.instance)::int as rebuilt,
        (select count(*) from unnest($1::uuid[], $2::text[]) as m (application, machine)
          join instance using (application, machine)
          left join ${rebuiltSchema}.instance r using (application, machine)
          where r.machine is null)::int as lost`,
      [missing.map(({ application }) => application), missing.map(({ machine }) => machine)],
    );
    return rows[0] ?? { live: 0, rebuilt: 0, lost: 0 };
  });
}

/**
 * Puts the copy's tables in the place of the live ones, in one transaction. `catchUp` folds what is in the log by then into
 * the copy: it runs when nobody can write the live tables any more, and whoever waits to write them writes the new ones.
 */
export async function switchState(
  url: string,
  tables: readonly StateTable[],
  catchUp: () => Promise<void>,
): Promise<void> {
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ schema: string }>('select current_schema() as schema');
    const live = client.escapeIdentifier(rows[0]?.schema ?? 'public');
    const names = tables.filter(({ mark }) => mark === 'fold').map(({ name }) => client.escapeIdentifier(name));
    await client.query('begin');
    await client.query(`create schema ${replacedSchema}`);
    await client.query(`lock table ${names.map((name) => `${live}.${name}`).join(', ')} in access exclusive mode`);
    await catchUp();
    for (const name of names) {
      await client.query(`alter table ${live}.${name} set schema ${replacedSchema}`);
      await client.query(`alter table ${rebuiltSchema}.${name} set schema ${live}`);
    }
    await client.query('commit');
  });
}

/** Without the limits of a program's connections: a comparison of a million rows takes its time. */
const withClient = <T>(url: string, work: (client: Client) => Promise<T>): Promise<T> =>
  withPatientClient({ url, name: 'platte-replay' }, work);
