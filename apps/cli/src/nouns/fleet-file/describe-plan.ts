// A plan for people: a line for each step, the fields that change, and how many machines that touches.
import { withoutHidden } from '@platte/rollout';
import type pc from 'picocolors';
import { toCount, toPlural } from '../print/words.js';
import type { Kept, Plan, Step } from './steps.js';

type Colours = ReturnType<typeof pc.createColors>;

export function describePlan(
  { steps, kept: stopped, left }: Plan,
  machines: ReadonlyMap<string, number>,
  colours: Colours,
): string {
  const lines = steps.flatMap((step) => describeStep(step, machines, colours));
  const kept =
    left.length === 0
      ? []
      : [`${toPlural(left.length, 'thing')} not in the file stay: --prune deletes them, -o json lists them.`];
  return [...lines, ...describeKept(stopped), ...kept, sumOf(steps, stopped, machines)].join('\n');
}

function sumOf(steps: readonly Step[], kept: readonly Kept[], machines: ReadonlyMap<string, number>): string {
  if (steps.length > 0) return describeSum(steps, machines);
  return kept.some(({ step }) => step)
    ? 'Nothing to do but what waits.'
    : 'Nothing to do: the catalog is what the file says.';
}

function describeKept(kept: readonly Kept[]): string[] {
  if (kept.length === 0) return [];
  const lines = kept.map(({ of, why, step }) => `${step ? `! ${of} waits` : `= ${of} stays`}: ${why}`);
  return [...lines, 'A file does not end what people stopped: --resume-paused --reason TEXT does.'];
}

function describeStep(step: Step, machines: ReadonlyMap<string, number>, colours: Colours): string[] {
  const paint = { '+': colours.green, '~': colours.yellow, '-': colours.red }[step.sign];
  const touched = countMachines([step], machines);
  const suffix = touched === 0 ? '' : `  (${toPlural(touched, 'machine')})`;
  return [
    `${paint(step.sign)} ${withoutHidden(step.of)}${suffix}`,
    ...step.differences.map(({ field, before, after }) => `    ${field}: ${toText(before)} -> ${toText(after)}`),
  ];
}

const textMax = 100;

function toText(value: unknown): string {
  const text = typeof value === 'string' && value !== '' ? value : JSON.stringify(value);
  return cut(withoutHidden(text));
}

function cut(text: string): string {
  return text.length <= textMax ? text : `${text.slice(0, textMax - 1)}…`;
}

export function describeSum(steps: readonly Step[], machines: ReadonlyMap<string, number>): string {
  const count = (sign: Step['sign']): number => steps.filter((step) => step.sign === sign).length;
  const touched = countMachines(steps, machines);
  return `${count('+')} to create, ${count('~')} to change, ${count('-')} to delete; touches ${toCount(touched)} ${touched === 1 ? 'machine' : 'machines'}.`;
}

/** Each machine once, however many steps touch its group. */
export function countMachines(steps: readonly Step[], machines: ReadonlyMap<string, number>): number {
  const groups = new Set(steps.flatMap((step) => step.groups));
  return [...groups].reduce((sum, id) => sum + (machines.get(id) ?? 0), 0);
}
