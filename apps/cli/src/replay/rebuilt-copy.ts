// A second history and a second machine state, beside the live ones, filled from the log by the folds of the ordinary consumers:
// `writeFacts` and `rebuild` as analytics does, `foldFacts` as policy does. What the log no longer has comes first, from the
// archive. Machine numbers are the live ones, which nothing rebuilds.
import { randomInt } from 'node:crypto';
import { readFacts, readFactsFill } from '@platte/fact-log';
import { decodeBatch, makePositions } from '@platte/facts';
import {
  type ArrivedBatch,
  countArchive,
  type History,
  machinesOf,
  makeRebuiltHistory,
  reachesStart,
  readArchive,
  readArchiveStart,
  rebuild,
  writeFacts,
} from '@platte/history';
import {
  closeStore,
  foldFacts,
  makeInstanceCache,
  makeMachineNumbers,
  makeRebuiltState,
  openStore,
} from '@platte/state-store';
import type { Progress } from './progress.js';
import type { Stores } from './stores.js';

export interface RebuiltCopy {
  /** Everything up to here is in both. */
  fed: () => number;
  /** Reads the log on, to its end of now. */
  feed: () => Promise<void>;
  /** The same into PostgreSQL's copy alone: ClickHouse's has become the live one. */
  feedState: () => Promise<void>;
  /** Folds what has arrived up to `acked`, as of the minute `now`. */
  fold: (acked: number, now: number) => Promise<void>;
  /** The connections: the copy stays. */
  close: () => Promise<void>;
}

/** What one write holds in memory: some 300 bytes each. */
const factsPerWrite = 20_000;
const cachedMachinesMax = 2_000_000;
/** A fact is older than the message that brought it, by clocks of two machines. What is read twice does no harm. */
const clockSlackMs = 300_000;
/** After every fact, and a moment that ClickHouse can hold. */
const afterAll = Date.UTC(2200, 0);

/** Part of what was in the log can be made from nowhere: a rebuild would be poorer than what is live. */
class LogIncomplete extends Error {}

/** @throws LogIncomplete */
export async function makeCopy(stores: Stores, progress: Progress): Promise<RebuiltCopy> {
  await assertWhole(stores);
  const { postgresUrl, historyOptions, history: live } = stores;
  const history = await makeRebuiltHistory(historyOptions, live);
  const store = openStore({ url: postgresUrl, schema: await makeRebuiltState(postgresUrl) });
  const toHistory = historyWriter(stores, history);
  const context = { instances: makeInstanceCache(cachedMachinesMax), position: makePositions(randomInt(2 ** 32)) };
  const toState = async (batches: readonly ArrivedBatch[]): Promise<void> => {
    await foldFacts(
      store,
      context,
      batches.flatMap(({ facts }) => facts),
    );
  };
  const toBoth = async (batches: readonly ArrivedBatch[]): Promise<void> => {
    await toHistory(batches);
    await toState(batches);
  };
  let fed = await feedArchive(stores, progress, toBoth);
  const feedTo = async (write: typeof toBoth): Promise<void> => {
    fed = await feedLog(stores, fed, write, progress);
  };
  return {
    fed: () => fed,
    feed: () => feedTo(toBoth),
    feedState: () => feedTo(toState),
    async fold(acked, now) {
      const attempt = randomInt(2 ** 47) * 32;
      while (!(await rebuild(history, { acked, now, attempt })).caughtUp) progress.say('folding timelines');
    },
    async close() {
      await Promise.all([history.close(), closeStore(store)]);
    },
  };
}

/** Writes as analytics does, with the live numbers. */
function historyWriter({ store }: Stores, history: History): (batches: readonly ArrivedBatch[]) => Promise<void> {
  const numbers = makeMachineNumbers(store);
  return async (batches) => void (await writeFacts(history, batches, await numbers.of(machinesOf(batches))));
}

/** Once more into the live history what arrived after `from`: it is in there once, whether it was already or not. */
export async function topUpHistory(stores: Stores, from: number, progress: Progress): Promise<number> {
  return feedLog(stores, from, historyWriter(stores, stores.history), progress);
}

async function assertWhole({ nats, prefix, history }: Stores): Promise<void> {
  const fill = await readFactsFill(nats, { prefix });
  if (reachesStart(fill, await readArchiveStart(history))) return;
  throw new LogIncomplete(
    `LogIncomplete: the log begins with message ${fill.firstSequence}, and fact_archive has nothing from before it: restore fact_archive from a backup, then run this again`,
  );
}

/** @returns the sequence up to which the archive stood in for the log */
async function feedArchive(
  { nats, prefix, history }: Stores,
  progress: Progress,
  write: (batches: readonly ArrivedBatch[]) => Promise<void>,
): Promise<number> {
  const { firstSequence, firstAt } = await readFactsFill(nats, { prefix });
  if (firstSequence <= 1) return 0;
  const before = firstAt === undefined ? afterAll : firstAt + clockSlackMs;
  progress.begin('facts of the archive', await countArchive(history, before));
  let sequence = 0;
  for await (const { facts } of readArchive(history, before)) {
    // A run of the fold takes whole messages: so each page is one, as far as there are numbers that the log has used.
    sequence = Math.min(sequence + 1, firstSequence - 1);
    await write([{ sequence, ...decodeBatch(Buffer.from(`[${facts.join(',')}]`)) }]);
    progress.advance(facts.length);
  }
  return firstSequence - 1;
}

/** Reads the log on after `from` to its end of now. @returns its last sequence */
async function feedLog(
  { nats, prefix }: Stores,
  from: number,
  write: (batches: readonly ArrivedBatch[]) => Promise<void>,
  progress: Progress,
): Promise<number> {
  const { lastSequence } = await readFactsFill(nats, { prefix });
  if (lastSequence <= from) return from;
  progress.begin('messages of the log', lastSequence - from);
  let [waiting, facts]: [ArrivedBatch[], number] = [[], 0];
  const flush = async (): Promise<void> => {
    await write(waiting);
    progress.advance(waiting.length);
    [waiting, facts] = [[], 0];
  };
  for await (const message of readFacts(nats, { from: from + 1, until: lastSequence, prefix })) {
    waiting.push(message);
    facts += message.facts.length + message.unknown.length;
    if (facts >= factsPerWrite) await flush();
  }
  if (waiting.length > 0) await flush();
  return lastSequence;
}
