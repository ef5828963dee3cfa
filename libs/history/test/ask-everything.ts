// Every question, over the same facts, so that histories can be compared; and how facts come to them.
import type { Fact } from '@platte/facts';
import {
  type ArrivedBatch,
  breakdown,
  breakdownAsOf,
  currentState,
  failures,
  machineFailures,
  missingPackages,
  type History,
  isCloned,
  listMachines,
  machineHistory,
  machinesSeen,
  presenceTimeline,
  rebuildShards,
  type Scope,
  silentMachines,
  statusCounts,
  statusTimeline,
  updateFunnel,
  versionTimeline,
  writeFacts,
} from '../src/history.js';
import { numberOf } from './fresh-history.js';
import { app, groups } from './random-facts.js';

/** When the facts of these tests begin and end, and when is asked: over the borders of a month and of a week, as tables have them. */
export const from = Date.UTC(2026, 9, 30);
export const spanMs = 4 * 86_400_000;
export const now = from + spanMs + 90_500;
export const scopes: Scope[] = [{ app }, { app, group: groups[0] }, { app, group: '' }, { app, arch: 'arm64' }];

/**
 * Batches in several inserts with a rebuild after some of them, as a running program does it.
 *
 * @param clock of the rebuilds before the last: 0, as if each batch were in time, or far ahead, as after an outage
 */
export async function deliver(
  history: History,
  batches: readonly ArrivedBatch[],
  rebuildEvery: number,
  shards: readonly History[] = [history],
  clock = 0,
): Promise<void> {
  let attempt = 1;
  for (const [count, batch] of batches.entries()) {
    await writeFacts(history, [batch], numberOf);
    if (count % rebuildEvery === 0)
      await rebuildShards(shards, { acked: batch.sequence, now: clock, attempt: attempt++ });
  }
  await rebuildShards(shards, { acked: batches.at(-1)?.sequence ?? 0, now, attempt: attempt++ });
}

export async function askEverything(history: History, facts: readonly Fact[]): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {};
  for (const scope of scopes) {
    const name = JSON.stringify(scope);
    answers[`now ${name}`] = await breakdown(history, { ...scope, now });
    for (const at of [from + 1, from + 86_400_000, from + 2 * 86_400_000 + 12_345, now - 60_000]) {
      answers[`as of ${at} ${name}`] = await breakdownAsOf(history, { ...scope, at });
    }
    answers[`seen ${name}`] = await machinesSeen(history, { ...scope, from: from + 5_000_000, to: now - 7_000_000 });
    answers[`progress ${name}`] = await statusCounts(history, { ...scope, from: from + 5_000_000, to: now });
    answers[`failures ${name}`] = await failures(history, { ...scope, from, to: now });
    for (const bucketMs of [13 * 60_000, 86_400_000]) {
      const range = { ...scope, from: from - 7_200_000, now, bucketMs };
      answers[`versions ${bucketMs} ${name}`] = await versionTimeline(history, range);
      answers[`statuses ${bucketMs} ${name}`] = await statusTimeline(history, range);
    }
  }
  for (const bucketMs of [7_200_000, 86_400_000]) {
    const range = { app, from, to: now, bucketMs };
    answers[`presence ${bucketMs}`] = await presenceTimeline(history, { ...range, by: 'version' });
    answers[`status presence ${bucketMs}`] = await presenceTimeline(history, { ...range, by: 'status' });
  }
  answers['funnel'] = await updateFunnel(history, { app, from, to: now });
  answers['mishaps'] = await machineFailures(history, { apps: [app], statuses: ['failed', 'timed-out'], limit: 40 });
  answers['missing packages'] = await missingPackages(history, { apps: [app], limit: 40 });
  answers['silent'] = await silentMachines(history, { app, now });
  for (const sort of ['id', 'lastSeen', 'version', 'ip'] as const) {
    answers[`list by ${sort}`] = await listMachines(history, { app, sort, limit: 100 });
  }
  for (const machine of new Set(facts.map((fact) => fact.machine))) {
    answers[`history of ${machine}`] = await machineHistory(history, { app, machine, limit: 1000, all: true });
    answers[`changes of ${machine}`] = await machineHistory(history, { app, machine, limit: 1000 });
    answers[`clones of ${machine}`] = await isCloned(history, { app, machine, until: Number(facts.at(-1)?.at) });
    answers[`state of ${machine}`] = await currentState(history, { app, machine });
  }
  return answers;
}
