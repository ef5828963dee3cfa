// Brings a database to this version's schema: numbered `.sql` files, all pending ones in one transaction, under an
// advisory lock, so that several programs may start at once. Never edit a migration that has been released.
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';

/** Beside the sources and beside the built files: both are one folder below the package. */
export const migrationsFolder = join(import.meta.dirname, '..', 'migrations');

/** The names of the migrations that were applied now. */
export async function migrate(url: string, folder: string = migrationsFolder): Promise<string[]> {
  const applied = await runner({
    databaseUrl: url,
    dir: folder,
    direction: 'up',
    migrationsTable: 'schema_migration',
    singleTransaction: true,
    advisoryLockMode: 'wait',
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  });
  return applied.map((migration) => migration.name);
}
