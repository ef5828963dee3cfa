// How far a fleet has come, what went wrong on the way, and who fell silent. Machines are counted, never sampled.
import { z } from 'zod';
import { InstanceSummary, MachineStatus } from './instances.js';
import { Instant } from './page.js';

const range = { from: Instant, to: Instant.describe('Before this moment; now at the latest.') };
const onePage = z.null().describe('It is one page: raise `limit`, or ask for less.');

/** Failures with the same cause: the same error, at the same version, of the same OEM. */
const FailureCause = z
  .object({
    status: z.enum(['failed', 'rolled-back', 'timed-out']),
    errorCode: z.string().describe('Raw, as machines sent it; empty for a time-out and where none was sent.'),
    words: z.string().describe('The same for people.'),
    version: z.string().describe('The version that machines reported when they failed.'),
    oem: z.string(),
    failures: z.number().int(),
    machines: z.number().int().describe('How many different ones.'),
    lastAt: Instant,
  })
  .meta({ id: 'FailureCause' });

export const Failures = z
  .object({ ...range, items: z.array(FailureCause).describe('The most frequent first.'), next: onePage })
  .meta({ id: 'Failures' });
export type Failures = z.infer<typeof Failures>;

const Seconds = z.number().nonnegative();

const FunnelStep = z
  .object({
    step: z.enum(['granted', 'downloading', 'downloaded', 'installed', 'complete']),
    attempts: z.number().int().describe('That came here, or beyond.'),
    droppedOff: z.number().int().describe('Of those that came to the step before, those that did not come here.'),
    medianSeconds: Seconds.nullable().describe('From the grant; null where none came here.'),
    p95Seconds: Seconds.nullable().describe('From the grant: 95 % were not slower.'),
  })
  .meta({ id: 'FunnelStep' });

export const Funnel = z
  .object({
    ...range,
    steps: z.array(FunnelStep),
    failed: z.number().int().describe('Attempts whose last status is failed.'),
    rolledBack: z.number().int(),
    timedOut: z.number().int(),
  })
  .meta({ id: 'Funnel' });
export type Funnel = z.infer<typeof Funnel>;

export const SilentInstance = InstanceSummary.extend({
  cadenceSeconds: Seconds.nullable().describe('The usual time between its check-ins; null when it had one only.'),
  silentSeconds: Seconds.describe('Since it was last heard of.'),
}).meta({ id: 'SilentInstance' });
export type SilentInstance = z.infer<typeof SilentInstance>;

export const SilentInstances = z
  .object({ at: Instant, items: z.array(SilentInstance).describe('The longest silence first.'), next: onePage })
  .meta({ id: 'SilentInstances' });

export const StatusCounts = z
  .object({
    ...range,
    total: z.number().int(),
    statuses: z.partialRecord(MachineStatus, z.number().int()).describe('What is 0 is left out.'),
  })
  .meta({ id: 'StatusCounts' });
export type StatusCounts = z.infer<typeof StatusCounts>;

export const InstancesSeen = z
  .object({ ...range, instances: z.number().int().describe('Different machines that checked in or sent an event.') })
  .meta({ id: 'InstancesSeen' });
export type InstancesSeen = z.infer<typeof InstancesSeen>;
