// Rollouts: a group's way to one package.
//
//   running  --PauseRollout-->  paused   --ResumeRollout-->  running
//   running  --HaltRollout or a rule-->  halted  --ResumeRollout-->  running
//   running  --FinishRollout, when all machines have it-->  finished: a mark for people; machines that appear later are
//   granted under the same limits, and a person or a rule can pause and halt it like one that is running
//   running, paused, halted, finished  --the next rollout starts-->  superseded
//
// One starts by itself when a group takes updates (its policy has them enabled, and nobody has paused it) and has a channel
// whose package its rollout is not of; by hand when the one of the channel's package was halted or finished.
import { describeActor } from '@platte/facts';
import type { Group, Package, Rollout, Wave } from './catalog.js';
import type { CatalogChange, RolloutChange } from './catalog-change.js';
import type { ApplicationState } from './catalog-state.js';
import type { RolloutCommand } from './commands.js';
import { type DecideContext, type Decided, refuseStale } from './decide-context.js';
import { placesMax } from './place.js';
import { refuse, type Rejection } from './rejection.js';

/** The plan for now: everybody at once, under the group's limits. */
const oneWave: Wave = {
  places: placesMax,
  soakMs: 0,
  successPercent: 0,
  errorPercent: 100,
  errorCountMin: 0,
  needsApproval: false,
};

/** The clocks of a lease and of whoever starts the next rollout agree within a second. */
const clockSlackMs = 1000;

export function decideRollout(command: RolloutCommand, state: ApplicationState, context: DecideContext): Decided {
  const group = state.groups.get(command.group);
  if (group === undefined) return refuse('unknown-group', 'The application has no group with this id.', '/group');
  const stale = refuseStale(state, group.id, command.seen);
  if (stale !== null) return stale;
  const rollout = state.rollouts.get(group.id);
  if (command.kind === 'StartRollout') return startByHand(state, group, command.cause, context);
  if (rollout === undefined)
    return refuse('unknown-rollout', 'The group has no rollout yet: give its channel a package and resume the group.');
  switch (command.kind) {
    case 'PauseRollout':
      return pause(rollout, state, command.cause);
    case 'ResumeRollout':
      return resume(rollout, state, command.cause);
    case 'HaltRollout':
      return halt(rollout, state, command.cause);
    case 'FinishRollout':
      return finish(rollout, state, group, command);
    default:
      return command satisfies never;
  }
}

/** What must start or end now that the state is this one: called after every command, so that no command can forget it. */
export function startDueRollouts(state: ApplicationState, context: DecideContext): CatalogChange[] {
  return [...state.groups.values()].flatMap((group) => {
    const pkg = packageOf(state, group);
    const current = state.rollouts.get(group.id);
    if (takesUpdates(state, group) && pkg !== null && current?.package !== pkg.id)
      return start(state, group, pkg, '', context);
    return current && !state.packages.has(current.package) ? supersede(state, group, 'its package was deleted') : [];
  });
}

function takesUpdates(state: ApplicationState, { id, policy }: Group): boolean {
  return policy.updatesEnabled && !state.stops.has(id);
}

/** Ends the rollout that a group has, if it still can end. */
export function supersede(state: ApplicationState, group: Group, cause: string): RolloutChange[] {
  const before = state.rollouts.get(group.id);
  if (before === undefined || before.state === 'superseded') return [];
  return [rolloutChange('RolloutSuperseded', state, before, { ...before, state: 'superseded', cause })];
}

/** A halt by a rule, as by a person: the same change. Null when there is nothing to halt. */
export function haltRollout(rollout: Rollout, cause: string): Rollout | null {
  return rollout.state === 'halted' || rollout.state === 'superseded' ? null : { ...rollout, state: 'halted', cause };
}

