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
  type MachineState,
} from '@platte/history';
import { listLabelled, listNamed, readNames } from '@platte/state-store';
import { z } from 'zod';
import { parseCursor, toCursor } from './http/cursor.js';
import { ApiProblem } from './http/problems.js';
import type { ApiParts } from './parts.js';
import { toSummary } from './views.js';

type Filter = InputOf<'countInstances'>['query'];
type Query = InputOf<'listInstances'>['query'];
type Page = OutputOf<'listInstances'>;

/** Their ids go into the question to history: more would make the question itself slow. */
const markedMax = 1000;

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
    items.push(...(await toRows(parts, application, page.items)));
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
  const { group, channel, arch, oem, ip, errorCode, search, seenWithin, seenSince, silentFor, notSeenSince, label } =
    query;
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
    named: search === undefined ? undefined : await readNamed(parts, application, search),
    seenSince: latest(seenSince, seenWithin === undefined ? undefined : now - spanToMs(seenWithin)),
    notSeenSince: earliest(notSeenSince, silentFor === undefined ? undefined : now - spanToMs(silentFor)),
    machines: label === undefined ? undefined : await readLabelled(parts, application, label),
  };
}

const latest = (moment: string | undefined, ms = -Infinity): number | undefined =>
  definite(Math.max(moment === undefined ? -Infinity : Date.parse(moment), ms));
const earliest = (moment: string | undefined, ms = Infinity): number | undefined =>
  definite(Math.min(moment === undefined ? Infinity : Date.parse(moment), ms));
const definite = (ms: number): number | undefined => (Number.isFinite(ms) ? ms : undefined);

/** Names and labels are what people wrote, and lie in PostgreSQL: the machines that have one go into the question to history. */
async function readLabelled({ store }: ApiParts, application: string, label: string): Promise<string[]> {
  const [name = '', ...value] = label.split('=');
  const wanted = value.length > 0 ? value.join('=') : undefined;
  const machines = await listLabelled(store.pool, { application, name, value: wanted, limit: markedMax + 1 });
  return assertFew('?label', `have the label ${label}`, machines);
}

async function readNamed({ store }: ApiParts, application: string, fragment: string): Promise<string[]> {
  const machines = await listNamed(store.pool, { application, fragment, limit: markedMax + 1 });
  return assertFew('?search', `were named with ${fragment}`, machines);
}

/** A part of them would be a list that looks whole. */
function assertFew(pointer: string, found: string, machines: string[]): string[] {
  if (machines.length <= markedMax) return machines;
  const detail = `more than ${markedMax} machines ${found}: say more of it`;
  throw new ApiProblem('invalid-request', { detail: `${pointer}: ${detail}`, errors: [{ pointer, detail }] });
}

/** With the names that people gave, as one machine is shown. */
async function toRows({ store }: ApiParts, application: string, states: MachineState[]): Promise<Page['items']> {
  if (states.length === 0) return [];
  const names = await readNames(
    store.pool,
    application,
    states.map(({ machine }) => machine),
  );
  return states.map((state) => ({ ...toSummary(state), alias: names.get(state.machine) ?? state.alias }));
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
