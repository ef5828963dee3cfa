// Brings a database to this version's schema: numbered `.sql` files, all pending ones in one transaction, under an
// advisory lock, so that several programs may start at once. Never edit a migration that has been released.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import type { Client } from 'pg';
import { withPatientClient } from './patient-client.js';

/** Beside the sources and beside the built files: both are one folder below the package. */
export const migrationsFolder = join(import.meta.dirname, '..', 'migrations');

/** The names of the migrations that were applied now; `schema`: of a copy beside the live one. @throws DatabaseIsNewer */
export async function migrate(url: string, folder: string = migrationsFolder, schema?: string): Promise<string[]> {
  return withPatientClient({ url, name: 'platte-migrate' }, (client) => migrateOver(client, folder, schema));
}

async function migrateOver(client: Client, folder: string, schema: string | undefined): Promise<string[]> {
  // A role that may not change the schema starts all the same, once its owner has: the runner would need to own a table.
  if (schema === undefined && (await isUpToDate(client, folder))) return [];
  const applied = await runner({
    dbClient: client,
    dir: folder,
    direction: 'up',
    migrationsTable: 'schema_migration',
    ...(schema === undefined ? {} : { schema, createSchema: true }),
    singleTransaction: true,
    advisoryLockMode: 'wait',
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  });
  return applied.map((migration) => migration.name);
}

/** A newer version of Platte has changed the schema: this one does not know what may not be written any more. */
export class DatabaseIsNewer extends Error {}

/** @throws DatabaseIsNewer */
async function isUpToDate(client: Client, folder: string): Promise<boolean> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql'));
  const known = new Set(files.map((file) => file.slice(0, -'.sql'.length)));
  const { rows } = await client.query<{ applied: boolean }>(
    `select to_regclass('schema_migration') is not null as applied`,
  );
  if (rows[0]?.applied !== true) return false;
  const applied = await client.query<{ name: string }>('select name from schema_migration order by id');
  const unknown = applied.rows.map(({ name }) => name).filter((name) => !known.has(name));
  if (unknown.length > 0) {
    const words = `the database was migrated by a newer version of Platte (${unknown.join(', ')}): run that version, or restore a backup of before`;
    throw new DatabaseIsNewer(words);
  }
  return applied.rows.length === known.size;
}
