// What a command would change, told without doing it: the changes as the log would hold them, and whose machines they
// concern. Both come out of the decision itself, so that a dry run cannot say anything else than the command would do.
import { z } from 'zod';
import { type CatalogChange, isWordsOnly } from './catalog-change.js';
import type { CatalogState } from './catalog-state.js';

const Entity = z.record(z.string(), z.json()).nullable();

const PlannedChange = z.object({
  kind: z.string(),
  application: z.string(),
  group: z.string().nullable(),
  machine: z.string(),
  subject: z.string(),
  cause: z.string(),
  before: Entity,
  after: Entity,
});
export type PlannedChange = z.infer<typeof PlannedChange>;

export const CommandPlan = z.object({
  changes: z.array(PlannedChange),
  /** How many changes more there are than fit into one answer. */
  omitted: z.number().int().nonnegative(),
  /** Groups whose machines may get another answer. */
  groups: z.array(z.string()),
  /** Machines that are concerned by themselves. */
  machines: z.array(z.string()),
});
export type CommandPlan = z.infer<typeof CommandPlan>;

/** Of all changes as JSON: a reply of NATS holds a megabyte, and nobody reads more than this. */
const planBytesMax = 400 * 1024;

export function toPlan(changes: readonly CatalogChange[], state: CatalogState): CommandPlan {
  const told: CommandPlan['changes'] = [];
  let bytes = 0;
  for (const change of changes) {
    const planned = toPlannedChange(change);
    bytes += JSON.stringify(planned).length;
    if (bytes > planBytesMax) break;
    told.push(planned);
  }
  const groups = new Set(changes.flatMap((change) => groupsConcerned(change, state)));
  const machines = new Set(changes.flatMap(({ machine }) => (machine === '' ? [] : [machine])));
  return { changes: told, omitted: changes.length - told.length, groups: [...groups], machines: [...machines] };
}

function toPlannedChange({ kind, application, group, machine, subject, cause, before, after }: CatalogChange) {
  const [was, becomes] = [before, after].map((entity) => Entity.parse(entity && JSON.parse(JSON.stringify(entity))));
  return { kind, application, group, machine, subject, cause, before: was ?? null, after: becomes ?? null };
}

/**
 * Narrower than the groups whose revision a change bumps: holding one machine bumps all of them, as every group must know
 * it, and concerns that one machine.
 */
function groupsConcerned(change: CatalogChange, { application: state }: CatalogState): string[] {
  if (isWordsOnly(change)) return [];
  const all = [...(state?.groups.values() ?? [])];
  const following = (channels: ReadonlySet<string>) =>
    all.filter(({ channel }) => channel !== null && channels.has(channel)).map(({ id }) => id);
  switch (change.of) {
    case 'application':
    case 'dead-end':
      return all.map(({ id }) => id);
    case 'package': {
      const offering = [...(state?.channels.values() ?? [])].filter((channel) => channel.package === change.subject);
      return following(new Set(offering.map(({ id }) => id)));
    }
    case 'channel':
    case 'floor':
    case 'blacklisting':
      return following(new Set([change.subject]));
    case 'group':
    case 'stop':
      return [change.subject];
    case 'rollout':
      return [change.group];
    case 'hold':
    case 'force':
    case 'card':
    case 'machine':
      return [];
    default:
      return change satisfies never;
  }
}
