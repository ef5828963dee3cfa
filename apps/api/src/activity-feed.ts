// The activity feed: what people and rules did (from the catalog's log), what went wrong with machines, and what was found
// out about the history itself (both from history), in one order, the newest first. Sources are merged by time; where that is the same, by their names from the last to the
// first, and within one by its own key. A cursor is a place in that order, so that each source knows what follows it.
import { toInstant, type Activity, type ActivityKind } from '@platte/api-contract';
import { machineFailures, missingPackages, type MishapPosition } from '@platte/history';
import { describeErrorCode } from '@platte/omaha/words';
import { findGroupView, listChanges, type ChangeView } from '@platte/state-store';
import { z } from 'zod';
import { byRule, toActorView } from './actor-view.js';
import { toChangeWords } from './change-words.js';
import { readFindings } from './findings.js';
import { allApplications } from './machines.js';
import type { ApiParts } from './parts.js';

const time = z.number().int().nonnegative();
export const ActivityPlace = z.discriminatedUnion('source', [
  z.object({ source: z.literal('catalog'), at: time, revision: time, number: z.int32() }),
  z.object({ source: z.literal('finding'), at: time, n: time }),
  z.object({ source: z.literal('machine'), at: time, n: time }),
  z.object({ source: z.literal('package'), at: time, group: z.guid() }),
]);
type ActivityPlace = z.infer<typeof ActivityPlace>;

export interface FeedItem {
  place: ActivityPlace;
  item: Activity;
}

interface Asked {
  /** Those that may be shown; null is all, also those that are gone. */
  applications: readonly string[] | null;
  group: string | undefined;
  kinds: ReadonlySet<ActivityKind>;
  after: ActivityPlace | undefined;
  limit: number;
}

/** The changes of the catalog that have words; what of them is asked for. */
type CatalogKinds = readonly ActivityKind[];

/** At most `limit`, after the place that is asked for. History is asked only for kinds that it alone knows. */
export async function readFeed(parts: ApiParts, asked: Asked): Promise<FeedItem[]> {
  const { kinds } = asked;
  const mishaps = new Set<ActivityKind>([...failureKinds, 'PackageMissing', 'HistoryDiffered']);
  const sources = await Promise.all([
    readChanges(
      parts,
      asked,
      [...kinds].filter((kind) => !mishaps.has(kind)),
    ),
    failureKinds.some((kind) => kinds.has(kind)) ? readMachines(parts, asked) : [],
    kinds.has('PackageMissing') ? readPackages(parts, asked) : [],
    // These are of whole applications.
    kinds.has('HistoryDiffered') && asked.group === undefined ? readFound(parts, asked) : [],
  ]);
  return sources.flat().toSorted(comparePlaces).slice(0, asked.limit);
}

const failureKinds = ['MachineFailed', 'MachineRolledBack', 'MachineTimedOut'] as const;
const failureKindOf = {
  failed: 'MachineFailed',
  'rolled-back': 'MachineRolledBack',
  'timed-out': 'MachineTimedOut',
} as const;

async function readChanges({ store }: ApiParts, asked: Asked, kinds: CatalogKinds): Promise<FeedItem[]> {
  if (kinds.length === 0) return [];
  const { applications, group, limit, after } = asked;
  const key = after && { revision: 0, number: 0, ...after };
  const rows = await listChanges(store.pool, { applications, group, kinds, limit, after: key });
  return rows.map(toChangeItem);
}

function toChangeItem(change: ChangeView): FeedItem {
  const { at, revision, number, kind, application, group, subject, actor } = change;
  const by = toActorView(actor);
  const item = { kind, application: application ?? '', group, subject, ...by, words: toChangeWords(change) };
  return {
    place: { source: 'catalog', at, revision, number },
    item: { id: `catalog-${revision}-${number}`, at: toInstant(at), ...item },
  };
}

