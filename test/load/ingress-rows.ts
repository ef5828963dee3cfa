// Turns into rows: each figure beside its baseline, the ratio the median of what each turn's own pair says, because what disturbs a
// turn disturbs both sides of it.
import { type BenchRow, median } from './bench.js';
import type { ServerName } from './ingress-servers.js';
import type { FigureName, LoadSection } from './ingress-sections.js';
import type { LoadResult } from './load-client.js';

export interface Turn extends LoadResult {
  cpuUsPerRequest: number;
}

export type Turns = Readonly<Partial<Record<ServerName, Turn[]>>>;

const figures: readonly { figure: FigureName; what: string; unit: string }[] = [
  { figure: 'perSecond', what: 'answers', unit: '/s' },
  { figure: 'cpuUsPerRequest', what: 'processor time', unit: 'us' },
  { figure: 'p50Ms', what: 'p50', unit: 'ms' },
  { figure: 'p99Ms', what: 'p99', unit: 'ms' },
];

export function toRows(section: LoadSection, turns: Turns): BenchRow[] {
  return [
    ...section.pairs.flatMap(([of, to]) => figures.map((each) => compare(section, turns, { of, to, ...each }))),
    ...(section.addedMsMax === undefined ? [] : [addedRow(section.name, turns, section.addedMsMax)]),
  ];
}

interface Comparison {
  of: ServerName;
  to: ServerName;
  figure: FigureName;
  what: string;
  unit: string;
}

function compare(section: LoadSection, turns: Turns, { of, to, figure, what, unit }: Comparison): BenchRow {
  const [values, baselines] = [valuesOf(turns, of, figure), valuesOf(turns, to, figure)];
  const ratio = median(values.map((value, turn) => value / baselines[turn]!));
  return {
    name: `${section.name}: ${what}${of === 'ingress' ? '' : ` of ${of}`} against ${to}`,
    figure: median(values),
    unit,
    baseline: median(baselines),
    ratio,
    ...judge(section, { of, to, figure }, ratio),
  };
}

function judge(
  { goals }: LoadSection,
  { of, to, figure }: Pick<Comparison, 'of' | 'to' | 'figure'>,
  ratio: number,
): Pick<BenchRow, 'goal' | 'met'> {
  const goal = goals.find((each) => (each.of ?? 'ingress') === of && each.to === to && each.figure === figure);
  if (goal?.atLeast !== undefined) return { goal: `>= ${goal.atLeast}`, met: ratio >= goal.atLeast };
  if (goal?.atMost !== undefined) return { goal: `<= ${goal.atMost}`, met: ratio <= goal.atMost };
  return {};
}

/** In milliseconds, where a ratio of two short times would say nothing. */
function addedRow(section: string, turns: Turns, addedMsMax: number): BenchRow {
  const without = valuesOf(turns, 'unrecorded', 'p50Ms');
  const added = median(valuesOf(turns, 'ingress', 'p50Ms').map((p50, turn) => p50 - without[turn]!));
  return {
    name: `${section}: p50 added by the log`,
    figure: added,
    unit: 'ms',
    goal: `<= ${addedMsMax}`,
    met: added <= addedMsMax,
  };
}

export function failureRow(all: readonly Turns[]): BenchRow {
  const failures = all.flatMap((turns) => Object.values(turns).flat()).reduce((sum, turn) => sum + turn.failures, 0);
  return { name: 'answers that were not 200', figure: failures, unit: '', goal: '0', met: failures === 0 };
}

const valuesOf = (turns: Turns, name: ServerName, figure: FigureName): number[] =>
  (turns[name] ?? []).map((turn) => turn[figure]);
