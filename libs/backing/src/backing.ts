// Starts what Platte stands on, on one machine: nats-server, PostgreSQL, and ClickHouse or its embedded engine. Real
// servers that speak their own protocols: no program knows whether it runs against these or against a cluster.
export { askHttp } from './ask-server.js';
export { cacheFolder } from './cache-folder.js';
export { DataFolderBusy, lockDataFolder } from './data-folder-lock.js';
export { type Guarded, type GuardOptions, type ServerExit, spawnGuarded } from './guard.js';
export { type NatsOptions, startNats } from './nats.js';
export { findFreePort, type RunningServer, ServerFailed, type StartOptions } from './server.js';
export { resolveNats } from './nats-program.js';
export { startPostgres } from './postgres.js';
export { inspectConfinement, type RunningClickhouse, startClickhouse } from './clickhouse.js';
export { inspectBacking, installBacking, type Inspected, type InstallOptions } from './install.js';
