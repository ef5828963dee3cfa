// Applications, packages, channels and groups, as rows and as one thing. Ids are looked up in `Names`, so that people read names.
import { describeActor } from '@platte/facts';
import type { Application, Breakdown, Channel, Group, Package, Rollout } from '@platte/api-contract';
import { countOf } from './counts.js';
import type { Column } from './table.js';
import { toAge, toCount, toMinuteOfDay, toPercent, toSpan } from './words.js';

/** What an id is called; the id itself when it is not known. */
export type Names = (id: string | null) => string;

type Fields = readonly (readonly [string, string])[];

const yesNo = (is: boolean): string => (is ? 'yes' : 'no');

export const applicationColumns: readonly Column<Application>[] = [
  { name: 'NAME', cell: ({ name }) => name },
  { name: 'ID', cell: ({ id }) => id },
  { name: 'VERSIONING', cell: ({ versioning }) => versioning },
  { name: 'REBOOTS', cell: ({ reboots }) => yesNo(reboots) },
  { name: 'PRODUCT ID', cell: ({ productId }) => productId ?? '' },
  { name: 'DESCRIPTION', cell: ({ description }) => description, isWide: true },
];

export const applicationFields = (it: Application): Fields => [
  ['Name', it.name],
  ['Id', it.id],
  ['Description', it.description],
  ['Versioning', it.versioning],
  ['Reboots', yesNo(it.reboots)],
  ['Product id', it.productId ?? ''],
  ['Revision', String(it.revision)],
];

export const packageColumns = (names: Names): readonly Column<Package>[] => [
  { name: 'VERSION', cell: ({ version }) => version },
  { name: 'ARCH', cell: ({ arch }) => arch },
  { name: 'TYPE', cell: ({ type }) => type },
  { name: 'SIZE', cell: ({ size }) => toCount(size), align: 'right' },
  { name: 'APPLICATION', cell: ({ application }) => names(application) },
  { name: 'NOTE', cell: ({ example }) => (example ? 'example' : '') },
  { name: 'ID', cell: ({ id }) => id },
  { name: 'URL', cell: ({ url, filename }) => url + filename, isWide: true },
];

export const packageFields =
  (names: Names) =>
  (it: Package): Fields => [
    ['Version', it.version],
    ['Arch', it.arch],
    ['Id', it.id],
    ['Application', names(it.application)],
    ['Type', it.type],
    ['Payload', it.url + it.filename],
    ['Size', `${toCount(it.size)} bytes`],
    ['SHA-1', it.sha1 ?? ''],
    ['SHA-256', it.sha256 ?? ''],
    ['Action SHA-256', it.action?.sha256 ?? ''],
    ['Files', it.files.map(({ name, size }) => `${name} (${toCount(size)} bytes)`).join('\n')],
    ['Description', it.description],
    ['Note', it.example ? 'an example: no payload exists behind it' : ''],
    ['Revision', String(it.revision)],
  ];

export const channelColumns = (names: Names, versions: Names): readonly Column<Channel>[] => [
  { name: 'NAME', cell: ({ name }) => name },
  { name: 'ARCH', cell: ({ arch }) => arch },
  { name: 'VERSION', cell: (channel) => (channel.package === null ? '' : versions(channel.package)) },
  { name: 'FLOORS', cell: ({ floors }) => String(floors.length), align: 'right' },
  { name: 'BLACKLIST', cell: ({ blacklist }) => String(blacklist.length), align: 'right' },
  { name: 'APPLICATION', cell: ({ application }) => names(application) },
  { name: 'ID', cell: ({ id }) => id },
  { name: 'COLOR', cell: ({ color }) => color, isWide: true },
];

export const channelFields =
  (names: Names, versions: Names) =>
  (it: Channel): Fields => [
    ['Name', it.name],
    ['Arch', it.arch],
    ['Id', it.id],
    ['Application', names(it.application)],
    ['Version', it.package === null ? 'none: it offers nothing' : versions(it.package)],
    [
      'Floors',
      it.floors.map(({ package: id, reason }) => `${versions(id)}${reason === '' ? '' : `  ${reason}`}`).join('\n'),
    ],
    ['Blacklist', it.blacklist.map((id) => versions(id)).join('\n')],
    ['Color', it.color],
    ['Revision', String(it.revision)],
  ];

export type UpdatesOf = 'on' | 'paused' | 'off';

/** `paused`: by a person; `off`: by the policy alone. */
export function updatesOf({ stop, policy }: Pick<Group, 'stop' | 'policy'>): UpdatesOf {
  if (stop) return 'paused';
  return policy.updatesEnabled ? 'on' : 'off';
}

function describeUpdates({ stop, policy }: Group, now: number): string {
  if (!stop) return policy.updatesEnabled ? 'on' : 'off in the policy';
  const note = stop.note === '' ? '' : `: ${stop.note}`;
  const policyToo = policy.updatesEnabled ? '' : '; off in the policy too';
  return `paused by ${describeActor({ kind: stop.actorKind, name: stop.actor })}, ${toAge(stop.at, now)} ago${note}${policyToo}`;
}

