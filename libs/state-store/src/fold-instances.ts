// What facts tell of machines, coalesced by machine: which rows of `instance` must be written, and which machines may
// have an attempt that the facts concern. Most check-ins change nothing that a row says and are over here.
import { comparePositions, type Fact, type MachineFact } from '@platte/facts';
import { inFlightStatuses, isSeen, statusOf } from '@platte/fleet';
import type { Said } from './fold-attempts.js';
import { digestOf, type InstanceCache, type RememberedInstance } from './instance-cache.js';
import {
  type InstanceNews,
  type InstanceRow,
  toInsertInstances,
  toReadInstances,
  toUpdateInstances,
} from './instance-rows.js';
import type { Store } from './store.js';

/** Last seen is written at most this often when nothing else is: the exact one is in the history. */
const seenWrittenEveryMs = 86_400_000;

export interface MachineNews extends InstanceNews {
  key: string;
  said: Said[];
}

export function keyOf({ app, machine }: Pick<Fact, 'app' | 'machine'>): string {
  return `${app} ${machine}`;
}

/** What a batch of facts tells, by machine, each at its position: the order in which they are given does not matter. */
export function toNews(facts: readonly Fact[]): MachineNews[] {
  const news = new Map<string, MachineNews>();
  for (const fact of facts.filter(isTelling).toSorted(comparePositions)) {
    const key = keyOf(fact);
    const known = news.get(key) ?? noNews(key, fact);
    news.set(key, isOfMachine(fact) ? withFact(known, fact) : { ...known, alias: forgotten(fact) });
  }
  return [...news.values()];
}

function noNews(key: string, { app: application, machine }: Fact): MachineNews {
  return { key, application, machine, seen: null, report: null, alias: null, status: null, said: [] };
}

/** The row goes, with its alias; should the machine be back by then, the row stays, and its alias is of before. */
const forgotten = ({ at, n }: Fact): InstanceNews['alias'] => ({ alias: '', aliasAt: at, aliasN: n });

const isTelling = (fact: Fact): boolean => isOfMachine(fact) || fact.kind === 'MachineDeleted';

/** A syncer is no machine of the fleet, and a grant says nothing that its check-in does not. */
function isOfMachine(
  fact: Fact,
): fact is Extract<MachineFact, { kind: 'MachineCheckedIn' | 'EventReported' | 'LeaseEnded' }> {
  return fact.kind === 'MachineCheckedIn' || fact.kind === 'EventReported' || fact.kind === 'LeaseEnded';
}

function withFact(news: MachineNews, fact: Parameters<typeof isOfMachine>[0] & MachineFact): MachineNews {
  const { at, n } = fact;
  const status = statusOf(fact);
  const told = { ...news, status: status === null ? news.status : { status, statusAt: at, statusN: n } };
  if (!isSeen(fact) || (fact.kind !== 'MachineCheckedIn' && fact.kind !== 'EventReported')) return told;
  const { version, group, arch, oem, bootId } = fact;
  const seen = { version, group, arch, oem, bootId, firstSeenAt: news.seen?.firstSeenAt ?? at, seenAt: at, seenN: n };
  return {
    ...told,
    seen,
    report: fact.kind === 'MachineCheckedIn' ? reportOf(fact) : told.report,
    alias: fact.kind === 'MachineCheckedIn' ? (aliasOf(fact) ?? told.alias) : told.alias,
    said: [...told.said, fact],
  };
}

type CheckIn = Extract<Said, { kind: 'MachineCheckedIn' }>;

function reportOf({ track, ip, oemVersion, aleph }: CheckIn): InstanceNews['report'] {
  return { track, ip, oemVersion, aleph };
}

/** An empty one says that the machine does not know it now, not that it has none. */
function aliasOf({ alias, at, n }: CheckIn): InstanceNews['alias'] {
  return alias === '' ? null : { alias, aliasAt: at, aliasN: n };
}

/** Reads the rows of machines that the cache does not know: after that, one that it does not know has no row. */
export async function readUnknown(store: Store, cache: InstanceCache, news: readonly MachineNews[]): Promise<void> {
  const unknown = news.filter(({ key }) => cache.get(key) === undefined);
  if (unknown.length === 0) return;
  const { rows } = await store.hot.query<InstanceRow>(toReadInstances(unknown));
  for (const row of rows) cache.put(`${row.application} ${row.machine}`, toRemembered(row));
}

/** Machines that may have an open attempt, by what is known of them before these facts. */
export function saidOfAttempts(cache: InstanceCache, news: readonly MachineNews[]): Said[] {
  return news.filter((one) => mayConcernAttempt(one, cache.get(one.key))).flatMap(({ said }) => said);
}

function mayConcernAttempt({ seen, said }: MachineNews, known: RememberedInstance | undefined): boolean {
  if (seen === null) return false;
  if (known === undefined || said.some(({ kind }) => kind === 'EventReported')) return true;
  return inFlightStatuses.has(known.status) || coreOf(seen) !== known.core;
}

