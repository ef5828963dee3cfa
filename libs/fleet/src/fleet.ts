// The door of `fleet`: what facts tell about a machine: its status, its events' meaning, its life as a state machine.
export { decodeErrorCode, describeErrorCode, type ErrorCode } from './error-code.js';
export { classifyEvent, type EventMeaning, eventMeanings } from './event.js';
export { inFlightStatuses, isSeen, type MachineStatus, machineStatuses, statusOf } from './status.js';
