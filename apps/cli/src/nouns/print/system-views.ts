// What happened, who did it, tokens, refused requests, parked messages.
import type { Activity, Change, LostChange, ParkedMessage, RefusedReport, Restore, Token } from '@platte/api-contract';
import { describeActor } from '@platte/facts';
import type { z } from 'zod';
import type { Names } from './catalog-views.js';
import type { Column } from './table.js';
import { toAge, toCount } from './words.js';

/** The kind too: a token may have any name. */
const toActorText = ({ actor: name, actorKind: kind }: Pick<Change, 'actor' | 'actorKind'>): string =>
  describeActor({ kind, name });

export const activityColumns = (groups: Names): readonly Column<Activity>[] => [
  { name: 'AT', cell: ({ at }) => at },
  { name: 'KIND', cell: ({ kind }) => kind, isWide: true },
  { name: 'GROUP', cell: ({ group }) => (group === null ? '' : groups(group)) },
  { name: 'ACTOR', cell: toActorText },
  { name: 'WHAT', cell: ({ words }) => words },
  { name: 'SUBJECT', cell: ({ subject }) => subject, isWide: true },
];

export const changeColumns: readonly Column<Change>[] = [
  { name: 'AT', cell: ({ at }) => at },
  { name: 'ACTOR', cell: toActorText },
  { name: 'KIND', cell: ({ kind }) => kind },
  { name: 'SUBJECT', cell: ({ subject }) => subject },
  { name: 'CHANGED', cell: ({ before, after }) => describeDifference(before, after) },
  { name: 'NOTE', cell: ({ note }) => note },
  { name: 'REVISION', cell: ({ revision }) => (revision === null ? '' : String(revision)), isWide: true },
];

/** The fields that differ, with both values: the whole of both is in `-o json`. */
export function describeDifference(before: Change['before'], after: Change['after']): string {
  if (before === null || after === null) return '';
  return listDifferences(before, after, '').join(', ');
}

/** Field by field, also within fields: of a policy with twenty fields one has changed. */
function listDifferences(before: Fields, after: Fields, path: string): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => {
    const [was, is] = [before[name], after[name]];
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    if (isFields(was) && isFields(is)) return listDifferences(was, is, `${path}${name}.`);
    return [`${path}${name}: ${toShort(was)} -> ${toShort(is)}`];
  });
}

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const valueCharsMax = 60;

function toShort(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  const text = JSON.stringify(value);
  return text.length <= valueCharsMax ? text : `${text.slice(0, valueCharsMax - 1)}…`;
}

export const tokenColumns: readonly Column<z.infer<typeof Token>>[] = [
  { name: 'ID', cell: ({ id }) => id },
  { name: 'NAME', cell: ({ name }) => name },
  { name: 'ROLE', cell: ({ role }) => role },
  { name: 'USED', cell: ({ lastUsed }, now) => toAge(lastUsed, now) || 'never', align: 'right' },
  {
    name: 'EXPIRES',
    cell: ({ revoked, expires }, now) => (revoked === null ? toAge(expires, now) || 'never' : 'revoked'),
    align: 'right',
  },
  { name: 'CREATED BY', cell: ({ createdBy: name, createdByKind: kind }) => describeActor({ kind, name }) },
  { name: 'APPLICATIONS', cell: ({ applications }) => applications?.join(',') ?? 'all', isWide: true },
];

export const refusedColumns: readonly Column<RefusedReport>[] = [
  { name: 'AT', cell: ({ at }) => at },
  { name: 'PROGRAM', cell: ({ program }) => program, isWide: true },
  {
    name: 'REFUSED',
    cell: ({ counts }) =>
      Object.entries(counts)
        .map(([reason, count]) => `${reason} ${toCount(count)}`)
        .join(', '),
  },
  { name: 'FROM', cell: ({ samples }) => samples[0]?.ip ?? '' },
  { name: 'SAMPLE', cell: ({ samples }) => samples[0]?.detail ?? '' },
];

export const parkedColumns: readonly Column<ParkedMessage>[] = [
  { name: 'ID', cell: ({ id }) => String(id), align: 'right' },
  { name: 'CONSUMER', cell: ({ consumer }) => consumer },
  { name: 'PARKED', cell: ({ parkedAt }, now) => toAge(parkedAt, now), align: 'right' },
  { name: 'SEQUENCE', cell: ({ sequence }) => String(sequence), align: 'right' },
  { name: 'BYTES', cell: ({ bytes }) => toCount(bytes), align: 'right', isWide: true },
  { name: 'REASON', cell: ({ reason }) => reason },
  { name: 'EXCERPT', cell: ({ excerpt }) => excerpt, isWide: true },
];

const restoreWords: Record<Restore['state'], string> = {
  none: 'no: PostgreSQL knows what the log does',
  learning: 'yes: what PostgreSQL forgot is read from the log',
  waiting: 'yes: for `platte restore apply`',
};

export function describeRestore(restore: Restore): readonly (readonly [string, string])[] {
  const { state, foundAt, since, grants, ends, unlogged, changes } = restore;
  const waits = ['Grants wait', restoreWords[state]] as const;
  if (foundAt === null) return [waits];
  return [
    waits,
    ['Found', foundAt],
    ['Backup of', since ?? 'not known'],
    ['Learnt', `${grants + unlogged} grants, ${ends} ends of leases`],
    ['Changes since', changes.length === 0 ? 'none' : changes.map(describeLost).join('\n')],
  ];
}

function describeLost(change: LostChange): string {
  const { at, kind, subject, instance, applies, outcome } = change;
  const what = outcome ?? (applies ? 'to be applied' : 'by hand: it is not applied');
  return `${at}  ${kind} ${instance === '' ? subject : instance} by ${toActorText(change)}: ${what}`;
}
