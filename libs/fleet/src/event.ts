// What an Omaha event means for a machine's life. Every event is stored, known or not; only these meanings move a status
// or an attempt. Types and results: omaha-protocol.md 3.1; the order in which clients send them: omaha-protocol.md 3.3.
import { decodeErrorCode, rollbackErrorCode } from '@platte/omaha/words';

export const eventMeanings = [
  'downloading',
  'downloaded',
  'installed',
  'complete',
  'failed',
  'rolled-back',
  /** The client puts it off (result 9): it will come again by itself, so nothing moves. */
  'deferred',
  /** 3/2 without a real previous version: update_engine puts one into every check. */
  'heartbeat',
  'other',
] as const;
export type EventMeaning = (typeof eventMeanings)[number];

/** error, installer MSI error, installer other error, installer system error, hand-off error. */
const failingResults = new Set([0, 5, 6, 8, 10]);
const deferredResult = 9;

const updateComplete = 3;
const downloadStarted = 13;
const downloadFinished = 14;
const rebooted = 54;
/** Nebraska's own: installed, not yet running. */
const installed = 800;

/** `reboots`: whether the application's machines reboot into an update; without reboots an installation completes it. */
export function classifyEvent(
  type: number,
  result: number,
  errorCode: string,
  previousVersion: string,
  reboots: boolean,
): EventMeaning {
  if (failingResults.has(result)) return type === updateComplete && isRollback(errorCode) ? 'rolled-back' : 'failed';
  if (result === deferredResult) return 'deferred';
  if (type === updateComplete && result === 2) return isRealVersion(previousVersion) ? 'complete' : 'heartbeat';
  if (result !== 1) return 'other';
  if (type === downloadStarted) return 'downloading';
  if (type === downloadFinished) return 'downloaded';
  if (type === updateComplete || type === installed) return reboots ? 'installed' : 'complete';
  return type === rebooted ? 'complete' : 'other';
}

/** `0.0.0` is a real old version: operators force an update by setting it. The empty one and Google's zero are not. */
function isRealVersion(previousVersion: string): boolean {
  return previousVersion !== '' && previousVersion !== '0.0.0.0';
}

function isRollback(errorCode: string): boolean {
  return decodeErrorCode(errorCode).base === rollbackErrorCode;
}
