// The door of `service`: what every program of Platte does besides its own work. It knows nothing of ours and no Nest.
export { startChassis, toUrl, type Chassis } from './chassis.js';
export { makeClock, type Clock } from './clock.js';
export { type ClockDifference, type ClockReading, watchClockDifference } from './clock-difference.js';
export { describeConfig, exitBadConfig, parseConfig, readConfig } from './config.js';
export {
  byteSize,
  choice,
  count,
  duration,
  file,
  flag,
  list,
  names,
  port,
  secret,
  text,
  url,
  urls,
} from './config-pieces.js';
export { toFillRule } from './filling.js';
export { guardRequests, requestLimits, silentMsMax } from './guard-requests.js';
export {
  makeHealth,
  type Dependency,
  type DependencyReport,
  type DependencyState,
  type Health,
  type HealthReport,
} from './health.js';
export { checkPostgresSettings, PostgresConfig, withPostgresTls } from './postgres-url.js';
export { portOf, startInternalServer, type InternalServer } from './internal-server.js';
export { makeLog, type Log } from './log.js';
export {
  collectSharedMetrics,
  makeMetrics,
  shareMetrics,
  type Counter,
  type Gauge,
  type Histogram,
  type Metrics,
} from './metrics.js';
export { keepFilesPrivate } from './private-files.js';
export { announceReady, isReadyMessage, type ReadyMessage } from './ready.js';
export {
  checkNatsSettings,
  clickhouseSettings,
  fillSettings,
  internalPortSettings,
  natsSettings,
  postgresSettings,
  processSettings,
  toNatsAccess,
} from './shared-settings.js';
export { isStoreFailure } from './store-failure.js';
export { makeStopper, refuseToStart, type Stopper } from './stopper.js';
export { makePostgresWatch, type PostgresWatch } from './watch-postgres.js';
export { watchStore } from './watch-store.js';
export { type Fill, type FillingPlace, type FillingWatch, readDiskFill, watchFilling } from './watch-filling.js';
export { waitFor } from './wait-for.js';
