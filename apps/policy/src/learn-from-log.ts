// What a restored PostgreSQL forgot, learnt from the log: attempts and grants, in the order in which policy made them; then what
// machines said, by the fold of every day; and the changes of people, as a list. Repeated from the start if it dies.
import { randomUUID } from 'node:crypto';
import { findFirstSince, readFacts, readFactsFill, writtenRowsSubject } from '@platte/fact-log';
import type { CatalogFact, Fact, MachineCheckedIn, RolloutFact } from '@platte/facts';
import { type Learned, toLostChanges } from '@platte/rollout';
import {
  foldFacts,
  type GrantFact,
  learnCheckIns,
  learnGrants,
  makeInstanceCache,
  noteLearned,
  readKnownChanges,
  recountLedger,
  type Restore,
} from '@platte/state-store';
import type { Named } from './named.js';
import type { Parts } from './parts.js';

/** Clocks of PostgreSQL and NATS, and what was on its way. What is known already is passed by. */
const slackMs = 300_000;
const grantsPerWrite = 500;
const factsPerFold = 2_000;
const cachedMachinesMax = 200_000;

export type LearningParts = Pick<Parts, 'store' | 'nats' | 'nextPosition' | 'log' | 'stopper'> & Named;

/** Facts of the time that was forgotten that only the archive has, in their order. */
export type ReadArchived = (span: { since: number; before: number }) => AsyncIterable<readonly Fact[]>;

interface Gathered {
  learned: Learned;
  grants: GrantFact[];
  /** Answered `granted`: the newest of each machine. */
  checkIns: Map<string, MachineCheckedIn>;
  changes: (CatalogFact | RolloutFact)[];
}

export async function learnFromLog(parts: LearningParts, restore: Restore, readArchived: ReadArchived): Promise<void> {
  const { store, nats, log } = parts;
  const since = Math.max(0, restore.since - slackMs);
  log.warn({ since: new Date(since).toISOString() }, 'PostgreSQL is older than the log: learning what it forgot');
  // What replicas remember of rows may be ahead of them.
  forgetRows(parts);
  const gathered = await gather(parts, since, readArchived);
  const unlogged = await learnCheckIns(store, [...gathered.checkIns.values()], parts.nextPosition);
  await foldAll(parts, since);
  for (const miscount of await recountLedger(store)) log.debug(miscount, 'counted after learning');
  forgetRows(parts);
  await nats.flush();
  const learned = { ...gathered.learned, unlogged };
  const changes = toLostChanges(await withoutKnown(parts, gathered.changes, since));
  await noteLearned(store, restore.id, learned, changes);
  log.warn(
    { ...learned, changes: changes.length },
    'learnt what PostgreSQL forgot: `platte restore show` says the rest',
  );
}

/** A command's fact has its time, to within what its process's own order of facts moves it. */
const sameMs = 1_000;

async function withoutKnown(
  { store }: LearningParts,
  changes: Gathered['changes'],
  since: number,
): Promise<Gathered['changes']> {
  const known = Map.groupBy(
    await readKnownChanges(store.pool, since - sameMs),
    ({ kind, subject }) => `${kind} ${subject}`,
  );
  return changes.filter((fact) => {
    const same = known.get(`${fact.kind} ${'subject' in fact ? fact.subject : fact.rollout}`) ?? [];
    return !same.some(({ at }) => Math.abs(at - fact.at) <= sameMs);
  });
}

function forgetRows({ nats }: LearningParts): void {
  nats.publish(writtenRowsSubject, JSON.stringify([randomUUID()]));
}

async function gather(parts: LearningParts, since: number, readArchived: ReadArchived): Promise<Gathered> {
  const learned: Learned = { grants: 0, ends: 0, unlogged: 0, facts: 0, from: since };
  const gathered: Gathered = { learned, grants: [], checkIns: new Map(), changes: [] };
  const { firstAt = Number.MAX_SAFE_INTEGER } = await readFactsFill(parts.nats, parts);
  if (firstAt > since)
    for await (const facts of readArchived({ since, before: firstAt + slackMs })) await take(parts, gathered, facts);
  for await (const facts of readSince(parts, since)) await take(parts, gathered, facts);
  await writeGrants(parts, gathered);
  return gathered;
}

async function take(parts: LearningParts, gathered: Gathered, facts: readonly Fact[]): Promise<void> {
  gathered.learned.facts += facts.length;
  for (const fact of facts) put(gathered, fact);
  if (gathered.grants.length >= grantsPerWrite) await writeGrants(parts, gathered);
}

function put({ grants, checkIns, changes }: Gathered, fact: Fact): void {
  switch (fact.kind) {
    case 'UpdateGranted':
    case 'LeaseEnded':
      grants.push(fact);
      return;
    case 'MachineCheckedIn':
      // By machines, not by positions: what is newer of one comes later, to within the clocks of replicas.
      if (fact.answer?.reason === 'granted') checkIns.set(`${fact.app} ${fact.machine}`, fact);
      return;
    case 'EventReported':
    case 'SyncerCheckedIn':
    case 'HistoryDiffered':
      return;
    default:
      changes.push(fact);
  }
}

async function writeGrants({ store }: LearningParts, { grants, learned }: Gathered): Promise<void> {
  const { grants: opened, ends } = await learnGrants(store, grants.splice(0));
  learned.grants += opened;
  learned.ends += ends;
}

/** All that machines said since, also what arrived while grants were learnt: their attempts were not there yet. */
async function foldAll(parts: LearningParts, since: number): Promise<void> {
  const context = { instances: makeInstanceCache(cachedMachinesMax), position: parts.nextPosition };
  let waiting: Fact[] = [];
  for await (const facts of readSince(parts, since)) {
    waiting.push(...facts.filter((fact) => fact.kind !== 'UpdateGranted' && fact.kind !== 'LeaseEnded'));
    if (waiting.length >= factsPerFold) await foldFacts(parts.store, context, waiting.splice(0));
  }
  await foldFacts(parts.store, context, waiting);
}

/** To the log's end of now. */
async function* readSince({ nats, prefix, stopper }: LearningParts, since: number): AsyncGenerator<readonly Fact[]> {
  const { lastSequence: until } = await readFactsFill(nats, { prefix });
  const from = await findFirstSince(nats, since, { prefix });
  if (from > until) return;
  for await (const { facts } of readFacts(nats, { from, until, prefix, signal: stopper.signal })) yield facts;
  stopper.signal.throwIfAborted();
}
