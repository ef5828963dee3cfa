// A history of a test's own, in the engine of the run, and facts on their way into it.
import { randomUUID } from 'node:crypto';
import type { Fact, UnknownFact } from '@platte/facts';
import { afterAll, inject } from 'vitest';
import {
  applyRetention,
  type ArrivedBatch,
  createDatabase,
  type History,
  keptForGood,
  migrateHistory,
  openHistory,
} from '../src/history.js';

const opened: History[] = [];
afterAll(async () => {
  for (const history of opened) {
    await history.run(`drop database ${history.database}`);
    await history.close();
  }
});

export function engineOptions() {
  const url = new URL(inject('clickhouseUrl'));
  return {
    url: url.origin,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    log: { info: () => {}, warn: () => {} },
  };
}

/** Tests have days of their own, which the TTLs of today must not take away. */
export async function openFresh({ keepsForGood = true } = {}): Promise<History> {
  const options = { ...engineOptions(), database: `history_${randomUUID().replaceAll('-', '')}` };
  await createDatabase(options, { cluster: '' });
  const history = openHistory(options);
  await migrateHistory(history);
  if (keepsForGood) await applyRetention(history, keptForGood);
  opened.push(history);
  return history;
}

/** Numbers are the same in every history of a run: answers can be compared. */
const numbers = new Map<string, number>();
export function numberOf(application: string, machine: string): number {
  const key = `${application}/${machine}`;
  const number = numbers.get(key) ?? numbers.size + 1;
  numbers.set(key, number);
  return number;
}

/** Of a kind that a later release makes, beside some: it is archived, and no count may see it. */
function unknownBeside({ app, machine, at, n }: Fact): UnknownFact[] {
  if (n % 50 !== 0) return [];
  const dreamt = {
    kind: 'MachineDreamt',
    v: 1,
    app,
    machine,
    at,
    n,
    version: '9.9.9',
    group: null,
    status: 'complete',
  };
  return [dreamt];
}

export function toBatches(facts: readonly Fact[], size: number, firstSeq: number): ArrivedBatch[] {
  const batches: ArrivedBatch[] = [];
  for (let start = 0; start < facts.length; start += size) {
    const some = facts.slice(start, start + size);
    batches.push({ sequence: firstSeq + batches.length, facts: some, unknown: some.flatMap(unknownBeside) });
  }
  return batches;
}
