// Runs the numbered files of ../migrations once each, in order. ClickHouse has no transactional DDL: every statement is
// written so that it may run again, and a file counts as applied only after its last one.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { countShards, localDatabase, openOwn, spreadTables } from './cluster.js';
import { type History, openHistory } from './connection.js';

/** How the same files become one server's tables or a cluster's. */
export interface Macros {
  /**
   * Empty on one server. The cluster's name makes every table replicated within its shard, every statement run
   * `on cluster`, and tables over all shards beside them.
   */
  cluster: string;
}

interface Migration {
  version: number;
  name: string;
  checksum: string;
  text: string;
}

export class HistoryTooNew extends Error {}
export class MigrationChanged extends Error {}
/** Machines are spread by the number of shards: with another one, a machine's rows would no longer lie together. */
export class ShardsChanged extends Error {}

const folder = new URL('../migrations/', import.meta.url);

/** Every server of a cluster has the whole of it, whichever shard it is of. */
const ledger = `
create table if not exists schema_migration {{on_cluster}}
(version UInt32, name String, checksum String, applied DateTime default now())
engine = {{engine_everywhere:ReplacingMergeTree(applied)}}
order by version
comment 'Which files of libs/history/migrations have been applied; version 0: over how many shards'`;

/** Brings the database to this program's version, making it if need be. Several programs may do so at once. */
export async function migrateHistory(history: History, macros: Macros = { cluster: '' }): Promise<number[]> {
  const own = openOwn(history, macros.cluster);
  try {
    await own.run(withMacros(ledger, macros));
    const known = await readMigrations();
    const applied = await readApplied(own);
    assertKnown(applied, known);
    if (macros.cluster !== '') await assertShards(own, macros.cluster);
    const missing = known.filter(({ version }) => !applied.has(version));
    for (const migration of missing) await apply({ history, own }, migration, macros);
    return missing.map(({ version }) => version);
  } finally {
    if (own !== history) await own.close();
  }
}

/** A database cannot be made from within itself. */
export async function createDatabase(options: Parameters<typeof openHistory>[0], macros: Macros): Promise<void> {
  const outside = openHistory({ ...options, database: 'default' });
  const names = macros.cluster === '' ? [options.database] : [options.database, localDatabase(options.database)];
  try {
    for (const name of names) {
      await outside.run(withMacros(`create database if not exists \`${name}\` {{on_cluster}}`, macros));
    }
  } finally {
    await outside.close();
  }
}

async function apply(
  { history, own }: { history: History; own: History },
  migration: Migration,
  macros: Macros,
): Promise<void> {
  const statements = toStatements(migration.text).map((statement) => withMacros(statement, macros));
  for (const statement of statements) await own.run(statement);
  if (own !== history) {
    await spreadTables(history, own, macros.cluster);
    for (const statement of statements.filter(isView)) await history.run(statement);
  }
  await record(own, migration);
  history.log.info({ migration: migration.name }, 'history migrated');
}

/** Not a materialized one, which writes. */
const isView = (statement: string) => /^create (or replace )?view\b/.test(statement);

async function record(own: History, { version, name, checksum }: Omit<Migration, 'text'>): Promise<void> {
  await own.run(
    `insert into schema_migration (version, name, checksum)
     values ({version:UInt32}, {name:String}, {checksum:String})`,
    { version, name, checksum },
  );
}

async function assertShards(own: History, cluster: string): Promise<void> {
  const shards = String(await countShards(own, cluster));
  const [row] = await own.read<{ checksum: string }>('select checksum from schema_migration final where version = 0');
  if (row === undefined) return record(own, { version: 0, name: 'shards', checksum: shards });
  if (row.checksum === shards) return;
  throw new ShardsChanged(
    `machines are spread over ${row.checksum} shards, and the cluster '${cluster}' has ${shards}: restore it, or make the history anew in another database`,
  );
}

// A cluster has it beside the tables over all shards.
const findLedger = `
  select database from system.tables
  where name = 'schema_migration' and database in ({history:String}, {local:String})`;

/**
 * For who reads the history and does not make it.
 *
 * @returns false where nothing is made yet
 * @throws HistoryTooNew
 */
export async function assertReadable(history: History): Promise<boolean> {
  const places = { history: history.database, local: localDatabase(history.database) };
  const [place] = await history.read<{ database: string }>(findLedger, places);
  if (!place) return false;
  const beside = history.beside({ database: place.database });
  try {
    const applied = await readApplied(beside);
    if (applied.size === 0) return false;
    assertNotNewer(Math.max(...applied.keys()), await readMigrations());
    return true;
  } finally {
    await beside.close();
  }
}

async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}-.*\.sql$/.test(name)).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(new URL(name, folder), 'utf8');
      const checksum = createHash('sha256').update(text).digest('hex');
      return { version: Number(name.slice(0, 4)), name, checksum, text };
    }),
  );
}

async function readApplied(history: History): Promise<Map<number, string>> {
  const rows = await history.read<{ version: number; checksum: string }>(
    'select version, checksum from schema_migration final where version > 0 order by version',
  );
  return new Map(rows.map(({ version, checksum }) => [version, checksum]));
}

function assertKnown(applied: Map<number, string>, known: Migration[]): void {
  for (const [version, checksum] of applied) {
    assertNotNewer(version, known);
    const migration = known.find((candidate) => candidate.version === version);
    if (migration?.checksum !== checksum) {
      throw new MigrationChanged(
        `migration ${migration?.name ?? version} is not the one that was applied: restore the file, and add a new one for a change`,
      );
    }
  }
}

function assertNotNewer(version: number, known: Migration[]): void {
  const newest = known.at(-1)?.version ?? 0;
  if (version > newest)
    throw new HistoryTooNew(
      `the history database is at migration ${version}, this program knows ${newest}: start a newer release`,
    );
}

/** Statements end with a semicolon at a line's end; comments of whole lines go. */
export function toStatements(text: string): string[] {
  return text
    .replace(/^--.*$/gm, '')
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/**
 * `{{on_cluster}}`, `{{engine:ReplacingMergeTree(run)}}`, which a cluster replicates within each shard, and
 * `{{engine_everywhere:…}}`, which it replicates on all servers.
 */
export function withMacros(statement: string, { cluster }: Macros): string {
  return statement
    .replaceAll('{{on_cluster}}', cluster === '' ? '' : `on cluster '${cluster}'`)
    .replaceAll(
      /\{\{(engine|engine_everywhere):(\w+)(?:\(([^)]*)\))?\}\}/g,
      (_, where: string, engine: string, args: string | undefined) => {
        if (cluster === '') return `${engine}(${args ?? ''})`;
        const place = where === 'engine' ? inShard : everywhere;
        return `Replicated${engine}(${args === undefined ? place : `${place}, ${args}`})`;
      },
    );
}

const inShard = `'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'`;
const everywhere = `'/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}'`;
