// The live history against one that is made anew from the log: every message once and half of them twice, in another order and
// in other batches, into a database of its own. Both must give byte-equal answers.
import { type NatsConnection, readFacts, readFactsFill } from '@platte/fact-log';
import {
  type ArrivedBatch,
  breakdown,
  createDatabase,
  type History,
  type HistoryOptions,
  migrateHistory,
  openHistory,
  presenceTimeline,
  rebuild,
  statusTimeline,
  type TimelinePoint,
  versionTimeline,
  writeFacts,
} from '@platte/history';
import { flatcarApp } from '../journeys/machines.js';
import { type Draw, shuffled } from '../chance.js';

interface Means {
  nats: NatsConnection;
  live: History;
  options: HistoryOptions;
  numbers: ReadonlyMap<string, number>;
  /** The platform's. */
  from: number;
  now: number;
  draw: Draw;
}

const messagesPerWrite = 37;
/** Names our staging rows: no program of the platform runs by now. */
const attempts = { live: 2 ** 50, rebuilt: 2 ** 50 + 64 };

/** @returns where the answers differ, one line each */
export async function compareWithRebuilt(means: Means): Promise<string[]> {
  const { nats, live, options, from, now } = means;
  const { lastSequence } = await readFactsFill(nats);
  const database = 'chaos_rebuilt';
  await createDatabase({ ...options, database }, { cluster: '' });
  const rebuilt = openHistory({ ...options, database });
  try {
    await migrateHistory(rebuilt);
    await deliver(rebuilt, await readBatches(nats, lastSequence), means);
    await foldAll(live, lastSequence, now, attempts.live);
    await foldAll(rebuilt, lastSequence, now, attempts.rebuilt);
    const [wanted, found] = [await askAll(live, from, now), await askAll(rebuilt, from, now)];
    return Object.keys(wanted).flatMap((question) => describeDifference(question, wanted[question], found[question]));
  } finally {
    await rebuilt.close();
  }
}

async function readBatches(nats: NatsConnection, until: number): Promise<ArrivedBatch[]> {
  const batches: ArrivedBatch[] = [];
  for await (const { sequence, facts, unknown } of readFacts(nats, { from: 1, until }))
    batches.push({ sequence, facts, unknown });
  return batches;
}

async function deliver(history: History, batches: readonly ArrivedBatch[], { numbers, draw }: Means): Promise<void> {
  const numberOf = (app: string, machine: string): number => {
    const number = numbers.get(`${app} ${machine}`);
    if (number === undefined) throw new Error(`machine ${machine} of ${app} has no number in PostgreSQL`);
    return number;
  };
  const again = batches.filter(() => draw() < 0.5);
  const mixed = shuffled([...batches, ...again], draw);
  for (let start = 0; start < mixed.length; start += messagesPerWrite)
    await writeFacts(history, mixed.slice(start, start + messagesPerWrite), numberOf);
}

async function foldAll(history: History, acked: number, now: number, attempt: number): Promise<void> {
  while (!(await rebuild(history, { acked, now, attempt })).caughtUp);
}

async function askAll(history: History, from: number, now: number): Promise<Record<string, unknown>> {
  const scope = { app: flatcarApp };
  const range = { ...scope, from, now, bucketMs: 60_000 };
  const presence = { ...scope, from, to: now, bucketMs: 60_000 };
  return {
    facts: await history.read(
      'select count() as facts, sum(cityHash64(app, inst, at, n, kind, version, grp, status, reason, outcome)) as sum from fact final',
    ),
    archive: await history.read('select count() as facts, sum(cityHash64(fact)) as sum from fact_archive final'),
    breakdown: await breakdown(history, { ...scope, now }),
    versions: byTime(await versionTimeline(history, range)),
    statuses: byTime(await statusTimeline(history, range)),
    presence: await presenceTimeline(history, { ...presence, by: 'version' }),
  };
}

const byTime = (points: readonly TimelinePoint[]) => points.map(({ at, total, counts }) => ({ at, total, counts }));

function describeDifference(question: string, live: unknown, rebuilt: unknown): string[] {
  const [a, b] = [JSON.stringify(live), JSON.stringify(rebuilt)];
  if (a === b) return [];
  let at = 0;
  while (a[at] === b[at]) at++;
  const near = (text: string) => text.slice(Math.max(0, at - 80), at + 120);
  return [`${question}: live …${near(a)}…, rebuilt …${near(b)}…`];
}
