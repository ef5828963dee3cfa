// One plain sentence per answer, for people: console, command line and API show the same words.
import type { Answer, AnswerInputs, AnswerReason } from '@platte/facts';

type Words = (inputs: AnswerInputs) => string;

const words: Record<AnswerReason, Words> = {
  'unknown-application': () => 'No application has the id that the machine sent.',
  'invalid-application-id': () => 'The machine sent no usable application id.',
  'no-machine-id': () => 'The request names no machine, so nothing can be granted to it.',
  'too-many-new-machines': () =>
    'The machine’s address brought up more new machines within the hour than it may, so this one is not taken in yet.',
  'unknown-group': () => 'No group of the application has the machine’s track and architecture.',
  'no-package': (seen) => (seen.note ? `No package fits: ${seen.note}.` : 'The group’s channel has no package.'),
  'syncer-needs-multi-manifest': (seen) =>
    seen.note
      ? `The syncer cannot be served: ${seen.note}.`
      : 'The channel has floors, and this syncer cannot read several manifests in one answer.',
  'invalid-version': () => 'The machine reports a version that cannot be read, so it is compared with nothing.',
  'dead-end': (seen) => `The machine’s version may not be updated from${because(seen)}.`,
  'up-to-date': (seen) => `The machine has the channel’s version${named(seen)}.`,
  'ahead-of-channel': (seen) =>
    `The machine is above the channel’s version${named(seen)}, and the group allows no downgrade.`,
  blacklisted: (seen) => `The next version${named(seen)} is blacklisted for the channel.`,
  'updates-disabled': wordsOfDisabled,
  'rollout-paused': (seen) => `The rollout${named(seen)} is paused${because(seen)}.`,
  'rollout-halted': (seen) => `The rollout${named(seen)} is halted${because(seen)}.`,
  'outside-window': (seen) => `The group updates only in its hours: ${seen.window ?? 'see its policy'}.`,
  frozen: (seen) => `The group is frozen: ${seen.window ?? 'see its policy'}.`,
  'not-in-wave': (seen) =>
    `The machine’s place ${seen.place ?? '?'} is not in the open waves, which take those below ${seen.wavePlaces ?? '?'} of 10000.`,
  'awaiting-approval': (seen) =>
    `The machine is in a wave that needs a person’s approval; wave ${seen.wave ?? '?'} is open.`,
  'policy-unavailable': () => 'No decision could be had in time; the machine asks again by itself.',
  'rule-failed': (seen) =>
    `The platform failed to decide${because(seen)}. This is a mistake of ours; other applications and machines are answered.`,
  held: (seen) => `A person holds the machine${because(seen)}.`,
  cloned: () =>
    'Several machines use this id, and another of them is being updated in another group: give each an id of its own.',
  'rolled-back': (seen) => `The machine rolled back from the version${named(seen)}, so it is not offered again.`,
  'backing-off': (seen) => `The machine failed ${times(seen.failures)} and waits before it tries again.`,
  quarantined: (seen) =>
    `The machine failed ${times(seen.failures)} with the version${named(seen)} and is not tried again until a person forgives it.`,
  'safe-mode-probing': () =>
    'Safe mode updates one machine at a time until one has succeeded; another machine is being tried.',
  'rate-limited': (seen) =>
    `The group’s limit of ${seen.limit ?? '?'} grants${perPeriod(seen.periodMs)} is used up (${seen.used ?? seen.limit ?? '?'}).`,
  'concurrency-limited': (seen) =>
    `The group’s limit of ${seen.limit ?? '?'} updates at once is used up (${seen.used ?? seen.limit ?? '?'}).`,
  're-offered': (seen) => `The machine was offered the update${named(seen)} again: it holds a grant of it.`,
  granted: (seen) => `The machine was granted the update${named(seen)}.`,
};

/** The end of year 9999: RFC 3339 has no later time, and what would change after it does not change. */
const lastWritableTime = Date.parse('9999-12-31T23:59:59.999Z');

/** One sentence, and a second one with the time where it is known when the answer changes by itself. */
export function wordsFor({ reason, inputs, until }: Answer): string {
  const sentence = words[reason](inputs);
  return until === undefined || until > lastWritableTime
    ? sentence
    : `${sentence} This can change at ${new Date(until).toISOString().replace('.000Z', 'Z')}.`;
}

/** Answers of before say nothing of who refused. */
function wordsOfDisabled(seen: AnswerInputs): string {
  switch (seen.refusedBy) {
    case 'pause':
      return `The group is paused${because(seen)}.`;
    case 'pause-and-policy':
      return `The group is paused${because(seen)}. Updates are off in its policy too.`;
    case 'policy':
      return 'Updates are off in the policy of the group.';
    case 'machine':
    case undefined:
      return seen.note ? `Updates are off: ${seen.note}.` : 'Updates are off for the group.';
    default:
      return seen.refusedBy satisfies never;
  }
}

function named({ target }: AnswerInputs): string {
  return target === undefined ? '' : ` ${target}`;
}

function because({ note }: AnswerInputs): string {
  return note === undefined || note === '' ? '' : `: ${note}`;
}

function times(count: number | undefined): string {
  if (count === undefined) return 'before';
  return count === 1 ? 'once' : `${count} times`;
}

function perPeriod(periodMs: number | undefined): string {
  if (periodMs === undefined) return '';
  const units: [number, string][] = [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
    [1000, 'second'],
  ];
  const [ms, unit] = units.find(([ms]) => periodMs % ms === 0) ?? [1, 'millisecond'];
  return periodMs === ms ? ` per ${unit}` : ` in any ${periodMs / ms} ${unit}s`;
}