function startByHand(state: ApplicationState, group: Group, cause: string, context: DecideContext): Decided {
  const pkg = packageOf(state, group);
  if (pkg === null) return refuse('no-package', 'The group has no channel with a package: assign one first.', '/group');
  const stop = state.stops.get(group.id);
  if (stop !== undefined)
    return refuse(
      'updates-disabled',
      `The group was paused by ${describeActor(stop.actor)}: resume it first.`,
      '/group',
    );
  if (!group.policy.updatesEnabled)
    return refuse('updates-disabled', 'Updates are off in the policy of the group: turn them on first.', '/group');
  const current = state.rollouts.get(group.id);
  const isUnderWay = current?.package === pkg.id && (current.state === 'running' || current.state === 'paused');
  if (isUnderWay)
    return refuse(
      'rollout-running',
      `The rollout of ${current.toVersion} is ${current.state}: resume or halt that one.`,
      '/group',
    );
  return start(state, group, pkg, cause, context);
}

function start(
  state: ApplicationState,
  group: Group,
  pkg: Package,
  cause: string,
  { now, newId }: DecideContext,
): RolloutChange[] {
  const previous = state.rollouts.get(group.id);
  const id = newId();
  const after: Rollout = {
    id,
    group: group.id,
    package: pkg.id,
    toVersion: pkg.version,
    state: 'running',
    cause,
    // Any text that differs from rollout to rollout: it draws each machine's place anew.
    salt: id,
    waves: [oneWave],
    openWave: 1,
    startedAt: now,
    earlierLeasesUntil: previous
      ? Math.max(previous.earlierLeasesUntil, now + group.policy.updateTimeoutMs + clockSlackMs)
      : 0,
  };
  const ended = supersede(state, group, `the rollout of ${pkg.version} started`);
  return [...ended, rolloutChange('RolloutStarted', state, null, after)];
}

function pause(before: Rollout, state: ApplicationState, cause: string): Decided {
  if (before.state === 'paused') return [];
  if (before.state === 'halted') return refuseEnded(before, 'resume it, or leave it halted');
  return [rolloutChange('RolloutPaused', state, before, { ...before, state: 'paused', cause })];
}

function resume(before: Rollout, state: ApplicationState, cause: string): Decided {
  if (before.state === 'running' || before.state === 'finished') return [];
  return [rolloutChange('RolloutResumed', state, before, { ...before, state: 'running', cause })];
}

function halt(before: Rollout, state: ApplicationState, cause: string): Decided {
  const after = haltRollout(before, cause);
  return after === null ? [] : [rolloutChange('RolloutHalted', state, before, after)];
}

function finish(
  before: Rollout,
  state: ApplicationState,
  group: Group,
  { rollout, cause }: Extract<RolloutCommand, { kind: 'FinishRollout' }>,
): Decided {
  const { toVersion } = before;
  if (before.id !== rollout) {
    const words = `The group has another rollout now, of ${toVersion}: count its machines again.`;
    return refuse('rollout-ended', words, '/rollout');
  }
  if (before.state === 'finished') return [];
  if (before.state !== 'running') return refuseEnded(before, 'only one that is running can finish');
  if (packageOf(state, group)?.id !== before.package) {
    const words = `The group's channel does not have ${toVersion} any more: resume the group, and the next rollout starts.`;
    return refuse('rollout-ended', words, '/rollout');
  }
  return [rolloutChange('RolloutFinished', state, before, { ...before, state: 'finished', cause })];
}

function refuseEnded(rollout: Rollout, advice: string): Rejection {
  return refuse('rollout-ended', `The rollout of ${rollout.toVersion} is ${rollout.state}: ${advice}.`, '/group');
}

function packageOf(state: ApplicationState, group: Group): Package | null {
  const channel = group.channel === null ? undefined : state.channels.get(group.channel);
  return (channel?.package && state.packages.get(channel.package)) || null;
}

function rolloutChange(
  kind: RolloutChange['kind'],
  state: ApplicationState,
  before: Rollout | null,
  after: Rollout,
): RolloutChange {
  const application = state.application.id;
  return {
    of: 'rollout',
    kind,
    application,
    group: after.group,
    machine: '',
    subject: after.id,
    cause: after.cause,
    before,
    after,
  };
}
