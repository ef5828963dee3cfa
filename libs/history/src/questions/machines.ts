// Lists of machines: filtered, searched, sorted, and paged by a cursor that stays valid while machines come and go.
// Two steps: the page's numbers, then the machines themselves. Sorting and filtering read the narrow states; what a
// machine says of itself, its last answer and its last failure are tables of their own, asked only when they matter.
import type { History, Params } from '../connection.js';
import { arrivedNow, machinesNow } from './current.js';
import {
  type MachineState,
  stateColumns,
  type StateRow,
  stateSelected,
  statesOf,
  withDetails,
} from './machine-state.js';
import { type Condition, type Scope, scopeCondition } from './scope.js';

export const machineSorts = ['lastSeen', 'firstSeen', 'id', 'version', 'status', 'ip', 'alias'] as const;
export type MachineSort = (typeof machineSorts)[number];

export interface MachineFilter extends Scope {
  versions?: readonly string[] | undefined;
  statuses?: readonly string[] | undefined;
  /** Reasons of the last answer. */
  reasons?: readonly string[] | undefined;
  ip?: string | undefined;
  /** A fragment of the id, the alias or the address, without regard to case. */
  search?: string | undefined;
  /** Machines that `search` finds too, by names that another store knows. */
  named?: readonly string[] | undefined;
  /** Last seen at or after. */
  seenSince?: number | undefined;
  /** Last seen before. */
  notSeenSince?: number | undefined;
  /** The raw code of the last failure. */
  errorCode?: string | undefined;
  /** Only these: for what another store knows (labels). */
  machines?: readonly string[] | undefined;
}

export interface MachineListing extends MachineFilter {
  sort?: MachineSort | undefined;
  descending?: boolean | undefined;
  limit: number;
  /** `next` of the page before. */
  cursor?: string | undefined;
}

/** The cursor is not one of ours, or of another sort. */
export class BadCursor extends Error {}

/** 7.10.1 sorts above 7.9.2: by the numbers in it. */
const versionKey = (version: string) => `arrayMap(part -> toUInt64OrZero(part), extractAll(${version}, '[0-9]+'))`;
type SortKey = { of: 'state' | 'detail'; key: string; after: string };
const sortKeys: Record<MachineSort, SortKey> = {
  lastSeen: { of: 'state', key: 'toUnixTimestamp64Milli(seen_at)', after: 'toInt64({after:String})' },
  firstSeen: { of: 'state', key: 'toUnixTimestamp64Milli(first_seen)', after: 'toInt64({after:String})' },
  version: { of: 'state', key: versionKey('version'), after: versionKey('{after:String}') },
  status: { of: 'state', key: `if(status = '', 'unknown', toString(status))`, after: '{after:String}' },
  id: { of: 'detail', key: 'machine', after: '{after:String}' },
  ip: { of: 'detail', key: `toIPv6OrDefault(ip)`, after: 'toIPv6OrDefault({after:String})' },
  alias: { of: 'detail', key: 'lowerUTF8(alias)', after: '{after:String}' },
};
const shown: Record<MachineSort, (state: MachineState) => string> = {
  lastSeen: ({ lastSeen }) => String(lastSeen),
  firstSeen: ({ firstSeen }) => String(firstSeen),
  id: ({ machine }) => machine,
  version: ({ version }) => version,
  status: ({ status }) => status,
  ip: ({ ip }) => ip,
  alias: ({ alias }) => alias.toLowerCase(),
};

export async function listMachines(
  history: History,
  { sort = 'id', descending = false, limit, cursor, ...filter }: MachineListing,
): Promise<{ items: MachineState[]; next: string | null }> {
  const { where, params } = filterCondition(filter);
  const { of, key, after } = sortKeys[sort];
  const direction = descending ? 'desc' : 'asc';
  const from = cursor === undefined ? undefined : parseCursor(cursor, sort);
  const beyond = from ? `and (${key}, inst) ${descending ? '<' : '>'} (${after}, {afterInst:UInt32})` : '';
  const arrived = await arrivedNow(history);
  const states = machinesNow(arrived, stateColumns);
  const order = `${beyond} order by ${key} ${direction}, inst ${direction} limit {limit:UInt32}`;
  const asked = {
    ...params,
    mark: arrived.mark,
    limit: limit + 1,
    after: from?.after ?? '',
    afterInst: from?.inst ?? 0,
  };
  const found =
    of === 'state'
      ? await pageByState(history, `from ${states} where ${where} ${order}`, { ...asked, app: filter.app })
      : await pageByDetail(
          history,
          `from ${sort === 'alias' ? aliases : details} inst in (select inst from ${states} where ${where}) ${order}`,
          { ...asked, app: filter.app },
        );
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const next = found.length > limit && last ? renderCursor(sort, shown[sort](last.state), last.inst) : null;
  return { items: items.map(({ state }) => state), next };
}

