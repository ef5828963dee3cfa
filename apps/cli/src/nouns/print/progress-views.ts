// What went wrong, how far attempts came, and who fell silent, as rows.
import type { Failures, Funnel, SilentInstance } from '@platte/api-contract';
import type { Names } from './catalog-views.js';
import { instanceColumns } from './machine-views.js';
import type { Column } from './table.js';
import { toAge, toCount, toLength, toPercent } from './words.js';

export const failureColumns: readonly Column<Failures['items'][number]>[] = [
  { name: 'WHAT', cell: ({ words }) => words },
  { name: 'STATUS', cell: ({ status }) => status },
  { name: 'CODE', cell: ({ errorCode }) => errorCode, isWide: true },
  { name: 'VERSION', cell: ({ version }) => version },
  { name: 'OEM', cell: ({ oem }) => oem },
  { name: 'FAILURES', cell: ({ failures }) => toCount(failures), align: 'right' },
  { name: 'MACHINES', cell: ({ machines }) => toCount(machines), align: 'right' },
  { name: 'LAST', cell: ({ lastAt }, now) => toAge(lastAt, now), align: 'right' },
];

const toLengthOf = (seconds: number | null): string => (seconds === null ? '' : toLength(seconds * 1000));

export function funnelColumns(steps: Funnel['steps']): readonly Column<Funnel['steps'][number]>[] {
  const granted = steps[0]?.attempts ?? 0;
  return [
    { name: 'STEP', cell: ({ step }) => step },
    { name: 'ATTEMPTS', cell: ({ attempts }) => toCount(attempts), align: 'right' },
    { name: 'OF GRANTED', cell: ({ attempts }) => toPercent(attempts, granted), align: 'right' },
    { name: 'DROPPED OFF', cell: ({ droppedOff }) => toCount(droppedOff), align: 'right' },
    { name: 'MEDIAN', cell: ({ medianSeconds }) => toLengthOf(medianSeconds), align: 'right' },
    { name: '95% WITHIN', cell: ({ p95Seconds }) => toLengthOf(p95Seconds), align: 'right' },
  ];
}

export const silentColumns = (groups: Names): readonly Column<SilentInstance>[] => [
  ...instanceColumns(groups).filter(({ name }) => name !== 'SEEN' && name !== 'LAST ANSWER'),
  { name: 'SILENT', cell: ({ silentSeconds }) => toLengthOf(silentSeconds), align: 'right' },
  { name: 'USUALLY', cell: ({ cadenceSeconds }) => toLengthOf(cadenceSeconds), align: 'right' },
];
