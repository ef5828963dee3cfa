// The door of `state-store`: PostgreSQL: migrations, grants, leases, instances, catalog, outbox.
export { type FreshDatabase, makeFreshDatabase } from './fresh-database.js';
export { DatabaseIsNewer, migrate, migrationsFolder } from './migrate.js';
export { describeHolders, findRowHolders } from './lock-holders.js';
export { GroupLocked } from './stuck-groups.js';
export { closeStore, openStore, type Store, type StoreOptions } from './store.js';
export { readClock } from './read-clock.js';
export { type Client, withTransaction } from './transaction.js';
export { type PatientOptions, withPatientClient } from './patient-client.js';
export {
  addCommandLineCode,
  type CommandLineCode,
  purgeCommandLineCodes,
  takeCommandLineCode,
} from './access-command-line.js';
export {
  beginKey,
  forgetKey,
  keepAnswer,
  type KeptAnswer,
  keysKeptMs,
  type KeyState,
  purgeKeys,
} from './access-idempotency.js';
export {
  type AccessRole,
  type AccessToken,
  addToken,
  checkToken,
  findToken,
  isUsableToken,
  listTokens,
  type NewAccessToken,
  noteTokenUse,
  putBootstrapToken,
  revokeByToken,
  revokeToken,
  type TokenCheck,
} from './access-tokens.js';
export {
  type ChannelView,
  findApplication,
  findChannel,
  findGroupView,
  findPackage,
  findRollout,
  type GroupView,
  listApplications,
  listChannels,
  listDeadEnds,
  listGroups,
  listPackages,
  listRollouts,
  type RolloutView,
  type WithRevision,
} from './catalog-reads.js';
export { type InstancePage, readInstancePage } from './instance-pages.js';
export { foldsRest, type Lead, takeLead, tryLead } from './leader.js';
export {
  compareState,
  countLost,
  dropRebuiltState,
  type LostRows,
  makeRebuiltState,
  type MissingMachine,
  readMissing,
  readStateTables,
  type StateDifference,
  type StateTable,
  switchState,
} from './rebuilt-state.js';
export type { GivenNumbers, NumberedMachine, NumberedPair } from './given-numbers.js';
export { readStoreIdentity } from './store-identity.js';
export {
  cachedMachinesDefault,
  type MachineNumbers,
  makeMachineNumbers,
  type MachineNumbersOptions,
} from './machine-number.js';
export {
  findAttempt,
  listLabelled,
  listNamed,
  type MachineMarks,
  readMachineMarks,
  readNames,
} from './machine-reads.js';
export type { AttemptRow } from './attempt-row.js';
export { CommandBlocked } from './command-blocked.js';
export { DecisionUnderWay } from './pause-group.js';
export { logStops } from './log-stops.js';
export { executeCatalogCommand, executeFirstCommands } from './catalog-commands.js';
export type { CommandContext, Executed } from './command-context.js';
export { lapseForces } from './catalog-forces.js';
export { type CatalogBell, listenToCatalog, raiseRevision, readRevision, takeRevision } from './catalog-revision.js';
export { type CatalogSnapshots, readSnapshot, readSnapshots } from './catalog-snapshots.js';
export { type FoldedFacts, foldFacts, type FoldFactsContext } from './fold-facts.js';
export { type BatchOutcome, grantBatch, type GrantContext } from './grant-batch.js';
export type { HeldCatalog } from './held-catalog.js';
export { type InstanceCache, makeInstanceCache } from './instance-cache.js';
export { findInstance, type InstanceRow } from './instance-rows.js';
export { type AppendFacts, putIntoOutbox, relayOutbox } from './outbox.js';
export { learnCheckIns } from './learn-check-ins.js';
export { type GrantFact, learnGrants } from './learn-grants.js';
export {
  finishRestore,
  noteLearned,
  noteOutcomes,
  openRestoreIfOlder,
  readKnownChanges,
  readOpenRestore,
  type Restore,
  touchMark,
} from './restore.js';
export { pruneLedger } from './prune-ledger.js';
export { findSpent, refuseSpent, type SpentBudget } from './refuse-spent.js';
export { type LedgerCounter, type Miscount, recountLedger } from './recount.js';
export { readSpentNotice } from './spent-notice.js';
export { type Swept, sweepLeases } from './sweep-leases.js';
export { type Part, workApart } from './work-apart.js';
export {
  type ChangeKey,
  type ChangeListing,
  type ChangeView,
  listChanges,
  logOperatorChange,
  type OperatorChange,
} from './audit-reads.js';
export { decidedReasons, findDecision } from './decision-reads.js';
export {
  addSession,
  beginSignIn,
  claimSessionCheck,
  endSession,
  findSession,
  purgeSessions,
  renewSession,
  type Session,
  type SignIn,
  takeSignIn,
} from './access-sessions.js';
