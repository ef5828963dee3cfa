import type { NounSpec } from '../command-spec.js';
import type { FieldSpec } from '../option-spec.js';
import { orNone, toFreeze, toMs, toPollSeconds, toRate, toWhole, toWindow } from '../field-values.js';
import { fromFile, groupArgument, inApp, note, ofApp } from './options.js';
import { machineCounts } from './counts.js';
import { progressQuestions } from './progress.js';
import { instanceList } from './instances.js';

/** The group's policy, field by field; docs/how-to and the domain say what each means. */
const policy: readonly FieldSpec[] = [
  { flags: '--updates', about: 'the policy takes updates; a pause stands beside it', path: 'policy.updatesEnabled' },
  { flags: '--no-updates', about: 'the policy takes no updates', path: 'policy.updatesEnabled' },
  {
    flags: '--rate <n/period>',
    about: 'at most n grants in any period: 50/10m; none',
    parse: orNone(toRate),
    path: 'policy.rateLimit',
  },
  {
    flags: '--concurrency <n>',
    about: 'at most n machines at once; none',
    parse: orNone(toWhole),
    path: 'policy.concurrencyLimit',
  },
  {
    flags: '--update-timeout <span>',
    about: 'an update not finished by then counts as timed out: 60m',
    parse: toMs,
    path: 'policy.updateTimeoutMs',
  },
  { flags: '--safe-mode', about: 'one machine at a time until one has succeeded', path: 'policy.safeMode' },
  { flags: '--no-safe-mode', about: 'as many as the limits allow', path: 'policy.safeMode' },
  {
    flags: '--hours <kind>',
    about: 'when updates are offered',
    choices: ['always', 'office'],
    path: 'policy.hours.kind',
  },
  {
    flags: '--window <window>',
    about: 'own hours, may be repeated: "Mon-Fri 09:00-17:00"',
    parse: toWindow,
    repeat: true,
    path: 'policy.hours.windows',
  },
  { flags: '--timezone <zone>', about: 'in which hours and freezes are read: Europe/Berlin', path: 'policy.timezone' },
  {
    flags: '--freeze <days>',
    about: 'no offers on these days, may be repeated: 2026-12-20..2027-01-06:holidays',
    parse: toFreeze,
    repeat: true,
    path: 'policy.freezes',
  },
  { flags: '--clear-freezes', about: 'no freezes', path: 'policy.freezes', value: [] },
  {
    flags: '--downgrade',
    about: 'machines above the version of the channel may be offered it',
    path: 'policy.allowDowngrade',
  },
  { flags: '--no-downgrade', about: 'machines never go down', path: 'policy.allowDowngrade' },
  {
    flags: '--poll-interval <span>',
    about: 'what machines are told: 45m, auto',
    parse: toPollSeconds,
    path: 'policy.pollIntervalSeconds',
  },
  { flags: '--backoff <span>', about: 'after a failure, doubling', parse: toMs, path: 'policy.backoffMs' },
  { flags: '--backoff-max <span>', about: 'up to this', parse: toMs, path: 'policy.backoffMaxMs' },
  { flags: '--quarantine-after <n>', about: 'failures of one version', parse: toWhole, path: 'policy.quarantineAfter' },
];

const fields: readonly FieldSpec[] = [
  { flags: '--description <text>', about: 'what it is', path: 'description' },
  { flags: '--track <track>', about: 'what machines say to land here', path: 'track' },
  { flags: '--channel <channel>', about: 'what it follows: id or name; none', path: 'channel' },
  ...policy,
];

/** The word of `apply`. */
const reason = { flags: '--reason <text>', about: 'the same as --note' };

const load = () => import('../run/groups.js');

export const groups: NounSpec = {
  name: 'groups',
  aliases: ['group'],
  summary: 'machines of one track, and the policy by which they are updated',
  verbs: [
    {
      name: 'list',
      aliases: ['ls'],
      kind: 'list',
      summary: 'list groups with their rollouts',
      options: [ofApp],
      operations: ['listGroups'],
      load: async () => (await load()).listGroups,
    },
    {
      name: 'get',
      kind: 'read',
      summary: 'show one group with its policy and rollout',
      args: [groupArgument],
      options: [ofApp],
      operations: ['getGroup'],
      load: async () => (await load()).getGroup,
    },
    {
      name: 'create',
      kind: 'change',
      summary: 'create a group',
      args: [['<name>', 'unique in its application']],
      options: [inApp, fromFile],
      fields: [
        { flags: '--id <uuid>', about: 'where machines name a fixed one', path: 'id' },
        ...fields,
        { flags: '--paused', about: 'the same as --no-updates', path: 'policy.updatesEnabled', value: false },
      ],
      examples: ['platte groups create Canary --track canary --channel stable/amd64 --rate 20/1h --safe-mode'],
      operations: ['createGroup'],
      load: async () => (await load()).createGroup,
    },
    {
      name: 'update',
      kind: 'change',
      summary: 'edit a group or its policy; what is not named stays as it is',
      args: [groupArgument],
      options: [ofApp, fromFile],
      fields: [{ flags: '--name <name>', about: 'another name', path: 'name' }, ...fields],
      examples: [
        'platte groups update stable --rate 500/1h --hours office --timezone Europe/Berlin',
        'platte groups update stable --window "Sat,Sun 00:00-24:00" --window "Mon-Fri 20:00-23:00"',
      ],
      operations: ['editGroup'],
      load: async () => (await load()).updateGroup,
    },
    {
      name: 'delete',
      kind: 'change',
      destructive: true,
      summary: 'delete a group',
      args: [groupArgument],
      options: [ofApp],
      operations: ['deleteGroup'],
      load: async () => (await load()).deleteGroup,
    },
    {
      name: 'pause',
      kind: 'change',
      summary: 'grant nothing and re-offer nothing in this group, until a person resumes it',
      args: [groupArgument],
      options: [ofApp, note, reason],
      operations: ['pauseGroup'],
      load: async () => (await load()).pauseGroup,
    },
    {
      name: 'resume',
      kind: 'change',
      summary: 'end the pause of this group; its policy must allow updates too',
      args: [groupArgument],
      options: [ofApp, note, reason],
      operations: ['resumeGroup'],
      load: async () => (await load()).resumeGroup,
    },
    {
      name: 'instances',
      kind: 'list',
      summary: 'list the machines of a group',
      args: [groupArgument],
      options: [ofApp, ...instanceList],
      operations: ['listGroupInstances'],
      load: async () => (await import('../run/instances.js')).listGroupInstances,
    },
    ...machineCounts('group', groupArgument, [ofApp], {
      breakdown: 'getGroupBreakdown',
      difference: 'getGroupDifference',
    }),
    ...progressQuestions('group', groupArgument, [ofApp], {
      failures: 'getGroupFailures',
      funnel: 'getGroupFunnel',
      silent: 'getGroupSilentInstances',
      progress: 'getGroupStatusCounts',
      seen: 'getGroupInstancesSeen',
    }),
  ],
};
