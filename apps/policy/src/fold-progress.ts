// Up to which moment the log is folded. A lease may only time out by deadlines before it: a machine that reported in time
// must not time out because its report waits in the log, behind a restart or a slow database.
//
// A mark is the log's last message at a moment; when the consumer has acknowledged it, all that was in the log at that
// moment is folded. A consumer that is stuck for long must not keep leases open for ever: every lease ends.

export interface FoldProgress {
  /**
   * At `now`, on the clock of deadlines, the log's last message was this one. `createdAt`: of its stream (ms). What was marked in
   * another stream says nothing of this one, whose numbers begin again.
   */
  mark: (now: number, lastSequence: number, createdAt: number) => void;
  /** All messages up to this one are acknowledged. `elapsedMs`: on a clock that nobody moves. */
  advance: (ackFloor: number, elapsedMs: number) => void;
  /** Deadlines up to then may be judged. */
  foldedUntil: (now: number, elapsedMs: number) => number;
}

/** So long leases wait for a stuck consumer. */
export const stuckMaxMs = 15 * 60_000;
/** One per sweep: more than come in that time. */
const marksMax = 4_096;

export function makeFoldProgress(elapsedMs: number): FoldProgress {
  const marks: { now: number; lastSequence: number }[] = [];
  let folded = 0;
  let advancedAt = elapsedMs;
  let stream = 0;
  return {
    mark(now, lastSequence, createdAt) {
      if (createdAt !== stream) marks.length = 0;
      stream = createdAt;
      if (marks.length >= marksMax) marks.shift();
      marks.push({ now, lastSequence });
    },
    advance(ackFloor, elapsedMs) {
      for (let next = marks[0]; next !== undefined && next.lastSequence <= ackFloor; next = marks[0]) {
        folded = Math.max(folded, next.now);
        advancedAt = elapsedMs;
        marks.shift();
      }
    },
    foldedUntil: (now, elapsedMs) => (elapsedMs - advancedAt > stuckMaxMs ? now : folded),
  };
}
