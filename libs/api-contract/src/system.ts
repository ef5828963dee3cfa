// What happened, who did it, what could not be read, and how the platform is.
import { z } from 'zod';
import { Instant } from './page.js';
import { Entity } from './problem.js';

export const Activity = z
  .object({
    id: z.string(),
    at: Instant,
    kind: z.string().describe('The fact: RolloutStarted, RolloutHalted, GroupPaused…'),
    application: z.string(),
    group: z.string().nullable(),
    subject: z.string().describe('Id of what it is about: a rollout, a machine, a channel…'),
    actor: z.string().describe('Who did it; `platte` for a rule.'),
    words: z.string().describe('What happened, for people.'),
  })
  .meta({ id: 'Activity' });
export type Activity = z.infer<typeof Activity>;

export const Change = z
  .object({
    revision: z.number().int(),
    at: Instant,
    actor: z.string(),
    kind: z.string(),
    application: z.string().nullable(),
    group: z.string().nullable(),
    subject: z.string(),
    before: Entity.nullable(),
    after: Entity.nullable(),
  })
  .meta({ id: 'Change' });
export type Change = z.infer<typeof Change>;

export const RefusedRequest = z
  .object({
    id: z.string(),
    at: Instant,
    reason: z.string().describe('Why it could not be read.'),
    count: z.number().int().describe('How many of this kind since the message before.'),
    sample: z.string().nullable().describe('The first bytes of one of them, unprintable ones escaped.'),
    ip: z.string().nullable(),
  })
  .meta({ id: 'RefusedRequest' });
export type RefusedRequest = z.infer<typeof RefusedRequest>;

export const Health = z
  .object({
    status: z.enum(['ok', 'degraded']),
    checks: z
      .record(z.string(), z.object({ status: z.enum(['ok', 'failed']) }))
      .describe('Details are at /readyz of the internal port: here anybody may ask.'),
  })
  .meta({ id: 'Health' });
export type Health = z.infer<typeof Health>;

export const Version = z
  .object({ version: z.string(), api: z.literal('v1'), node: z.string() })
  .meta({ id: 'Version' });
