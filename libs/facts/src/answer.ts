// The answers a check can get: one closed union, used from the fact to the screen (docs/glossary.md, "answer").
// The order here is the order in which the rules are asked; `granted` and `re-offered` answer `ok`, all others `noupdate`.
import { z } from 'zod';

export const answerReasons = [
  'unknown-application',
  'invalid-application-id',
  'no-machine-id',
  'too-many-new-machines',
  'unknown-group',
  'no-package',
  'syncer-needs-multi-manifest',
  'invalid-version',
  'dead-end',
  'up-to-date',
  'ahead-of-channel',
  'blacklisted',
  'updates-disabled',
  'rollout-paused',
  'rollout-halted',
  'outside-window',
  'frozen',
  'not-in-wave',
  'awaiting-approval',
  'policy-unavailable',
  'rule-failed',
  'held',
  'cloned',
  'rolled-back',
  'backing-off',
  'quarantined',
  'safe-mode-probing',
  'rate-limited',
  'concurrency-limited',
  're-offered',
  'granted',
] as const;

export const AnswerReason = z.enum(answerReasons);
export type AnswerReason = z.infer<typeof AnswerReason>;

/** What a rule saw when it answered: only the inputs of the rule that applied. Times are ms since the epoch, periods ms. */
export const AnswerInputs = z.object({
  /** The version the answer is about: the one offered, or the one that would have been. */
  target: z.string().optional(),
  limit: z.number().int().optional(),
  used: z.number().int().optional(),
  periodMs: z.number().int().optional(),
  /** The weekly window or freeze that applied, in words: `Mon-Fri 09:00-17:00 Europe/Berlin`. */
  window: z.string().optional(),
  /** Number of the open wave, from 1. */
  wave: z.number().int().optional(),
  /** Share of the group that open waves cover, in hundredths of a percent (0..10000). */
  wavePlaces: z.number().int().optional(),
  /** The machine's place in the rollout, 0..9999. */
  place: z.number().int().optional(),
  /** When the lease ends. */
  deadline: z.number().int().optional(),
  failures: z.number().int().optional(),
  /** With `updates-disabled`: a person's pause of the group, the switch of its policy, both, or the machine itself. */
  refusedBy: z.enum(['pause', 'policy', 'pause-and-policy', 'machine']).optional(),
  /** A person's or a rule's own words: of a pause, a hold, a halt, a dead end, a blacklist, a floor. */
  note: z.string().optional(),
});
export type AnswerInputs = z.infer<typeof AnswerInputs>;

export const Answer = z.object({
  reason: AnswerReason,
  inputs: AnswerInputs,
  /** When the answer would change by itself, in ms since the epoch; absent when that is not known. */
  until: z.number().int().optional(),
});
export type Answer = z.infer<typeof Answer>;
