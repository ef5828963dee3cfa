// The door of `rollout`: applications, groups, channels, packages, policies, rollouts; judge, decide, evolve.
export {
  AskedMachine,
  askedMachinesMax,
  Decision,
  Decisions,
  decideSubject,
  decideTimeoutMs,
  Question,
} from './asking.js';
export {
  Application,
  Channel,
  DeadEnd,
  defaultPolicy,
  FlatcarAction,
  Floor,
  Freeze,
  Group,
  Package,
  PackageFile,
  Policy,
  Rollout,
  rolloutStates,
  Uuid,
  Wave,
  WeeklyWindow,
} from './catalog.js';
export { wordsFor } from './answer-words.js';
export { applicationKeys, normaliseApplicationId } from './application-id.js';
export { judgeRules, nextStep, refuseByWave } from './judge-rules.js';
export { judgeSyncer } from './judge-syncer.js';
export { judge, judgeInGroup, verdictOf } from './judge.js';
export type { Check, Judgement, SyncerJudgement } from './judgement.js';
export { placeOf, placesMax, toSaltSeed } from './place.js';
export {
  findGroup,
  type IndexedGroup,
  type IndexedPackage,
  indexSnapshot,
  type SnapshotGroup,
  type SnapshotIndex,
  type Verdict,
} from './snapshot-index.js';
export { ApplicationSnapshot, snapshotBytesMax } from './snapshot.js';
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
