// How many machines have which version and status: of a group or of an application, at a moment and between two.
import type { Breakdown, Difference } from '@platte/api-contract';
import type { z } from 'zod';
import { argument, option, type Call } from '../call.js';
import { CliError } from '../cli-error.js';
import { describeCounts, describeRows } from '../print/counts.js';
import { printItem } from '../print/output.js';
import { toCount } from '../print/words.js';
import { findApplication, findGroup } from '../resolve.js';
import { readPart } from './part.js';

type Fields = (readonly [string, string])[];

async function toMoment(call: Call, application?: string) {
  const at = option(call, 'at');
  return { ...(await readPart(call, application)), ...(at !== undefined && { at }) };
}

export async function showGroupBreakdown(call: Call): Promise<void> {
  const params = { id: await findGroup(call, argument(call, 0)) };
  printBreakdown(call, await call.open().client.getGroupBreakdown({ params, query: await toMoment(call) }));
}

export async function showAppBreakdown(call: Call): Promise<void> {
  const params = { id: await findApplication(call, argument(call, 0)) };
  printBreakdown(
    call,
    await call.open().client.getApplicationBreakdown({ params, query: await toMoment(call, params.id) }),
  );
}

function printBreakdown(call: Call, breakdown: Breakdown): void {
  printItem(call, breakdown, breakdownFields, ({ at }) => at);
}

function breakdownFields({ at, total, versions, statuses }: Breakdown): Fields {
  return [
    ['At', at],
    ['Machines', toCount(total)],
    ['Versions', describeCounts(versions, total)],
    ['Statuses', describeCounts(statuses, total)],
  ];
}

function betweenOf(call: Call): { from: string; to?: string } {
  const [from, to] = [option(call, 'from'), option(call, 'to')];
  if (from === undefined)
    throw new CliError('Between which moments? --from 2026-11-23T09:00:00Z, and --to unless it is now.');
  return { from, ...(to !== undefined && { to }) };
}

export async function showGroupDifference(call: Call): Promise<void> {
  const between = betweenOf(call);
  const params = { id: await findGroup(call, argument(call, 0)) };
  printDifference(
    call,
    await call
      .open()
      .client.getGroupDifference({ params, query: { ...between, ...(await readPart(call, undefined)) } }),
  );
}

export async function showAppDifference(call: Call): Promise<void> {
  const between = betweenOf(call);
  const params = { id: await findApplication(call, argument(call, 0)) };
  printDifference(
    call,
    await call
      .open()
      .client.getApplicationDifference({ params, query: { ...between, ...(await readPart(call, params.id)) } }),
  );
}

function printDifference(call: Call, difference: z.infer<typeof Difference>): void {
  const toText = (count: number): string => `${count > 0 ? '+' : '-'}${toCount(Math.abs(count))}`.padStart(9);
  const { from, to, versions, statuses } = difference;
  const fields: Fields = [
    ['From', `${from.at}  ${toCount(from.total)} machines`],
    ['To', `${to.at}  ${toCount(to.total)} machines`],
    ['Versions', describeRows(Object.entries(versions), toText) || 'no change'],
    ['Statuses', describeRows(Object.entries(statuses), toText) || 'no change'],
  ];
  printItem(
    call,
    difference,
    () => fields,
    () => to.at,
  );
}
