// What went wrong, how far attempts came, and who fell silent, as rows.
import type { Failures, Funnel, SilentInstance } from '@platte/api-contract';
import type { Names } from './catalog-views.js';
import { instanceColumns } from './machine-views.js';
import type { Column } from './table.js';
import { toAge, toCount, toLength, toPercent } from './words.js';

/** The words last: on a narrow terminal they give way, and the numbers stay. */
export const failureColumns: readonly Column<Failures['items'][number]>[] = [
  { name: 'FAILURES', cell: ({ failures }) => toCount(failures), align: 'right' },
  { name: 'MACHINES', cell: ({ machines }) => toCount(machines), align: 'right' },
  { name: 'LAST', cell: ({ lastAt }, now) => toAge(lastAt, now), align: 'right' },
  { name: 'STATUS', cell: ({ status }) => status },
  { name: 'VERSION', cell: ({ version }) => version },
  { name: 'OEM', cell: ({ oem }) => oem },
  { name: 'CODE', cell: ({ errorCode }) => errorCode, isWide: true },
  { name: 'WHY', cell: ({ words }) => words },
];

function toLengthOf(seconds: number | null): string {
  if (seconds === null) return '';
  return seconds > 0 && seconds < 1 ? '<1s' : toLength(seconds * 1000);
}

export function funnelColumns(steps: Funnel['steps']): readonly Column<Funnel['steps'][number]>[] {
  const granted = steps[0]?.attempts ?? 0;
  return [
    { name: 'STEP', cell: ({ step }) => step },
    { name: 'ATTEMPTS', cell: ({ attempts }) => toCount(attempts), align: 'right' },
    { name: 'OF GRANTED', cell: ({ attempts }) => toPercent(attempts, granted), align: 'right' },
    // Nothing comes before a grant that it could have been lost from.
    {
      name: 'DROPPED OFF',
      cell: ({ step, droppedOff }) => (step === 'granted' ? '' : toCount(droppedOff)),
      align: 'right',
    },
    { name: 'MEDIAN TIME', cell: ({ medianSeconds }) => toLengthOf(medianSeconds), align: 'right' },
    { name: '95% WITHIN', cell: ({ p95Seconds }) => toLengthOf(p95Seconds), align: 'right' },
  ];
}

export const silentColumns = (groups: Names): readonly Column<SilentInstance>[] => [
  ...instanceColumns(groups).filter(({ name }) => name !== 'SEEN' && name !== 'LAST ANSWER'),
  { name: 'SILENT', cell: ({ silentSeconds }) => toLengthOf(silentSeconds), align: 'right' },
  { name: 'ASKS EVERY', cell: ({ cadenceSeconds }) => toLengthOf(cadenceSeconds), align: 'right' },
];