async function readMachines({ history, store }: ApiParts, asked: Asked): Promise<FeedItem[]> {
  const { group, limit, after, kinds } = asked;
  const apps = asked.applications ?? (await allApplications(store));
  const statuses = (['failed', 'rolled-back', 'timed-out'] as const).filter((status) =>
    kinds.has(failureKindOf[status]),
  );
  const before = toPosition('machine', after, (place) => (place.source === 'machine' ? place.n : null));
  const rows = await machineFailures(history, { apps, group, statuses, limit, before });
  return rows.map((failure) => {
    const { app, at, n, machine, status } = failure;
    const kind = failureKindOf[status];
    const about = { application: app, group: failure.group, subject: machine, ...byRule };
    return {
      place: { source: 'machine', at, n },
      item: { id: `machine-${at}-${n}`, at: toInstant(at), kind, ...about, words: toFailureWords(failure) },
    };
  });
}

function toFailureWords({
  machine,
  status,
  version,
  toVersion,
  errorCode,
}: Awaited<ReturnType<typeof machineFailures>>[number]) {
  const to = toVersion === '' ? '' : ` of ${toVersion}`;
  switch (status) {
    case 'failed':
      return `Machine ${machine} at ${version} failed its update${to}: ${describeErrorCode(errorCode)}.`;
    case 'rolled-back':
      return `Machine ${machine} rolled back to ${version}.`;
    case 'timed-out':
      return `Machine ${machine} at ${version} did not finish its update${to} in time.`;
  }
}

async function readPackages({ history, store }: ApiParts, asked: Asked): Promise<FeedItem[]> {
  const { group, limit, after } = asked;
  const apps = asked.applications ?? (await allApplications(store));
  const before = toPosition('package', after, (place) => (place.source === 'package' ? place.group : null));
  const rows = await missingPackages(history, { apps, group, limit, before });
  const groups = await Promise.all(
    [...new Set(rows.map((row) => row.group))].map((id) => findGroupView(store.pool, id)),
  );
  const nameOf = new Map(groups.flatMap((one) => (one ? [[one.id, one.name] as const] : [])));
  return rows.map(({ app, group: id, at }) => ({
    place: { source: 'package', at, group: id },
    item: {
      id: `package-${at}-${id}`,
      at: toInstant(at),
      kind: 'PackageMissing',
      application: app,
      group: id,
      subject: id,
      ...byRule,
      words: `Machines of group ${nameOf.get(id) ?? 'that is gone'} asked for updates, and it has no channel with a package.`,
    },
  }));
}

async function readFound({ history, store }: ApiParts, asked: Asked): Promise<FeedItem[]> {
  const { limit, after } = asked;
  const apps = asked.applications ?? (await allApplications(store));
  const place = toPosition('finding', after, (place) => (place.source === 'finding' ? place.n : null));
  // Without a key: all of that moment.
  const before = place && (place.key === null ? { at: place.at + 1, n: 0 } : { at: place.at, n: Number(place.key) });
  const found = await readFindings(history, { apps, limit, before });
  return found.map(({ at, n, item }) => ({ place: { source: 'finding', at, n }, item }));
}

/** From where a source goes on: at the same moment it may have told nothing yet, or everything. */
function toPosition(
  source: ActivityPlace['source'],
  after: ActivityPlace | undefined,
  keyOf: (place: ActivityPlace) => number | string | null,
): MishapPosition | undefined {
  if (after === undefined) return undefined;
  if (source === after.source) return { at: after.at, key: keyOf(after) };
  return source < after.source ? { at: after.at, key: null } : { at: after.at - 1, key: null };
}

function comparePlaces({ place: a }: FeedItem, { place: b }: FeedItem): number {
  if (a.at !== b.at) return b.at - a.at;
  if (a.source !== b.source) return a.source < b.source ? 1 : -1;
  if (a.source === 'catalog' && b.source === 'catalog') return b.revision - a.revision || b.number - a.number;
  if (a.source === 'finding' && b.source === 'finding') return b.n - a.n;
  if (a.source === 'machine' && b.source === 'machine') return b.n - a.n;
  if (a.source === 'package' && b.source === 'package') return a.group < b.group ? 1 : -1;
  return 0;
}
