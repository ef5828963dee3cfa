// The door of `history`: facts in, answers about fleets over time out. ClickHouse is behind it.
export { type History, type HistoryLog, type HistoryOptions, openHistory, type Params } from './connection.js';
export { createDatabase, HistoryTooNew, type Macros, migrateHistory, MigrationChanged } from './migrate.js';
export { type ArrivedBatch, machinesOf, type NumberOf, writeFacts, type WriteOptions } from './write-facts.js';
