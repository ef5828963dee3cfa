// The door of `facts`: every fact, its schema, name, version and upcasters; nothing else.
export { type Actor, ActorKind, describeActor, platte, toActor } from './actor.js';
export { Answer, AnswerInputs, AnswerReason, answerReasons } from './answer.js';
export {
  decodeBatch,
  type DecodedBatch,
  decodeFact,
  decodeWritten,
  encodeBatch,
  encodeFact,
  joinFacts,
  type WrittenFact,
} from './batch.js';
export { CatalogFact, catalogFactKinds } from './catalog-facts.js';
export { Fact, type FactKind, isCounted, type UnknownFact } from './fact.js';
export { factKinds, factVersions } from './fact-versions.js';
export { HistoryDiffered } from './history-facts.js';
export { comparePositions, countsPerMs, makePositions, Position, Time } from './identity.js';
export { toJsonSchema } from './json-schema.js';
export {
  Arch,
  EventReported,
  LeaseEnded,
  LeaseOutcome,
  leaseOutcomes,
  MachineCheckedIn,
  MachineFact,
  SyncerCheckedIn,
  UpdateGranted,
} from './machine-facts.js';
export { RolloutFact, rolloutFactKinds } from './rollout-facts.js';
export { type Upcaster, type Upcasters, upcast, type VersionedFact } from './upcast.js';
