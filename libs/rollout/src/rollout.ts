// The door of `rollout`: applications, groups, channels, packages, policies, rollouts; judge, decide, evolve.
export { type AskedMachine, askedMachinesMax, type Decision, decideSubject, decideTimeoutMs } from './asking.js';
export { parseStoreClock, renderStoreClock, storeClockSubject } from './store-clock.js';
export { parseDecisions, parseQuestion, renderDecisions, renderFailure, renderQuestion } from './asking-wire.js';
export {
  Application,
  Channel,
  DeadEnd,
  defaultPolicy,
  FlatcarAction,
  Floor,
  Freeze,
  Group,
  GroupStop,
  Package,
  PackageFile,
  Policy,
  Rollout,
  rolloutStates,
  Uuid,
  Wave,
  WeeklyWindow,
} from './catalog.js';
export { boundedSize, countMax, durationMsMax } from './bounds.js';
export { settablePolicy } from './policy-changes.js';
export { wordsFor } from './answer-words.js';
export {
  type CatalogChange,
  groupsTouched,
  type RolloutChange,
  type Stamp,
  type StopChange,
  toFact,
  type Touched,
} from './catalog-change.js';
export { type ApplicationState, type CatalogState, evolveCatalog, noCatalog } from './catalog-state.js';
export { type Blacklisting, type Card, type ChannelFloor, type Force, type Hold } from './catalog-marks.js';
export { CatalogCommand, type CatalogCommandInput } from './commands.js';
export { Learned, LostChange, LostChanges, toLostChanges } from './lost-changes.js';
export { CommandReply, CommandRequest, commandSubject, LockHolder } from './commanding.js';
export { decideCatalog } from './decide-catalog.js';
export { type DecideContext, type Decided, floorsMax, forcedMax, heldMax, labelsMax } from './decide-context.js';
export { haltRollout } from './decide-rollout.js';
export { groupsToLock } from './groups-to-lock.js';
export { findHidden, withoutHidden } from './hidden-characters.js';
export { isRejection, type Rejection, type RejectionReason, rejectionReasons, refuse, type Use } from './rejection.js';
export { bootMarkOf } from './boot-mark.js';
export { applicationKeys, normaliseApplicationId } from './application-id.js';
export { isFinished, type MachineCounts } from './is-finished.js';
export { judgeRules, nextStep, refuseByWave } from './judge-rules.js';
export { judgeSyncer } from './judge-syncer.js';
export { judge, judgeInGroup, verdictOf } from './judge.js';
export { type Check, type Judgement, ruleFailed, type SyncerJudgement } from './judgement.js';
export { placeOf, placesMax, toSaltSeed } from './place.js';
export { CommandPlan, type PlannedChange, toPlan } from './planning.js';
export { exceptedMax, freedSubject, isRefusedBy, noticeMs, type SpentNotice, toRefusal } from './spent-notice.js';
export {
  findGroup,
  type IndexedGroup,
  type IndexedPackage,
  indexSnapshot,
  type SnapshotGroup,
  type SnapshotIndex,
  type Verdict,
} from './snapshot-index.js';
export { ApplicationSnapshot, snapshotBytesMax, type SnapshotStop } from './snapshot.js';
export {
  compareVersions,
  isOfVersionPrefix,
  parseVersion,
  type Version,
  type Versioning,
  versionCharsMax,
} from './version.js';
export { type Hours, hoursAt, isTimeZone, windowWords } from './windows.js';
export {
  type Asking,
  concurrencyLimitOf,
  decideGrants,
  type GrantDecision,
  type GroupLedger,
  type OpenAttempt,
  type Tally,
} from './grant.js';
export {
  type AttemptStage,
  attemptStages,
  effectOfEnd,
  type EndEffect,
  endAtDeadline,
  haltCause,
  settleAfterMs,
} from './grant-end.js';
export { backOffUntil, isQuarantined, type MachineFailure } from './grant-failure.js';
