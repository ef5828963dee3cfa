// What a machine's words do to its attempt in the ledger: each mark is taken once, ends have their effects once.
import { comparePositions } from '@platte/facts';
import { type CheckInSign, type EventSign, type Sign, signOf } from '@platte/fleet';
import { type AttemptRow, orderOf, termsOf } from './attempt-row.js';
import { heard, isArrival, isForeign, toldBy } from './boots-of-attempt.js';
import { endAttempt, type LedgerChanges, type Moment, putAttempt, putFailure } from './ledger-changes.js';

export interface ApplyContext {
  changes: LedgerChanges;
  moment: Moment;
  /** How long an installed attempt blocks safe mode's next probe. */
  settleAfterMs: number;
}

/**
 * The row as it becomes; the same object where the sign changes nothing: it is of an earlier attempt, it came before, or
 * the attempt has ended.
 *
 * @param version what the machine reported with it
 */
function applySign(context: ApplyContext, attempt: AttemptRow, sign: Sign, version: string): AttemptRow {
  if (comparePositions(sign, { at: attempt.sinceAt, n: attempt.sinceN }) <= 0) return attempt;
  if (attempt.stage === 'ended') return applyLate(context, attempt, sign);
  const { changes, moment, settleAfterMs } = context;
  const { kind, cause } = sign;
  switch (kind) {
    case 'downloading':
      return mark(changes, attempt, 'downloadingAt', sign.at);
    case 'downloaded':
      return mark(changes, attempt, 'downloadedAt', sign.at);
    case 'refused':
      return attempt.stage === 'leased' ? mark(changes, attempt, 'refusedAt', sign.at) : attempt;
    case 'moved':
      return endAttempt(changes, attempt, { outcome: 'cancelled', cause, version }, moment, settleAfterMs);
    case 'installed':
    case 'complete':
    case 'passed':
    case 'failed':
    case 'rolled-back':
      return endAttempt(changes, attempt, { outcome: kind, cause, version }, moment, settleAfterMs);
    default:
      return kind satisfies never;
  }
}

/** What one fact, or one event of a question, does to the attempt; `boot`: the mark of the boot that says it. */
export function applySaid(
  context: ApplyContext,
  attempt: AttemptRow,
  said: CheckInSign | EventSign,
  boot: number,
): AttemptRow {
  const sign = signOf(said, termsOf(attempt), orderOf(attempt.versioning));
  const known = sign !== null && isArrival(sign.kind) ? attempt : heard(attempt, boot, said.at);
  if (known !== attempt) putAttempt(context.changes, known);
  if (sign === null || isForeign(known, sign.kind, boot)) return known;
  const told = toldBy(known, sign, boot);
  const folded = applySign(context, told, sign, said.version);
  return folded === told ? known : folded;
}

/** Whether that would change the row: what folding asks before it takes a lock. */
export function newsOf(
  attempt: AttemptRow,
  said: CheckInSign | EventSign,
  boot: number,
): { sign: Sign | null; isBoot: boolean } {
  const sign = signOf(said, termsOf(attempt), orderOf(attempt.versioning));
  const isBoot = (sign === null || !isArrival(sign.kind)) && heard(attempt, boot, said.at) !== attempt;
  const isOwn = sign !== null && !isForeign(attempt, sign.kind, boot) && isNews(attempt, sign);
  return { sign: isOwn ? sign : null, isBoot };
}

/** Whether a sign would change the row. */
function isNews(attempt: AttemptRow, sign: Sign): boolean {
  if (comparePositions(sign, { at: attempt.sinceAt, n: attempt.sinceN }) <= 0) return false;
  switch (sign.kind) {
    case 'downloading':
      return attempt.stage !== 'ended' && attempt.downloadingAt === null;
    case 'downloaded':
      return attempt.stage !== 'ended' && attempt.downloadedAt === null;
    case 'installed':
      return attempt.stage === 'leased';
    case 'refused':
      return attempt.stage === 'leased' && attempt.refusedAt === null;
    case 'rolled-back':
      return attempt.outcome !== 'rolled-back';
    default:
      return attempt.stage !== 'ended';
  }
}

/** Too late to end anything again; but a machine that fell back is held for that version, whatever we thought before. */
function applyLate({ changes }: ApplyContext, attempt: AttemptRow, sign: Sign): AttemptRow {
  if (sign.kind !== 'rolled-back' || attempt.outcome === 'rolled-back') return attempt;
  const { application, machine, toVersion: version } = attempt;
  putFailure(changes, { application, machine, version, failures: 0, failedAt: null, rolledBackAt: sign.at });
  return attempt;
}

function mark(
  changes: LedgerChanges,
  attempt: AttemptRow,
  key: 'downloadingAt' | 'downloadedAt' | 'refusedAt',
  at: number,
): AttemptRow {
  return attempt[key] === null ? putAttempt(changes, { ...attempt, [key]: at }) : attempt;
}