const details = 'machine_detail final where app = {app:String} and';
/** Whoever told none is sorted too, as if by an empty one. */
const aliases = `(
  select d.inst as inst, l.alias as alias
  from (select inst from machine_detail final where app = {app:String}) as d
  left join (select inst, alias from machine_alias final where app = {app:String}) as l using (inst)) where`;

type Found = { inst: number; state: MachineState }[];
type PageParams = Params & { app: string };

async function pageByState(history: History, page: string, params: PageParams): Promise<Found> {
  const rows = await history.read<StateRow>(`select ${stateSelected} ${page}`, params);
  const states = await withDetails(history, params.app, rows);
  return rows.flatMap(({ inst }) => {
    const state = states.get(inst);
    return state ? [{ inst, state }] : [];
  });
}

async function pageByDetail(history: History, page: string, params: PageParams): Promise<Found> {
  const rows = await history.read<{ inst: number }>(`select inst ${page}`, params);
  const insts = rows.map(({ inst }) => inst);
  const states = await statesOf(history, params.app, insts);
  return insts.flatMap((inst) => {
    const state = states.get(inst);
    return state ? [{ inst, state }] : [];
  });
}

export async function countMachines(history: History, filter: MachineFilter): Promise<number> {
  const { where, params } = filterCondition(filter);
  const arrived = await arrivedNow(history);
  const [row] = await history.read<{ machines: number }>(
    `select count() as machines from ${machinesNow(arrived, stateColumns)} where ${where}`,
    { ...params, mark: arrived.mark },
  );
  return row?.machines ?? 0;
}

function filterCondition(filter: MachineFilter): Condition {
  const scope = scopeCondition(filter);
  const conditions = [scope.where, 'not deleted'];
  const params: Params = { ...scope.params };
  const put = (condition: string, given: Params) => {
    conditions.push(condition);
    Object.assign(params, given);
  };
  const { versions, statuses, reasons, ip, search, named = [], seenSince, notSeenSince, errorCode, machines } = filter;
  if (versions) put('version in {versions:Array(String)}', { versions });
  if (statuses) put('status in {statuses:Array(String)}', { statuses: statuses.flatMap(fromStatus) });
  if (seenSince !== undefined) put('seen_at >= fromUnixTimestamp64Milli({seenSince:Int64})', { seenSince });
  if (notSeenSince !== undefined) put('seen_at < fromUnixTimestamp64Milli({notSeenSince:Int64})', { notSeenSince });
  if (ip !== undefined) put(said('ip = {ip:String}'), { ip });
  if (machines) put(said('machine in {machines:Array(String)}'), { machines });
  if (search !== undefined && search !== '') put(searched, { search, named });
  if (reasons) put(answered, { reasons });
  if (errorCode !== undefined) put(failed, { errorCode });
  return { where: conditions.join(' and '), params };
}

const said = (condition: string) =>
  `inst in (select inst from machine_detail final where app = {app:String} and ${condition})`;
const fragment = `(positionCaseInsensitiveUTF8(machine, {search:String}) > 0 or position(ip, {search:String}) > 0
  or machine in {named:Array(String)})`;
const searched = `(${said(fragment)} or inst in (
  select inst from machine_alias final
  where app = {app:String} and positionCaseInsensitiveUTF8(alias, {search:String}) > 0))`;
const answered = `inst in (
  select inst from machine_answer final where app = {app:String} and reason in {reasons:Array(String)})`;
const failed = `inst in (
  select inst from failure where app = {app:String} and kind = 'event' group by inst
  having argMax(error_code, (at, n)) = {errorCode:String})`;

/** A machine that no fact has given a status is stored without one. */
const fromStatus = (status: string) => (status === 'unknown' ? ['unknown', ''] : [status]);

function renderCursor(sort: MachineSort, after: string, inst: number): string {
  return Buffer.from(JSON.stringify([sort, after, inst])).toString('base64url');
}

function parseCursor(cursor: string, sort: MachineSort): { after: string; inst: number } {
  const parts = readJson(Buffer.from(cursor, 'base64url').toString());
  if (!Array.isArray(parts)) throw new BadCursor('the cursor is not the `next` of a list of machines');
  const [cursorSort, after, inst]: unknown[] = parts;
  if (cursorSort !== sort) throw new BadCursor(`the cursor is of a list that is not sorted by ${sort}`);
  if (typeof after !== 'string' || typeof inst !== 'number') throw new BadCursor('the cursor is damaged');
  return { after, inst };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
