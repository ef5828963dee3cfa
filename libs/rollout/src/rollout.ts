// The door of `rollout`: applications, groups, channels, packages, policies, rollouts; judge, decide, evolve.
export { AskedMachine, askedMachinesMax, Decision, Decisions, decideSubject, decideTimeoutMs, Question } from './asking.js';
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
export type { Check, Judgement, SyncerJudgement } from './judge.js';
export { ApplicationSnapshot, snapshotBytesMax } from './snapshot.js';
