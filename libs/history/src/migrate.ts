// Runs the numbered files of ../migrations once each, in order. ClickHouse has no transactional DDL: every statement is
// written so that it may run again, and a file counts as applied only after its last one.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { type History, openHistory } from './connection.js';

/** How the same files become one server's tables or a cluster's. */
export interface Macros {
  /** Empty on one server; the cluster's name makes every table replicated and every statement run `on cluster`. */
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

const folder = new URL('../migrations/', import.meta.url);

const ledger = `
create table if not exists schema_migration {{on_cluster}}
(version UInt32, name String, checksum String, applied DateTime default now())
engine = {{engine:ReplacingMergeTree(applied)}}
order by version
comment 'Which files of libs/history/migrations have been applied'`;

/** Brings the database to this program's version, making it if need be. Several programs may do so at once. */
export async function migrateHistory(history: History, macros: Macros = { cluster: '' }): Promise<number[]> {
  await history.run(withMacros(ledger, macros));
  const known = await readMigrations();
  const applied = await readApplied(history);
  assertKnown(applied, known);
  const missing = known.filter(({ version }) => !applied.has(version));
  for (const migration of missing) await apply(history, migration, macros);
  return missing.map(({ version }) => version);
}

/** A database cannot be made from within itself. */
export async function createDatabase(options: Parameters<typeof openHistory>[0], macros: Macros): Promise<void> {
  const outside = openHistory({ ...options, database: 'default' });
  try {
    await outside.run(withMacros(`create database if not exists \`${options.database}\` {{on_cluster}}`, macros));
  } finally {
    await outside.close();
  }
}

async function apply(history: History, migration: Migration, macros: Macros): Promise<void> {
  for (const statement of toStatements(migration.text)) await history.run(withMacros(statement, macros));
  await history.run(
    `insert into schema_migration (version, name, checksum)
     values ({version:UInt32}, {name:String}, {checksum:String})`,
    { version: migration.version, name: migration.name, checksum: migration.checksum },
  );
  history.log.info({ migration: migration.name }, 'history migrated');
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
    'select version, checksum from schema_migration final order by version',
  );
  return new Map(rows.map(({ version, checksum }) => [version, checksum]));
}

function assertKnown(applied: Map<number, string>, known: Migration[]): void {
  const newest = known.at(-1)?.version ?? 0;
  for (const [version, checksum] of applied) {
    const migration = known.find((candidate) => candidate.version === version);
    if (migration === undefined) {
      throw new HistoryTooNew(
        `the history database is at migration ${version}, this program knows ${newest}: start a newer release`,
      );
    }
    if (migration.checksum !== checksum) {
      throw new MigrationChanged(
        `migration ${migration.name} is not the one that was applied: restore the file, and add a new one for a change`,
      );
    }
  }
}

/** Statements end with a semicolon at a line's end; comments of whole lines go. */
export function toStatements(text: string): string[] {
  return text
    .replace(/^--.*$/gm, '')
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/** `{{on_cluster}}`, and `{{engine:ReplacingMergeTree(run)}}`, which a cluster replicates. */
export function withMacros(statement: string, { cluster }: Macros): string {
  return statement
    .replaceAll('{{on_cluster}}', cluster === '' ? '' : `on cluster '${cluster}'`)
    .replaceAll(/\{\{engine:(\w+)(?:\(([^)]*)\))?\}\}/g, (_, engine: string, args: string | undefined) => {
      if (cluster === '') return `${engine}(${args ?? ''})`;
      const path = `'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'`;
      return `Replicated${engine}(${args === undefined ? path : `${path}, ${args}`})`;
    });
}
