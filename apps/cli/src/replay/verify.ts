// Compares the live tables that follow from the log with a copy that is rebuilt from it. Names no table: migrations mark them.
import { setTimeout as delay } from 'node:timers/promises';
import { readConsumerLag, readFactsFill } from '@platte/fact-log';
import {
  compareHistoryTable,
  countArchive,
  type HistoryTable,
  reachOf,
  readFolded,
  readHistoryTables,
  readKeptFacts,
} from '@platte/history';
import { compareState, foldsRest, readStateTables, type StateTable, takeLead } from '@platte/state-store';
import { type Difference, type Finding, standing, toFinding } from './differences.js';
import type { Progress } from './progress.js';
import { archiveEnd, type RebuiltCopy } from './rebuilt-copy.js';
import type { Stores } from './stores.js';
import { withCopy } from './with-copy.js';

export interface Verified {
  compared: { store: Difference['store']; table: string; rows: number }[];
  differing: number;
  first: Finding | null;
}

/** The consumers whose folds are compared. */
export const consumers = { policy: 'policy', analytics: 'analytics' } as const;
const consumerPatienceMs = 60_000;
const pollMs = 200;

class ConsumerBehind extends Error {}

/** @throws NotOnCluster, AlreadyReplaying, ConsumerBehind */
export async function verify(stores: Stores, progress: Progress): Promise<Verified> {
  const history = (await readHistoryTables(stores.history)).filter(({ mark }) => mark === 'fold');
  const state = (await readStateTables(stores.postgresUrl)).filter(({ mark }) => mark === 'fold');
  return withCopy(stores, progress, async (copy) => {
    await copy.feed();
    const rest = await takeLead(stores.postgresUrl, foldsRest);
    try {
      await copy.feed();
      await waitForConsumers(stores, copy.fed().seq);
      const { seq, silence } = await readFolded(stores.history);
      progress.say('folding timelines');
      await copy.fold(seq, silence);
      progress.say('comparing');
      return await compareAll(stores, copy, { history, state });
    } finally {
      await rest.release();
    }
  });
}

async function compareAll(
  stores: Stores,
  copy: RebuiltCopy,
  tables: { history: HistoryTable[]; state: StateTable[] },
): Promise<Verified> {
  const look = await lookOnce(stores, tables);
  if (look.differences.length === 0) return { compared: look.compared, differing: 0, first: null };
  await copy.feed();
  const found = standing(look.differences, (await lookOnce(stores, tables)).differences);
  const [first] = found;
  return { compared: look.compared, differing: found.length, first: first === undefined ? null : toFinding(first) };
}

async function lookOnce(
  { history: live, postgresUrl }: Stores,
  { history, state }: { history: HistoryTable[]; state: StateTable[] },
): Promise<{ compared: Verified['compared']; differences: Difference[] }> {
  const compared: Verified['compared'] = [];
  const differences: Difference[] = [];
  for (const table of state) {
    const found = await compareState(postgresUrl, table);
    compared.push({ store: 'postgres', table: table.name, rows: found.rows });
    differences.push(...found.differences.map((one): Difference => ({ store: 'postgres', ...one })));
  }
  for (const table of history) {
    const found = await compareHistoryTable(live, table);
    const named = (values: string[] | null) =>
      values && Object.fromEntries(table.columns.map(({ name }, index) => [name, values[index]]));
    compared.push({ store: 'clickhouse', table: table.name, rows: found.rows });
    for (const { key, live: mine, rebuilt } of found.differences)
      differences.push({ store: 'clickhouse', table: table.name, key, live: named(mine), rebuilt: named(rebuilt) });
  }
  return { compared, differences };
}

/** What the copy has and the live ones do not have yet would look like a row that is missing. */
async function waitForConsumers({ nats, prefix }: Stores, sequence: number): Promise<void> {
  const until = Date.now() + consumerPatienceMs;
  for (const consumer of Object.values(consumers)) {
    for (;;) {
      const { ackFloor } = await readConsumerLag(nats, consumer, { prefix });
      if (ackFloor >= sequence) break;
      if (Date.now() > until)
        throw new ConsumerBehind(
          `ConsumerBehind: ${consumer} has folded the log up to ${ackFloor}, and it goes to ${sequence}: start ${consumer}, or wait until it has caught up`,
        );
      await delay(pollMs);
    }
  }
}

/** What `replay` would read. */
export async function readPlan({ nats, prefix, history, postgresUrl }: Stores) {
  const fill = await readFactsFill(nats, { prefix });
  const { messages, firstSequence, lastSequence } = fill;
  const named = (tables: { name: string; mark: string }[]) =>
    tables.filter(({ mark }) => mark === 'fold' || mark === 'position').map(({ name }) => name);
  const clickhouse = named(await readHistoryTables(history));
  return {
    messages,
    firstSequence,
    lastSequence,
    usesArchive: reachOf(fill, await readKeptFacts(history)) === 'archive',
    archivedFacts: await countArchive(history, archiveEnd(fill)),
    clickhouse,
    postgres: named(await readStateTables(postgresUrl)),
  };
}