/** Writes what rows must say now. Returns the keys of the rows that were written. */
export async function writeInstances(
  store: Store,
  cache: InstanceCache,
  news: readonly MachineNews[],
  hadRow: ReadonlySet<string>,
): Promise<string[]> {
  const isUnknown = ({ key }: MachineNews) => cache.get(key) === undefined;
  const made = news.filter((one) => isUnknown(one) && one.seen !== null && one.seen.group !== null);
  // Another replica wrote the row since it was read: only PostgreSQL can say now which of both is the newer.
  const overtaken = news.filter((one) => isUnknown(one) && hadRow.has(one.key) && !made.includes(one));
  const changed = [...overtaken, ...news.filter((one) => mustWrite(one, cache.get(one.key)))];
  const lost = made.length === 0 ? [] : await insert(store, made);
  const updated = [...changed, ...lost];
  if (updated.length > 0) await store.hot.query(toUpdateInstances(updated));
  // What another replica made first may be newer than what is known here: it is read when its machine is heard of again.
  const own = made.filter((one) => !lost.includes(one));
  for (const one of news) remember(cache, one, own, updated);
  return [...new Set([...made, ...updated].map(({ key }) => key))];
}

/** Those whose row another replica made first: they are updated instead. */
async function insert(store: Store, made: readonly MachineNews[]): Promise<MachineNews[]> {
  const { rows } = await store.hot.query<Pick<InstanceRow, 'application' | 'machine'>>(toInsertInstances(made));
  const inserted = new Set(rows.map(({ application, machine }) => `${application} ${machine}`));
  return made.filter(({ key }) => !inserted.has(key));
}

function mustWrite({ seen, report, alias, status }: MachineNews, known: RememberedInstance | undefined): boolean {
  if (known === undefined) return false;
  if (alias !== null && isNewerAlias(alias, known) && digestOf([alias.alias]) !== known.alias) return true;
  if (status !== null && status.status !== known.status && status.statusAt >= known.statusAt) return true;
  if (seen === null || seen.seenAt < known.seenAt) return false;
  if (coreOf(seen) !== known.core || (report !== null && digestOfReport(report) !== known.report)) return true;
  return seen.seenAt - known.writtenSeenAt >= seenWrittenEveryMs;
}

function isNewerAlias({ aliasAt }: NonNullable<InstanceNews['alias']>, known: RememberedInstance): boolean {
  return aliasAt !== null && aliasAt >= known.aliasAt;
}

function remember(
  cache: InstanceCache,
  news: MachineNews,
  made: readonly MachineNews[],
  updated: readonly MachineNews[],
): void {
  const known = cache.get(news.key) ?? (made.includes(news) ? unknownInstance : undefined);
  if (known === undefined) return;
  const { seen, report, alias, status } = news;
  const isNewer = seen !== null && seen.seenAt >= known.seenAt;
  const isWritten = made.includes(news) || updated.includes(news);
  const brings = status !== null && status.statusAt >= known.statusAt;
  cache.put(news.key, {
    core: isNewer ? coreOf(seen) : known.core,
    report: isNewer && report !== null ? digestOfReport(report) : known.report,
    ...(alias !== null && isNewerAlias(alias, known) ? toRememberedAlias(alias) : toAliasOf(known)),
    status: brings ? status.status : known.status,
    statusAt: brings ? status.statusAt : known.statusAt,
    seenAt: isNewer ? seen.seenAt : known.seenAt,
    writtenSeenAt: isNewer && isWritten ? seen.seenAt : known.writtenSeenAt,
  });
}

const toAliasOf = ({ alias, aliasAt }: RememberedInstance) => ({ alias, aliasAt });

function toRememberedAlias({ alias, aliasAt }: Pick<InstanceRow, 'alias' | 'aliasAt'>) {
  return { alias: digestOf([alias]), aliasAt: aliasAt ?? 0 };
}

const unknownInstance: RememberedInstance = {
  core: 0,
  report: 0,
  alias: digestOf(['']),
  aliasAt: 0,
  status: 'unknown',
  statusAt: 0,
  seenAt: 0,
  writtenSeenAt: 0,
};

function toRemembered(row: InstanceRow): RememberedInstance {
  const { status, statusAt, seenAt } = row;
  const said = { core: coreOf(row), report: digestOfReport(row), ...toRememberedAlias(row) };
  return { ...said, status, statusAt, seenAt, writtenSeenAt: seenAt };
}

function coreOf({ version, group, arch, oem, bootId }: NonNullable<InstanceNews['seen']>): number {
  return digestOf([version, group, arch, oem, bootId]);
}

function digestOfReport({ track, ip, oemVersion, aleph }: NonNullable<InstanceNews['report']>): number {
  return digestOf([track, ip, oemVersion, aleph]);
}
