// The door of `fact-log`: append facts to JetStream and follow them, with the spool, snapshots and retention around it.
// No other room touches NATS's streams.
export { headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
export { AppendError, type AppendFailure } from './append-error.js';
export {
  type Appender,
  type AppenderHooks,
  type AppenderLimits,
  type AppenderOptions,
  type AppenderStats,
  defaultAppenderLimits,
  makeAppender,
  type OnAppended,
} from './appender.js';
export { followClockOffset, setClockOffset } from './clock.js';
export {
  connectNats,
  type ConnectionState,
  type ConnectOptions,
  followConnection,
  toAccessOptions,
} from './connect.js';
export { type Lag, readConsumerLag } from './consumer.js';
export type { FactMessage, Gather } from './fact-message.js';
export { followFacts, followGathered, type Follower, type FollowOptions } from './follow.js';
export {
  archivedEndHeader,
  archivedSubject,
  defaultPrefix,
  type LogNames,
  logNames,
  writtenRowsSubject,
} from './log-names.js';
export { type OutboxMark, outboxHeaders, readLastOutbox } from './outbox-mark.js';
export { NatsRefused } from './nats-refused.js';
export { countParked, dropParked, listParked, type ParkedMessage, parkFacts, retryParked } from './parked.js';
export { readFacts, type ReadMessage, type ReadOptions } from './read.js';
export {
  makeRefusedReporter,
  readRefused,
  type RefusedReport,
  type RefusedReporter,
  type RefusedSample,
} from './refused.js';
export {
  type FactsFill,
  findFirstSince,
  purgeFacts,
  type Purge,
  type PurgeOptions,
  readFactsFill,
} from './retention.js';
export { makePoison, type SettleHooks } from './settle.js';
export {
  followSnapshots,
  type FollowSnapshotsOptions,
  publishRevision,
  publishSnapshot,
  type SnapshotFollower,
  type SnapshotsState,
  withdrawSnapshot,
} from './snapshots.js';
export { openSpool, type Spool, type SpoolOptions } from './spool.js';
export { duplicateWindowMs, ensureStreams, type StreamsOptions, type StreamsReport } from './streams.js';