export const groupColumns = (names: Names, channels: Names): readonly Column<Group>[] => [
  { name: 'NAME', cell: ({ name }) => name },
  { name: 'TRACK', cell: ({ track }) => track },
  { name: 'CHANNEL', cell: ({ channel }) => (channel === null ? '' : channels(channel)) },
  { name: 'UPDATES', cell: (group) => updatesOf(group) },
  { name: 'ROLLOUT', cell: ({ rollout }) => (rollout ? `${rollout.toVersion} ${rollout.state}` : '') },
  { name: 'LIMITS', cell: ({ policy }) => describeLimits(policy), isWide: true },
  { name: 'APPLICATION', cell: ({ application }) => names(application) },
  { name: 'ID', cell: ({ id }) => id },
];

type Policy = Group['policy'];

export function describeLimits({ rateLimit, concurrencyLimit, safeMode }: Policy): string {
  const limits = [
    ...(rateLimit === null ? [] : [`${rateLimit.max} per ${toSpan(rateLimit.periodMs)}`]),
    ...(concurrencyLimit === null ? [] : [`${concurrencyLimit} at once`]),
    ...(safeMode ? ['safe mode'] : []),
  ];
  return limits.join(', ') || 'none';
}

function describeHours({ hours, timezone }: Policy): string {
  switch (hours.kind) {
    case 'always':
      return 'always';
    case 'office':
      return `Mon-Fri 09:00-17:00 ${timezone}`;
    case 'windows':
      return hours.windows.map((window) => `${describeWindow(window)} ${timezone}`).join('\n');
    default:
      return hours satisfies never;
  }
}

const dayNames = ['', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

function describeWindow({ days, from, to }: { days: number[]; from: number; to: number }): string {
  return `${days.map((day) => dayNames[day]).join(',')} ${toMinuteOfDay(from)}-${toMinuteOfDay(to)}`;
}

export const groupFields =
  (names: Names, channels: Names) =>
  (it: Group, now: number): Fields => [
    ['Name', it.name],
    ['Id', it.id],
    ['Application', names(it.application)],
    ['Description', it.description],
    ['Track', it.track],
    ['Channel', it.channel === null ? 'none: machines are offered nothing' : channels(it.channel)],
    ['Updates', describeUpdates(it, now)],
    ['Limits', describeLimits(it.policy)],
    ['Update timeout', toSpan(it.policy.updateTimeoutMs)],
    ['Hours', describeHours(it.policy)],
    ['Freezes', it.policy.freezes.map(({ from, to, note }) => `${from}..${to} ${note}`.trim()).join('\n')],
    ['Downgrade', it.policy.allowDowngrade ? 'allowed' : 'never'],
    [
      'Poll interval',
      it.policy.pollIntervalSeconds === null ? 'automatic' : toSpan(it.policy.pollIntervalSeconds * 1000),
    ],
    [
      'After a failure',
      `wait ${toSpan(it.policy.backoffMs)}, doubling up to ${toSpan(it.policy.backoffMaxMs)}; quarantine after ${it.policy.quarantineAfter}`,
    ],
    ['Rollout', it.rollout ? describeRollout(it.rollout, now) : 'none yet'],
    ['Revision', String(it.revision)],
  ];

export function describeRollout(it: Rollout, now: number): string {
  const wave = it.waves.length > 1 ? `, wave ${it.openWave} of ${it.waves.length}` : '';
  const cause = it.cause === '' ? '' : `: ${it.cause}`;
  return `to ${it.toVersion}, ${it.state}${cause}${wave}, started ${toAge(it.startedAt, now)} ago (${it.id})`;
}

export const rolloutColumns = (groups: Names): readonly Column<Rollout>[] => [
  { name: 'GROUP', cell: ({ group }) => groups(group) },
  { name: 'TO', cell: ({ toVersion }) => toVersion },
  { name: 'STATE', cell: ({ state }) => state },
  { name: 'WAVE', cell: ({ openWave, waves }) => `${openWave}/${waves.length}`, align: 'right' },
  { name: 'AGE', cell: ({ startedAt }, now) => toAge(startedAt, now), align: 'right' },
  { name: 'CAUSE', cell: ({ cause }) => cause },
  { name: 'ID', cell: ({ id }) => id },
];

/** What of the group has arrived, of all that was seen lately. */
function describeArrived(toVersion: string, { total, versions, statuses }: Breakdown): string {
  const arrived = countOf(versions, toVersion);
  const failed = ['failed', 'timed-out', 'rolled-back'].reduce((all, status) => all + countOf(statuses, status), 0);
  if (total === 0) return 'none seen in the last day';
  const share = `${toCount(arrived)} of ${toCount(total)} at ${toVersion} (${toPercent(arrived, total)})`;
  return failed === 0 ? share : `${share}; ${toCount(failed)} failed: \`platte instances list --status failed\``;
}

/** @param breakdown of the group now; undefined where the history does not answer, or the rollout is of yesterday */
export const rolloutFields =
  (names: Names, groups: Names, breakdown: Breakdown | undefined) =>
  (it: Rollout): Fields => [
    ['Id', it.id],
    ['Application', names(it.application)],
    ['Group', groups(it.group)],
    ['To', it.toVersion],
    ['State', it.state],
    ['Cause', it.cause],
    ['Started', it.startedAt],
    ['Machines', breakdown === undefined ? '' : describeArrived(it.toVersion, breakdown)],
    [
      'Waves',
      it.waves
        .map(({ places, soakMs, successPercent, errorPercent }, at) => {
          const open = at + 1 === it.openWave ? '  <- open' : '';
          return `${at + 1}: up to ${places / 100}% of the group, soak ${toSpan(soakMs)}, success ${successPercent}%, errors below ${errorPercent}%${open}`;
        })
        .join('\n'),
    ],
  ];
