// How a question and its answers travel: JSON that says once what many machines share. A fleet that waits for a limit asks the
// same and is told the same, so that a machine is some 90 bytes in the question and 2 in the answer, and only what differs is
// made into text, read and checked. (As a list of whole machines and decisions they were 330 and 150 bytes.)
import { z } from 'zod';
import { Time } from '@platte/facts';
import { type AskedMachine, askedMachinesMax, AskedRarely, AskedSort, Decision } from './asking.js';
import { SpentNotice } from './spent-notice.js';

/** Columns: the machine of row i is `machines[i]`, of the sort `sorts[sort[i]]`. */
const QuestionWire = z.object({
  sorts: z.array(AskedSort).max(askedMachinesMax),
  sort: z.array(z.number().int().nonnegative()).max(askedMachinesMax),
  machines: z.array(z.string()).max(askedMachinesMax),
  at: z.array(Time).max(askedMachinesMax),
  n: z.array(z.number().int()).max(askedMachinesMax),
  /** Absent from an ingress that does not know of boots yet. */
  boots: z.array(z.number().int()).max(askedMachinesMax).default([]),
  /** By row: whatever a machine says that most do not. */
  rare: z.array(z.object({ row: z.number().int().nonnegative(), said: AskedRarely })).max(askedMachinesMax),
});
type QuestionWire = z.infer<typeof QuestionWire>;

const AnswersWire = z.union([
  z.object({
    decisions: z.array(Decision).max(askedMachinesMax),
    decision: z.array(z.number().int().nonnegative()),
    /** Of groups that were asked about. */
    spent: z.array(SpentNotice).max(askedMachinesMax),
  }),
  z.object({ failure: z.string() }),
]);
type AnswersWire = z.infer<typeof AnswersWire>;

const nothingRare: AskedRarely = { versionPrefix: '', onlyOpenLease: false, forced: false, events: [] };

export function renderQuestion(asked: readonly AskedMachine[]): string {
  const wire: QuestionWire = { sorts: [], sort: [], machines: [], at: [], n: [], boots: [], rare: [] };
  for (const [row, one] of asked.entries()) {
    wire.sort.push(toIndex(wire.sorts, one, isSameSort, toSort));
    wire.machines.push(one.machine);
    wire.at.push(one.at);
    wire.n.push(one.n);
    wire.boots.push(one.boot);
    const { versionPrefix, onlyOpenLease, forced, testSource, events } = one;
    if (versionPrefix !== '' || onlyOpenLease || forced || testSource !== undefined || events.length > 0)
      wire.rare.push({ row, said: { versionPrefix, onlyOpenLease, forced, testSource, events } });
  }
  return JSON.stringify(wire);
}

/** @throws Error when it is no question, in words for whoever asked. */
export function parseQuestion(text: string): AskedMachine[] {
  const { sorts, sort, machines, at, n, boots, rare } = QuestionWire.parse(JSON.parse(text));
  if (sort.length !== machines.length || at.length !== machines.length || n.length !== machines.length)
    throw new Error('the columns of the question differ in length');
  const rareOf = new Map(rare.map(({ row, said }) => [row, said]));
  return machines.map((machine, row) => {
    const shared = sorts[sort[row]!];
    if (shared === undefined) throw new Error(`row ${row} of the question is of no sort that it names`);
    return { ...shared, machine, at: at[row]!, n: n[row]!, boot: boots[row] ?? 0, ...(rareOf.get(row) ?? nothingRare) };
  });
}

export function renderDecisions(decisions: readonly Decision[], spent: readonly SpentNotice[] = []): string {
  const distinct: Decision[] = [];
  const decision = decisions.map((one) => toIndex(distinct, one, isSameDecision, (same) => same));
  return JSON.stringify({ decisions: distinct, decision, spent: [...spent] } satisfies AnswersWire);
}

/** Instead of decisions: why there are none. */
export function renderFailure(failure: string): string {
  return JSON.stringify({ failure } satisfies AnswersWire);
}

export interface Decided {
  /** In the order of the machines; those that are the same are one object. */
  decisions: Decision[];
  spent: SpentNotice[];
}

/**
 * @throws Error when they are none, or not of so many machines.
 */
export function parseDecisions(text: string, machines: number): Decided {
  const wire = AnswersWire.parse(JSON.parse(text));
  if ('failure' in wire) throw new Error(`policy failed: ${wire.failure}`);
  const { decisions, decision, spent } = wire;
  if (decision.length !== machines) throw new Error(`policy answered ${decision.length} of ${machines} machines`);
  const found = decision.map((index) => {
    const one = decisions[index];
    if (one === undefined) throw new Error(`policy answered with decision ${index} of ${decisions.length}`);
    return one;
  });
  return { decisions: found, spent };
}

/** So many are compared, newest first: a group's machines stand together. One that is said twice is only longer. */
const comparedMax = 4;

function toIndex<From extends To, To>(
  distinct: To[],
  one: From,
  isSame: (a: To, b: To) => boolean,
  take: (one: From) => To,
): number {
  for (let index = distinct.length - 1; index >= Math.max(0, distinct.length - comparedMax); index--)
    if (isSame(distinct[index]!, one)) return index;
  return distinct.push(take(one)) - 1;
}

function isSameSort(a: AskedSort, b: AskedSort): boolean {
  return (
    a.group === b.group &&
    a.version === b.version &&
    a.revision === b.revision &&
    a.oem === b.oem &&
    a.arch === b.arch &&
    a.app === b.app
  );
}

function toSort({ app, group, revision, version, arch, oem }: AskedSort): AskedSort {
  return { app, group, revision, version, arch, oem };
}

function isSameDecision(a: Decision, b: Decision): boolean {
  if (a.answer.reason !== b.answer.reason || a.answer.until !== b.answer.until || a.offer !== b.offer) return false;
  return a.answer.inputs === b.answer.inputs || haveSameInputs(a.answer.inputs, b.answer.inputs);
}

function haveSameInputs(a: Decision['answer']['inputs'], b: Decision['answer']['inputs']): boolean {
  const keys = Object.keys(a) as (keyof typeof a)[];
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
