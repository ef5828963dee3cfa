// The door of `history`: facts in, answers about fleets over time out. ClickHouse is behind it.
export { type History, type HistoryLog, type HistoryOptions, openHistory, type Params } from './connection.js';
export { ensureMarks, openShards } from './cluster.js';
export {
  assertReadable,
  createDatabase,
  HistoryTooNew,
  type Macros,
  migrateHistory,
  MigrationChanged,
  ShardsChanged,
} from './migrate.js';
export { type RebuildRun, restAfterRebuild } from './rebuild-rest.js';
export {
  type ArrivedBatch,
  type FactRows,
  machinesOf,
  makeFactRows,
  type NumberOf,
  writeFacts,
  type WriteOptions,
} from './write-facts.js';
export { dropPassed, rebuild, rebuildFromNothing, type RebuildInput, type Rebuilt } from './rebuild.js';
export { clockSlackMs, type KeptFacts, type LogStart, type Reach, reachOf, readKeptFacts } from './archive-start.js';
export { type DiskFill, readDiskFill } from './disk-fill.js';
export { readArchivedGrants } from './archived-grants.js';
export { numbersOf } from './given-numbers.js';
export { rebuildShards } from './rebuild-shards.js';
export { applyRetention, keptForGood, type Retention, retentionDefaults } from './retention.js';
export {
  type Breakdown,
  breakdown,
  breakdownAsOf,
  type Counts,
  type Difference,
  differenceOf,
  statusCounts,
} from './questions/breakdown.js';
export { differencesFrom, type KnownMachine, type MachineDifference } from './questions/compare.js';
export { type HistoryItem, type HistoryKind, type HistoryPage } from './questions/machine.js';
export { currentState, machineHistory } from './questions/machine-by-id.js';
export { isCloned } from './questions/boots.js';
export { type MachineState } from './questions/machine-state.js';
export {
  BadCursor,
  countMachines,
  listMachines,
  type MachineFilter,
  type MachineListing,
  type MachineSort,
  machineSorts,
} from './questions/machines.js';
export { activeSince, activityWindowMs, type Scope } from './questions/scope.js';
export {
  statusTimeline,
  type TimelinePoint,
  type TimelineRange,
  type TimelineScope,
  versionTimeline,
} from './questions/timeline.js';
export { activity, type ActivityPage } from './questions/activity.js';
export { type FailureGroup, failures, type SilentMachine, silentMachines } from './questions/failures.js';
export {
  type MachineFailure,
  machineFailures,
  type MishapListing,
  type MishapPosition,
  type MissingPackage,
  missingPackages,
} from './questions/mishaps.js';
export { type Funnel, type FunnelStep, funnelSteps, updateFunnel } from './questions/funnel.js';
export { machinesSeen, type PresencePoint, type PresenceRange, presenceTimeline } from './questions/presence.js';
export {
  compareHistoryTable,
  countArchive,
  dropRebuiltHistory,
  foldArchive,
  type HistoryTable,
  type HistoryTableDifference,
  makeRebuiltHistory,
  type LogPlace,
  type Losses,
  NotOnCluster,
  readArchive,
  readForgottenBefore,
  readFolded,
  readHistoryTables,
  readLosses,
  readSwitchBegun,
  switchHistory,
  toUnexpired,
} from './rebuilt-history.js';
