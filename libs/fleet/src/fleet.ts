// The door of `fleet`: what facts tell about a machine: its status, its events' meaning, its life as a state machine.
export {
  type AttemptMarks,
  type AttemptTerms,
  type CheckInSign,
  type Ending,
  endings,
  type EventSign,
  evolveAttempt,
  openAttempt,
  type Sign,
  type SignKind,
  signOf,
  type Stage,
  stageOf,
  type VersionOrder,
} from './attempt.js';
export { classifyEvent, type EventMeaning, eventMeanings } from './event.js';
export {
  type AttemptLife,
  attemptsKept,
  attemptsOf,
  eventsKept,
  evolveMachine,
  type MachineLife,
  unknownMachine,
} from './machine.js';
export { inFlightStatuses, isSeen, type MachineStatus, machineStatuses, statusOf } from './status.js';
