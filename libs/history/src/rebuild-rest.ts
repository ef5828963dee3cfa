// How long a rebuild rests before the next: as long as it may, for a fold of few facts costs nearly what one of many does.
import { freshFactsMax } from './questions/current.js';

export interface RebuildRun {
  tookMs: number;
  /** From the beginning of the run before to the beginning of this one: when the facts of this one arrived. */
  sinceMs: number;
  facts: number;
  /** Whether nothing was left for another run. */
  caughtUp: boolean;
}

const restPerWork = 10;
const restMsMax = 60_000;
/** Facts go on arriving while the next run is at work, which is not always as quick as the last. */
const freshFactsAimed = freshFactsMax * 0.7;

/**
 * Ten times as long as the work took, `pauseMs` at least and a minute at most; less where facts arrive so fast that more
 * would wait by then than questions of now can add (`freshFactsMax`), and none with a backlog.
 * @returns milliseconds
 */
export function restAfterRebuild({ tookMs, sinceMs, facts, caughtUp }: RebuildRun, pauseMs: number): number {
  if (!caughtUp) return 0;
  const longest = Math.min(Math.max(pauseMs, tookMs * restPerWork), restMsMax);
  const untilCrowdedMs = (freshFactsAimed * sinceMs) / facts - tookMs;
  // With no facts, or none yet, there is no pace to go by.
  if (!Number.isFinite(untilCrowdedMs)) return longest;
  return Math.min(longest, Math.max(untilCrowdedMs, Math.min(tookMs, pauseMs)));
}
