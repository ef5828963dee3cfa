// Lists of machines: history answers for one application at a time, so that a list across several goes through them one
// after another, and its cursor says in which one it is.
import { spanToMs, type InputOf, type OutputOf } from '@platte/api-contract';
import {
  BadCursor,
  countMachines,
  listMachines,
  machineSorts,
  type MachineFilter,
  type MachineListing,
} from '@platte/history';
import { listLabelled } from '@platte/state-store';
import { z } from 'zod';
import { parseCursor, toCursor } from './http/cursor.js';
import { ApiProblem } from './http/problems.js';
import type { ApiParts } from './parts.js';
import { toSummary } from './views.js';

type Filter = InputOf<'countInstances'>['query'];
type Query = InputOf<'listInstances'>['query'];
type Page = OutputOf<'listInstances'>;

/** Their ids go into the question to history: more would make the question itself slow. */
const labelledMax = 1000;

const Position = z.object({ application: z.guid(), cursor: z.string().nullable() });

/** @param applications those that may be looked at, in a stable order */
export async function listInstances(parts: ApiParts, applications: readonly string[], query: Query): Promise<Page> {
  const position = parseCursor(query.cursor, Position);
  const ordered = applications.toSorted();
  const first = position ? ordered.findIndex((application) => application >= position.application) : 0;
  const items: Page['items'] = [];
  for (const application of first < 0 ? [] : ordered.slice(first)) {
    const cursor = position?.application === application ? position.cursor : null;
    const filter = await toFilter(parts, application, query);
    const listing = {
      ...filter,
      ...toSort(query.sort),
      limit: query.limit - items.length,
      cursor: cursor ?? undefined,
    };
    const page = await readPage(parts, listing);
    items.push(...page.items.map(toSummary));
    if (page.next !== null) return { items, next: toCursor({ application, cursor: page.next }) };
    const following = ordered[ordered.indexOf(application) + 1];
    if (items.length === query.limit)
      return { items, next: following === undefined ? null : toCursor({ application: following, cursor: null }) };
  }
  return { items, next: null };
}

export async function countInstances(parts: ApiParts, applications: readonly string[], query: Filter): Promise<number> {
  const counts = applications.map(async (application) =>
    countMachines(parts.history, await toFilter(parts, application, query)),
  );
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

async function toFilter(parts: ApiParts, application: string, query: Filter): Promise<MachineFilter> {
  const now = parts.now();
  const { group, channel, arch, oem, ip, errorCode, search, seenWithin, silentFor, label } = query;
  return {
    app: application,
    group,
    channel,
    arch,
    oem,
    ip,
    errorCode,
    search,
    versions: query.version,
    statuses: query.status,
    reasons: query.reason,
    seenSince: seenWithin === undefined ? undefined : now - spanToMs(seenWithin),
    notSeenSince: silentFor === undefined ? undefined : now - spanToMs(silentFor),
    machines: label === undefined ? undefined : await readLabelled(parts, application, label),
  };
}

/** Labels are what people wrote, and lie in PostgreSQL: the machines that have one go into the question to history. */
function readLabelled({ store }: ApiParts, application: string, label: string): Promise<string[]> {
  const [name = '', ...value] = label.split('=');
  const wanted = value.length > 0 ? value.join('=') : undefined;
  return listLabelled(store.pool, { application, name, value: wanted, limit: labelledMax });
}

function toSort(sort: string): Pick<MachineListing, 'sort' | 'descending'> {
  const field = sort.replace(/^-/, '');
  return { sort: machineSorts.find((one) => one === field), descending: sort.startsWith('-') };
}

async function readPage(parts: ApiParts, listing: MachineListing): ReturnType<typeof listMachines> {
  try {
    return await listMachines(parts.history, listing);
  } catch (error) {
    if (!(error instanceof BadCursor)) throw error;
    const errors = [{ pointer: '?cursor', detail: error.message }];
    throw new ApiProblem('invalid-request', { detail: `?cursor: ${error.message}`, errors }, { cause: error });
  }
}
