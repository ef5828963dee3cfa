// What people stopped stays stopped, whatever a file says: the pause of a group, and a rollout that is paused or halted. A
// step that would set such machines going is taken out of the plan, with those that follow from it. Only `--resume-paused`
// resumes what the file names.
import { describeActor } from '@platte/facts';
import type { HeldApplication } from './held.js';
import { findHeldGroup, type Scope } from './scope.js';
import { applicationKey, groupKey, type Kept, type Key, type Step } from './steps.js';

type Group = HeldApplication['groups'][number];

export interface StoppedPlan {
  steps: Step[];
  kept: Kept[];
}

/** @param reason of `--resume-paused`; null without it */
export function keepStops(
  steps: readonly Step[],
  scopes: readonly Scope[],
  held: readonly HeldApplication[],
  reason: string | null,
): StoppedPlan {
  const named = scopes.flatMap((scope) => stoppedOf(scope));
  if (reason !== null) return { steps: [...steps, ...named.flatMap((one) => resume(one, steps, reason))], kept: [] };
  const groups = new Map(held.flatMap((one) => one.groups).map((group) => [group.id, group]));
  const done: Step[] = [];
  const kept: Kept[] = [];
  for (const step of steps) {
    const why = whyKept(step, groups) ?? followsFrom(step, kept);
    if (why === null) done.push(step);
    else kept.push({ of: step.of, why, step });
  }
  const paused = named.filter(({ group }) => group.stop).map(({ of, group }) => ({ of, why: describeStop(group) }));
  return { steps: done, kept: [...paused, ...kept] };
}

interface Stopped {
  of: Key;
  application: Key;
  group: Group;
}

/** Groups that the file names and people have stopped. */
function stoppedOf({ wanted, held }: Scope): Stopped[] {
  return wanted.groups.flatMap((one) => {
    const group = findHeldGroup(held, one);
    if (group === undefined || !(group.stop || isStopped(group))) return [];
    return [{ of: groupKey(wanted.name, one.name), application: applicationKey(wanted.name), group }];
  });
}

const isStopped = ({ rollout }: Group): boolean => rollout?.state === 'paused' || rollout?.state === 'halted';

/** The next rollout takes the place of one that is stopped: a step that starts it would end the stop. */
function whyKept({ deed, groups: ids }: Step, groups: ReadonlyMap<string, Group>): string | null {
  const touched = ids.flatMap((id) => groups.get(id) ?? []);
  const stopped = touched.find((group) => isStopped(group));
  switch (deed.do) {
    case 'edit-channel':
      return deed.package !== undefined && stopped ? describeRollout(stopped) : null;
    case 'edit-group':
      return deed.channel !== undefined && stopped ? describeRollout(stopped) : null;
    case 'delete-group':
    case 'delete-application': {
      const paused = touched.find(({ stop }) => stop);
      if (paused) return describeStop(paused);
      return stopped ? describeRollout(stopped) : null;
    }
    default:
      return null;
  }
}

/** Marks of a channel that keeps its package; and what a group that stays refers to. */
function followsFrom(step: Step, kept: readonly Kept[]): string | null {
  const isDeletion = step.deed.do === 'delete-channel' || step.deed.do === 'delete-package';
  const cause = kept.find((one) =>
    isDeletion
      ? one.step?.application === step.application
      : one.step?.deed.do === 'edit-channel' && step.of.endsWith(`in ${one.of}`),
  );
  return cause === undefined ? null : `waits for ${cause.of}`;
}

function resume({ of, application, group }: Stopped, steps: readonly Step[], reason: string): Step[] {
  const base = { sign: '~' as const, of, application, groups: [group.id] };
  const { stop, rollout } = group;
  const resumed: Step[] = [];
  // A rollout that the file replaces needs no resume.
  const isReplaced = steps.some(({ deed, groups }) => groups.includes(group.id) && startsRollout(deed));
  if (rollout && isStopped(group) && !isReplaced) {
    const differences = [{ field: 'rollout', before: rollout.state, after: 'running' }];
    resumed.push({ ...base, differences, deed: { do: 'resume-rollout', rollout: rollout.id, note: reason } });
  }
  if (stop) {
    const differences = [{ field: 'paused', before: `by ${whoOf(stop)}${because(stop.note)}`, after: null }];
    resumed.push({ ...base, differences, deed: { do: 'resume-group', note: reason } });
  }
  return resumed;
}

function startsRollout(deed: Step['deed']): boolean {
  if (deed.do === 'edit-channel') return deed.package !== undefined;
  return deed.do === 'edit-group' && deed.channel !== undefined;
}

function describeStop({ name, stop }: Group): string {
  const by = stop ? ` by ${whoOf(stop)} since ${stop.at}${because(stop.note)}` : '';
  return `group ${name} is paused${by}`;
}

function describeRollout({ name, rollout }: Group): string {
  return `the rollout of ${rollout?.toVersion ?? ''} in group ${name} is ${rollout?.state ?? ''}${because(rollout?.cause)}`;
}

const whoOf = ({ actor: name, actorKind: kind }: NonNullable<Group['stop']>): string => describeActor({ kind, name });

const because = (note: string | undefined): string => (note ? `: ${note}` : '');
