// A second history and a second machine state, beside the live ones, filled from the log by the folds of the ordinary consumers:
// `writeFacts` and `rebuild` as analytics does, `foldFacts` as policy does. What the log no longer has comes first, from the
// archive. Machine numbers are the live ones, which nothing rebuilds.
import { randomInt } from 'node:crypto';
import { type FactsFill, readFacts, readFactsFill } from '@platte/fact-log';
import { decodeBatch, type Fact, makePositions } from '@platte/facts';
import {
  type ArrivedBatch,
  clockSlackMs,
  countArchive,
  foldArchive,
  type History,
  type LogPlace,
  machinesOf,
  makeRebuiltHistory,
  numbersOf,
  reachOf,
  readArchive,
  readKeptFacts,
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
  fed: () => LogPlace;
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
/** After every fact, and a moment that ClickHouse can hold. */
const afterAll = Date.UTC(2200, 0);

/** Neither log nor archive has part of what the live tables were made from: a rebuild would be poorer. */
class LogIncomplete extends Error {}
/** The stream was lost or replaced while the copy was made from it. */
class OtherLog extends Error {}

/**
 * @param forgetsOlder whether what neither log nor archive has may be lost
 * @throws LogIncomplete
 */
export async function makeCopy(stores: Stores, progress: Progress, forgetsOlder = false): Promise<RebuiltCopy> {
  if (!forgetsOlder) await assertWhole(stores);
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
  const nextAttempt = (): number => randomInt(2 ** 47) * 32;
  const archive = await feedArchive(stores, progress, toBoth);
  await foldArchive(history, archive.pages, nextAttempt);
  let fed: LogPlace = archive.upto;
  const feedTo = async (write: typeof toBoth): Promise<void> => {
    const upto = await feedLog(stores, fed, write, progress);
    if (upto.stream !== fed.stream)
      throw new OtherLog(
        'OtherLog: the log was lost or replaced while it was read: nothing was changed, run this again',
      );
    fed = upto;
  };
  return {
    fed: () => fed,
    feed: () => feedTo(toBoth),
    feedState: () => feedTo(toState),
    async fold(acked, now) {
      const upto = { acked, stream: fed.stream, now };
      while (!(await rebuild(history, { ...upto, attempt: nextAttempt() })).caughtUp) progress.say('folding timelines');
    },
    async close() {
      await Promise.all([history.close(), closeStore(store)]);
    },
  };
}

/** Writes as analytics does, with the live numbers. */
function historyWriter({ store, history: live }: Stores, history: History) {
  const numbers = makeMachineNumbers(store, { given: numbersOf(live) });
  return async (batches: readonly ArrivedBatch[]): Promise<void> =>
    void (await writeFacts(history, batches, await numbers.of(machinesOf(batches))));
}

/** Once more into the live history what arrived after `from`: it is in there once, whether it was already or not. */
export async function topUpHistory(stores: Stores, from: LogPlace, progress: Progress): Promise<LogPlace> {
  return feedLog(stores, from, historyWriter(stores, stores.history), progress);
}

async function assertWhole({ nats, prefix, history }: Stores): Promise<void> {
  const fill = await readFactsFill(nats, { prefix });
  const kept = await readKeptFacts(history);
  if (reachOf(fill, kept) !== 'gap') return;
  const known = kept.knownSince === undefined ? '' : ` and the history knows facts since ${toMinute(kept.knownSince)}`;
  throw new LogIncomplete(
    `LogIncomplete: the log begins with message ${fill.firstSequence}${fill.firstAt === undefined ? '' : ` of ${toMinute(fill.firstAt)}`}, the archive ${
      kept.archivedSince === undefined ? 'is empty' : `begins at ${toMinute(kept.archivedSince)}`
    }${known}: restore fact_archive from a backup, then run this again; \`replay --forget-older\` goes on without the older facts`,
  );
}

const toMinute = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

/**
 * Facts of the log that the archive's part has too, by their position. Folded twice they would make their machines late, which
 * are folded with all that has arrived: the copy would be ahead of the live tables that it is compared with.
 */
async function readOverlap({ nats, prefix }: Stores, fill: FactsFill, before: number): Promise<Set<string>> {
  const overlap = new Set<string>();
  if (fill.messages === 0) return overlap;
  for await (const { facts, storedAt } of readFacts(nats, { from: 1, until: fill.lastSequence, prefix })) {
    if (storedAt > before + clockSlackMs) break;
    for (const fact of facts) if (fact.at < before) overlap.add(toPlace(fact));
  }
  return overlap;
}

const toPlace = ({ at, n }: Pick<Fact, 'at' | 'n'>): string => `${at}.${n}`;

/** @returns how many pages were written, as messages from 1 on, and the place in the log up to which the archive replaced it */
async function feedArchive(
  stores: Stores,
  progress: Progress,
  write: (batches: readonly ArrivedBatch[]) => Promise<void>,
): Promise<{ pages: number; upto: LogPlace }> {
  const { nats, prefix, history } = stores;
  const fill = await readFactsFill(nats, { prefix });
  const before = archiveEnd(fill);
  const overlap = await readOverlap(stores, fill, before);
  progress.begin('facts of the archive', await countArchive(history, before));
  let pages = 0;
  for await (const { facts } of readArchive(history, before)) {
    pages += 1;
    const page = decodeBatch(Buffer.from(`[${facts.join(',')}]`));
    await write([{ ...page, sequence: pages, facts: page.facts.filter((fact) => !overlap.has(toPlace(fact))) }]);
    progress.advance(facts.length);
  }
  return { pages, upto: { seq: Math.max(0, fill.firstSequence - 1), stream: fill.createdAt } };
}

/** The archive replaces the log before its first message, whatever number that has: the stream may be another than the first. */
export const archiveEnd = ({ firstAt }: Pick<FactsFill, 'firstAt'>): number =>
  firstAt === undefined ? afterAll : firstAt + clockSlackMs;

/** Reads the log on after `from` to its end of now; another stream from its start. @returns the place of its last message */
async function feedLog(
  { nats, prefix }: Stores,
  from: LogPlace,
  write: (batches: readonly ArrivedBatch[]) => Promise<void>,
  progress: Progress,
): Promise<LogPlace> {
  const { lastSequence, createdAt } = await readFactsFill(nats, { prefix });
  const after = from.stream === 0 || from.stream === createdAt ? from.seq : 0;
  const upto = { seq: Math.max(lastSequence, after), stream: createdAt };
  if (lastSequence <= after) return upto;
  progress.begin('messages of the log', lastSequence - after);
  let [waiting, facts]: [ArrivedBatch[], number] = [[], 0];
  const flush = async (): Promise<void> => {
    await write(waiting);
    progress.advance(waiting.length);
    [waiting, facts] = [[], 0];
  };
  for await (const message of readFacts(nats, { from: after + 1, until: lastSequence, prefix })) {
    waiting.push(message);
    facts += message.facts.length + message.unknown.length;
    if (facts >= factsPerWrite) await flush();
  }
  if (waiting.length > 0) await flush();
  return upto;
}
