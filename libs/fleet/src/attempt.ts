// An attempt: a machine's way through one grant, from the check-in that opened it to its end.
//
//   granted -> downloading -> downloaded -> installed (awaiting reboot) -> ended
//
// Facts arrive late, twice and out of order, so an attempt is not a state that moves but a set of marks, each the earliest
// sign of its kind: folding the same signs in any order, any number of times, gives the same attempt. A sign at or
// before `since` is of an earlier attempt (or of an install that was lost) and changes nothing.
import { comparePositions, type EventReported, type MachineCheckedIn, type Position } from '@platte/facts';
import { describeErrorCode } from '@platte/omaha/words';
import { classifyEvent } from './event.js';

/** How the machine's own words end an attempt. */
export const endings = ['complete', 'passed', 'failed', 'rolled-back', 'moved'] as const;
export type Ending = (typeof endings)[number];

/** `refused`: it asked again since, and we said no. `moved`: it asked in another group. */
export type SignKind = 'downloading' | 'downloaded' | 'installed' | 'refused' | Ending;

/** What one fact says of an attempt. */
export interface Sign extends Position {
  kind: SignKind;
  /** In words for people. */
  cause: string;
}

export interface AttemptMarks {
  since: Position;
  downloading: Sign | null;
  downloaded: Sign | null;
  installed: Sign | null;
  refused: Sign | null;
  ended: Sign | null;
}

/** What a fact is compared with. */
export interface AttemptTerms {
  group: string;
  /** The version reported when the attempt was opened. */
  fromVersion: string;
  toVersion: string;
}

/** Negative, zero or positive by the application's grammar; null when one of the two does not parse. */
export type VersionOrder = (a: string, b: string) => number | null;

export type Stage = 'granted' | 'downloading' | 'downloaded' | 'installed' | 'ended';

export function openAttempt(since: Position): AttemptMarks {
  return { since, downloading: null, downloaded: null, installed: null, refused: null, ended: null };
}

export function evolveAttempt(attempt: AttemptMarks, sign: Sign): AttemptMarks {
  if (comparePositions(sign, attempt.since) <= 0) return attempt;
  const mark = markOf(sign.kind);
  const known = attempt[mark];
  if (known !== null && comparePositions(known, sign) <= 0) return attempt;
  return { ...attempt, [mark]: sign };
}

export function stageOf(attempt: AttemptMarks): Stage {
  if (attempt.ended) return 'ended';
  if (attempt.installed) return 'installed';
  if (attempt.downloaded) return 'downloaded';
  return attempt.downloading ? 'downloading' : 'granted';
}

/** What of a check-in says something of an attempt. */
export type CheckInSign = Pick<MachineCheckedIn, 'kind' | 'at' | 'n' | 'version' | 'group' | 'answer'>;
/** What of an event does. */
export type EventSign = Pick<
  EventReported,
  'kind' | 'at' | 'n' | 'version' | 'type' | 'result' | 'errorCode' | 'previousVersion' | 'reboots'
>;

/** null: the fact says nothing of the attempt. Whether it is of this attempt at all is told by its position. */
export function signOf(fact: CheckInSign | EventSign, terms: AttemptTerms, order: VersionOrder): Sign | null {
  const found =
    signOfVersion(fact.version, terms, order) ??
    (fact.kind === 'EventReported' ? signOfEvent(fact, terms) : signOfCheck(fact, terms));
  return found && { ...found, at: fact.at, n: fact.n };
}

type Found = Pick<Sign, 'kind' | 'cause'> | null;

/** The reported version is the truth: whatever else the fact says, a machine that runs the version has it. */
function signOfVersion(version: string, terms: AttemptTerms, order: VersionOrder): Found {
  const toGranted = version === terms.toVersion ? 0 : order(version, terms.toVersion);
  if (toGranted === 0) return { kind: 'complete', cause: `reported ${version}` };
  const isUpgrade = (order(terms.toVersion, terms.fromVersion) ?? 0) > 0;
  if (toGranted === null || toGranted < 0 || !isUpgrade) return null;
  return { kind: 'passed', cause: `reported ${version}, above the granted one` };
}

function signOfEvent(event: EventSign, terms: AttemptTerms): Found {
  const meaning = classifyEvent(event.type, event.result, event.errorCode, event.previousVersion, event.reboots);
  const words = `event ${event.type}/${event.result}`;
  switch (meaning) {
    case 'downloading':
    case 'downloaded':
    case 'installed':
      return { kind: meaning, cause: words };
    case 'complete':
      return isSuccessOf(event, terms) ? { kind: meaning, cause: words } : null;
    case 'failed':
    case 'rolled-back':
      return { kind: meaning, cause: `${words}, ${describeErrorCode(event.errorCode)}` };
    case 'deferred':
    case 'heartbeat':
    case 'other':
      return null;
    default:
      return null;
  }
}

/**
 * A success report only counts for the version that was granted. A machine that reboots reports the version it then
 * runs, and another than the granted one is the success of something else; one that does not reboot may still name the
 * version it started from.
 */
function isSuccessOf(event: EventSign, terms: AttemptTerms): boolean {
  return !event.reboots || event.version === '' || event.version === terms.toVersion;
}

function signOfCheck(checkIn: CheckInSign, terms: AttemptTerms): Found {
  if (checkIn.answer === undefined) return null;
  if (checkIn.group !== null && checkIn.group !== terms.group)
    return { kind: 'moved', cause: 'asked in another group' };
  const { reason } = checkIn.answer;
  return reason === 'granted' || reason === 're-offered' ? null : { kind: 'refused', cause: reason };
}

function markOf(kind: SignKind): Exclude<keyof AttemptMarks, 'since'> {
  switch (kind) {
    case 'downloading':
    case 'downloaded':
    case 'installed':
    case 'refused':
      return kind;
    default:
      return 'ended';
  }
}
