// Machines, their history and their answers, as rows and as one thing.
import type { AnswerView, Decision, HistoryItem, Instance, InstanceSummary, WhyAnswer } from '@platte/api-contract';
import { describeActor } from '@platte/facts';
import type { Names } from './catalog-views.js';
import type { Column } from './table.js';
import { toAge, toSpan } from './words.js';

type Fields = readonly (readonly [string, string])[];

export const instanceColumns = (groups: Names): readonly Column<InstanceSummary>[] => [
  { name: 'MACHINE', cell: ({ id }) => id },
  { name: 'ALIAS', cell: ({ alias }) => alias },
  { name: 'GROUP', cell: ({ group }) => (group === null ? '' : groups(group)) },
  { name: 'VERSION', cell: ({ version }) => version },
  { name: 'STATUS', cell: ({ status }) => status },
  { name: 'LAST ANSWER', cell: ({ reason }) => reason ?? '' },
  { name: 'SEEN', cell: ({ lastSeen }, now) => toAge(lastSeen, now), align: 'right' },
  { name: 'ARCH', cell: ({ arch }) => arch, isWide: true },
  { name: 'OEM', cell: ({ oem }) => oem, isWide: true },
  { name: 'ADDRESS', cell: ({ ip }) => ip, isWide: true },
  { name: 'APPLICATION', cell: ({ application }) => application, isWide: true },
];

export const instanceFields =
  (names: Names, groups: Names) =>
  (it: Instance, now: number): Fields => [
    ['Machine', it.id],
    ['Alias', it.alias],
    ['Application', names(it.application)],
    ['Group', it.group === null ? `none: track ${it.track} leads nowhere` : `${groups(it.group)} (track ${it.track})`],
    ['Version', it.version],
    ['Status', it.status],
    ['Arch', it.arch],
    ['OEM', `${it.oem} ${it.oemVersion}`.trim()],
    ['First image', it.aleph],
    ['Address', it.ip],
    ['Boot id', it.bootId],
    ['Cloned', it.isCloned ? 'yes: several machines use this id, each with a boot id of its own' : ''],
    ['Test of', it.testSource === '' ? '' : `${it.testSource}: no statistics count it`],
    ['First seen', it.firstSeen ?? ''],
    ['Last seen', it.lastSeen === null ? 'never' : `${it.lastSeen} (${toAge(it.lastSeen, now)} ago)`],
    ['Last answer', it.answer === null ? 'it never asked' : describeAnswer(it.answer, now)],
    ['Attempt', it.attempt === null ? 'none yet' : describeAttempt(it.attempt, now)],
    [
      'Labels',
      Object.entries(it.labels)
        .map(([key, value]) => `${key}=${value}`)
        .join('\n'),
    ],
    ['Held', it.held === null ? '' : it.held || 'yes'],
    ['Forced until', it.forcedUntil ?? ''],
  ];

/** Its words say when it can change; how far that is from now says the clock here. */
export function describeAnswer({ reason, words, until }: AnswerView, now: number): string {
  return `${reason}: ${words}${until === null ? '' : ` (${toAge(until, now)})`}`;
}

function describeAttempt(it: NonNullable<Instance['attempt']>, now: number): string {
  const end = it.outcome === null ? `deadline ${toAge(it.deadline, now) || 'none'}` : it.outcome;
  const cause = it.cause ? ` (${it.cause})` : '';
  return `${it.fromVersion} -> ${it.toVersion}, ${it.stage}, granted ${toAge(it.grantedAt, now)} ago, ${end}${cause}`;
}

/** The rule's inputs in the words of the domain, one after the other. */
function describeInputs(inputs: AnswerView['inputs']): string {
  const { wavePlaces, place, ...rest } = inputs;
  const parts = Object.entries(rest).map(([name, value]) =>
    name.endsWith('Ms') ? `${name.slice(0, -2)} ${toSpan(Number(value))}` : `${name} ${value}`,
  );
  const wave = [
    ...(wavePlaces === undefined ? [] : [`waves cover ${wavePlaces / 100}%`]),
    ...(place === undefined ? [] : [`its place ${place / 100}%`]),
  ];
  return [...parts, ...wave].join(', ');
}

/** Their note too, where the words above have not told it. */
function describeDecision({ actor: name, actorKind: kind, at, note }: Decision, told: string, now: number): string {
  const who = `${kind === 'rule' ? 'a rule of Platte' : describeActor({ kind, name })}, ${at} (${toAge(at, now)} ago)`;
  return note === '' || told.includes(note) ? who : `${who}: ${note}`;
}

export const whyFields =
  (names: Names, groups: Names) =>
  (it: WhyAnswer, now: number): Fields => [
    ['Machine', it.instance],
    ['Application', names(it.application)],
    ['Group', it.group === null ? 'none' : groups(it.group)],
    ['Version', it.version],
    ['Asked', `${it.at} (${toAge(it.at, now)} ago)`],
    ['Answer', it.answer.reason],
    ['Why', it.answer.words],
    ['Decided by', it.decided === undefined ? '' : describeDecision(it.decided, it.answer.words, now)],
    ['Rule saw', describeInputs(it.answer.inputs)],
    ['Changes', it.answer.until === null ? '' : `${it.answer.until} (${toAge(it.answer.until, now)})`],
  ];

export const historyColumns = (groups: Names): readonly Column<HistoryItem>[] => [
  { name: 'AT', cell: ({ at }) => at },
  { name: 'KIND', cell: ({ kind }) => kind },
  { name: 'VERSION', cell: ({ version }) => version },
  { name: 'STATUS', cell: ({ status }) => status ?? '' },
  { name: 'TIMES', cell: ({ repeats }) => String(repeats), align: 'right', isWide: true },
  { name: 'GROUP', cell: ({ group }) => (group === null ? '' : groups(group)), isWide: true },
  { name: 'WHAT', cell: ({ words }) => words },
];
