// What is asked of judging, and what it says.
import type { Answer, AnswerInputs, AnswerReason, Arch } from '@platte/facts';
import type { Package } from './catalog.js';

/** A machine that asks for an update, as ingress understood it. */
export interface Check {
  machine: string;
  version: string;
  track: string;
  arch: Arch;
  /** `targetversionprefix` of the request; '' when it names none. */
  versionPrefix: string;
  /** `updatedisabled` of the request: it will not act on an offer, so that a grant would only be lost. */
  takesNone?: boolean;
  /** `delta_okay` of the request; left out where nobody knows it any more: policy asks for the rest again. */
  takesDelta?: boolean;
}

/**
 * `answer`: this is it; the object may be shared between machines, so it is frozen. `ask`: the machine could be granted
 * `target`; policy decides. With `onlyOpenLease` the wave stops it, and policy only looks for an open lease.
 */
export type Judgement =
  | { kind: 'answer'; answer: Answer }
  | { kind: 'ask'; group: string; revision: number; target: string; onlyOpenLease: boolean; forced: boolean };

/** What a syncer gets: every manifest from its version to the channel's, floors first; empty when the answer is a no. */
export interface SyncerJudgement {
  answer: Answer;
  manifests: { package: Package; floorReason: string | null; isTarget: boolean }[];
}

/** A final answer. */
export function toAnswer(reason: AnswerReason, inputs: AnswerInputs, until?: number): Judgement & { kind: 'answer' } {
  const answer: Answer = { reason, inputs: Object.freeze(inputs), ...(until !== undefined && { until }) };
  return Object.freeze({ kind: 'answer', answer: Object.freeze(answer) });
}

/** The answer where a rule threw: a mistake of ours, whose words people read. Other machines are answered. */
export function ruleFailed(error: unknown): Answer {
  const words = error instanceof Error ? error.message : String(error);
  return { reason: 'rule-failed', inputs: { note: words.replaceAll(/\s+/g, ' ').slice(0, 200) } };
}
