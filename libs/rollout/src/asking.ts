// The question that ingress asks policy, one message for all machines that wait at a moment, and policy's answers in the same
// order. How both travel: asking-wire.ts.
import { z } from 'zod';
import { Answer, Arch } from '@platte/facts';
import { Package } from './catalog.js';

/** The NATS subject (queue group `policy`): one question carries all machines that wait at a moment. */
export const decideSubject = 'platte.policy.decide';
/** Longer than this without an answer, ingress answers `policy-unavailable`: a setting's default. */
export const decideTimeoutMs = 500;
export const askedMachinesMax = 256;

/** What many machines of a question share. */
export const AskedSort = z.object({
  app: z.string(),
  group: z.string(),
  /** The group's revision that was judged by; policy reloads when it holds another. */
  revision: z.number().int(),
  version: z.string(),
  arch: Arch,
  oem: z.string(),
});
export type AskedSort = z.infer<typeof AskedSort>;

/** What few machines say. */
export const AskedRarely = z.object({
  /** `targetversionprefix` of the check; '' when it names none: policy judges again when it holds a newer catalog. */
  versionPrefix: z.string(),
  /** Only the wave stops it: policy may re-offer an open lease, and answers `not-in-wave` or `awaiting-approval` else. */
  onlyOpenLease: z.boolean(),
  /** A person's force was seen in the snapshot; policy decides whether it still stands. */
  forced: z.boolean(),
  /** As the request said it: its attempt takes part in limits, and is no evidence of how a version fares. Absent: no test's. */
  testSource: z.string().optional(),
  /** The events of the same app and request, which policy folds before it decides. Their facts follow through the log. */
  events: z.array(
    z.object({
      n: z.number().int(),
      type: z.number().int(),
      result: z.number().int(),
      errorCode: z.string(),
      previousVersion: z.string(),
    }),
  ),
});
export type AskedRarely = z.infer<typeof AskedRarely>;

/** A machine that judging could not refuse. `at` and `n` are those of its check-in fact: they name the attempt it may open. */
export interface AskedMachine extends AskedSort, AskedRarely {
  machine: string;
  at: number;
  n: number;
  /** Of its boot id: `bootMarkOf`. */
  boot: number;
}

/** With `granted` and `re-offered` comes the package to offer: it may be of an earlier rollout than the snapshot's. */
export const Decision = z.object({ answer: Answer, offer: Package.optional() });
export type Decision = z.infer<typeof Decision>;
