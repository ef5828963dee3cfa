// What can be said of a check without asking anybody: most check-ins end here.
import type { Answer, Arch } from '@platte/facts';
import type { Package } from './catalog.js';

/** A machine that asks for an update, as ingress understood it. */
export interface Check {
  machine: string;
  version: string;
  track: string;
  arch: Arch;
  /** `targetversionprefix` of the request; '' when it names none. */
  versionPrefix: string;
}

/** `answer`: this is it. `ask`: the machine could be granted an update; policy decides. */
export type Judgement =
  | { kind: 'answer'; answer: Answer }
  | { kind: 'ask'; group: string; revision: number; onlyOpenLease: boolean; forced: boolean };

/** What a syncer gets: every manifest from its version to the channel's, floors first; empty when the answer is a no. */
export interface SyncerJudgement {
  answer: Answer;
  manifests: { package: Package; floorReason: string | null; isTarget: boolean }[];
}
