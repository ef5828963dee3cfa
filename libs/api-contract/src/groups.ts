// Groups, their policy and their rollouts, as the API shows them and takes them.
import { z } from 'zod';
import {
  Freeze,
  Group as DomainGroup,
  Policy as DomainPolicy,
  Rollout as DomainRollout,
  rolloutStates,
  settablePolicy,
  Uuid,
  WeeklyWindow,
} from '@platte/rollout';
import { actorFields } from './actor.js';
import { revision } from './catalog.js';
import { Instant } from './page.js';

export const Policy = DomainPolicy.meta({ id: 'Policy' });

export const Rollout = DomainRollout.omit({ startedAt: true, earlierLeasesUntil: true, state: true })
  .extend({
    application: z.string(),
    state: z.enum(rolloutStates).describe('Paused by a person, halted by a rule; `cause` says why.'),
    startedAt: Instant,
  })
  .meta({ id: 'Rollout' });
export type Rollout = z.infer<typeof Rollout>;

export const GroupStop = z
  .object({ ...actorFields, at: Instant, note: z.string().describe('Why, in their words.') })
  .meta({ id: 'GroupStop' });

export const Group = DomainGroup.extend({
  policy: Policy.describe(
    '`updatesEnabled` is the switch of files and edits; a pause leaves it alone. Both must allow.',
  ),
  stop: GroupStop.nullable().describe('While a person has paused the group. Only resuming ends it.'),
  ...revision,
  rollout: Rollout.nullable().describe('The rollout of the package that the channel has now.'),
}).meta({ id: 'Group' });
export type Group = z.infer<typeof Group>;

const group = DomainGroup.shape;
/** `kind` names the variant, and windows are of one variant only: without a kind they name it. */
const Hours = z
  .strictObject({
    kind: z.enum(['always', 'office', 'windows']).describe('Left out, windows mean `windows`.'),
    windows: z.array(z.strictObject(WeeklyWindow.shape)).min(1).max(50).describe('Replaces the whole list.'),
  })
  .partial()
  .refine(({ kind, windows }) => windows === undefined || kind === undefined || kind === 'windows', {
    path: ['windows'],
    error: 'contradicts `kind`: leave one of them out, or say kind `windows`',
  })
  .transform(({ kind, windows }) => {
    const named = windows === undefined ? kind : 'windows';
    return { ...(named && { kind: named }), ...(windows && { windows }) };
  });

const { rateLimit } = settablePolicy;
const RateLimit = rateLimit.unwrap().extend({ periodMs: rateLimit.unwrap().shape.periodMs.describe('Milliseconds.') });

/** A merge patch of the policy: what is left out stays as it is. */
const policyFields = {
  ...settablePolicy,
  rateLimit: RateLimit.partial().nullable(),
  hours: Hours,
  freezes: z.array(z.strictObject(Freeze.shape)).max(50).describe('Replaces the whole list.'),
};
export const EditPolicy = z.strictObject(policyFields).partial().meta({ id: 'EditPolicy' });

export const CreateGroup = z
  .strictObject({
    id: Uuid.optional(),
    application: Uuid,
    name: group.name,
    description: group.description.default(''),
    track: group.track
      .optional()
      .describe('What machines say to land here; without one its id, as machines that say GROUP=<uuid> do.'),
    channel: group.channel.default(null),
    policy: EditPolicy.prefault({}).describe('What is left out has the default of the documentation.'),
  })
  .meta({ id: 'CreateGroup' });

export const EditGroup = z
  .strictObject({
    name: group.name,
    description: group.description,
    track: group.track,
    channel: group.channel,
    policy: EditPolicy,
  })
  .partial()
  .meta({ id: 'EditGroup' });

/** A person's words for the audit log and for whoever asks why. */
export const Because = z
  .strictObject({ note: z.string().max(500).default('').describe('Why, in your words.') })
  .meta({ id: 'Because' });
