// The door of `state-store`: PostgreSQL: migrations, grants, leases, instances, catalog, outbox.
export { type FreshDatabase, makeFreshDatabase } from './fresh-database.js';
export { migrate, migrationsFolder } from './migrate.js';
export { closeStore, openStore, type Store, type StoreOptions } from './store.js';
export { type Client, withTransaction } from './transaction.js';
