// Machines one by one: their state with everything that has arrived, what they said of themselves, their last answer and
// their last failure.
import type { AnswerInputs } from '@platte/facts';
import type { History } from '../connection.js';
import { toStatus } from './breakdown.js';
import { type Arrived, arrivedNow, machinesNow } from './current.js';

export interface MachineState {
  app: string;
  machine: string;
  group: string | null;
  channel: string | null;
  arch: string;
  /** Last reported. */
  version: string;
  status: string;
  oem: string;
  oemVersion: string;
  aleph: string;
  bootId: string;
  track: string;
  ip: string;
  alias: string;
  /** Of a machine that only tests spoke for, which no statistics count: what they said they were. '' of all others. */
  testSource: string;
  firstSeen: number;
  /** Exact. */
  lastSeen: number;
  /** null: it never asked. */
  answer: { at: number; reason: string; inputs: AnswerInputs; until: number | null } | null;
  /** The raw code of its last failure; null when it never failed. */
  failure: { at: number; errorCode: string } | null;
}

const timeOf = (position: string) => `toInt64(bitShiftRight(${position}, 52))`;
const someMachines = 'app = {app:String} and inst in {insts:Array(UInt32)}';

export const stateColumns = [
  'first_seen',
  'deleted',
  'seen_at',
  'grp',
  'channel',
  'arch',
  'oem',
  'version',
  'status',
] as const;

/** The columns of a `StateRow`. */
export const stateSelected = `inst, grp, channel, arch, oem, version, status,
       toUnixTimestamp64Milli(first_seen) as first_ms, toUnixTimestamp64Milli(seen_at) as seen_ms`;

// Short statements side by side: planning their join takes longer than all of them.
async function readStates(history: History, arrived: Arrived, asked: Asked): Promise<StateRow[]> {
  const source = machinesNow(arrived, stateColumns, 'inst in {insts:Array(UInt32)}');
  const statement = `select ${stateSelected} from ${source} where not deleted`;
  return history.read<StateRow>(statement, { ...asked, mark: arrived.mark });
}

const detailsSelected = 'inst, machine, oem_version, aleph, boot_id, track, ip';

const readDetails = `
select ${detailsSelected}
from machine_detail
where ${someMachines}
order by pos desc
limit 1 by inst`;

/** A number never changes, so any row of the machine tells it; the newest tells the rest, too. */
const readByName = (isMachine: string) => `
select ${detailsSelected}
from machine_detail
where app = {app:String} and ${isMachine}
order by pos desc
limit 1`;

/** By the names' own order; and by a filter, which takes longer, where the machine was there before that table. */
const named = `inst in (select inst from machine_name where app = {app:String} and machine = {machine:String})`;
const namedBefore = `machine = {machine:String}`;

/** What a machine said of itself, and its number; undefined: it never checked in. */
async function readDetail(history: History, machine: { app: string; machine: string }): Promise<DetailRow | undefined> {
  const [found] = await history.read<DetailRow>(readByName(named), machine);
  if (found !== undefined) return found;
  const [foundBefore] = await history.read<DetailRow>(readByName(namedBefore), machine);
  return foundBefore;
}

/** The last answer, failure and alias. One statement, because each costs more to send and to plan than to run. */
const readLast = `
select 'answer' as part, inst, ${timeOf('pos')} as happened_at, toString(reason) as word, inputs,
       toUnixTimestamp64Milli(until) as until
from machine_answer
where ${someMachines}
order by pos desc
limit 1 by inst
union all
select 'failure', inst, toUnixTimestamp64Milli(at) as happened_at, toString(error_code), '', 0
from failure
where ${someMachines} and kind = 'event'
order by at desc, n desc
limit 1 by inst
union all
select 'alias', inst, ${timeOf('pos')} as happened_at, alias, '', 0
from machine_alias
where ${someMachines}
order by pos desc
limit 1 by inst`;

interface Asked {
  app: string;
  insts: number[];
}

export interface StateRow {
  inst: number;
  grp: string;
  channel: string;
  arch: string;
  oem: string;
  version: string;
  status: string;
  first_ms: number;
  seen_ms: number;
}

export interface DetailRow {
  inst: number;
  machine: string;
  oem_version: string;
  aleph: string;
  boot_id: string;
  track: string;
  ip: string;
}

interface LastRow {
  part: 'answer' | 'failure' | 'alias';
  inst: number;
  happened_at: number;
  /** The reason, the raw code, or the alias. */
  word: string;
  inputs: string;
  until: number;
}

const readNumber = (table: string) => `
select inst from ${table} where app = {app:String} and machine = {machine:String} limit 1`;

/** null: it never checked in. */
export async function numberOf(history: History, machine: { app: string; machine: string }): Promise<number | null> {
  for (const table of ['machine_name', 'machine_detail']) {
    const [row] = await history.read<{ inst: number }>(readNumber(table), machine);
    if (row !== undefined) return row.inst;
  }
  return null;
}

/** null: no such machine, or it was deleted and has not come back. */
export async function countedState(
  history: History,
  { app, machine }: { app: string; machine: string },
): Promise<MachineState | null> {
  const [detail, arrived] = await Promise.all([readDetail(history, { app, machine }), arrivedNow(history)]);
  if (detail === undefined) return null;
  const asked = { app, insts: [detail.inst] };
  const [states, last] = await Promise.all([
    readStates(history, arrived, asked),
    history.read<LastRow>(readLast, asked),
  ]);
  return join(app, { states, details: [detail], last }).get(detail.inst) ?? null;
}

/** By number. Machines that were deleted are left out. */
export async function statesOf(history: History, app: string, insts: number[]): Promise<Map<number, MachineState>> {
  if (insts.length === 0) return new Map();
  const asked = { app, insts };
  const [states, details, last] = await Promise.all([
    arrivedNow(history).then((arrived) => readStates(history, arrived, asked)),
    history.read<DetailRow>(readDetails, asked),
    history.read<LastRow>(readLast, asked),
  ]);
  return join(app, { states, details, last });
}

/** The same of machines whose states are known already. */
export async function withDetails(
  history: History,
  app: string,
  states: StateRow[],
): Promise<Map<number, MachineState>> {
  if (states.length === 0) return new Map();
  const asked = { app, insts: states.map(({ inst }) => inst) };
  const [details, last] = await Promise.all([
    history.read<DetailRow>(readDetails, asked),
    history.read<LastRow>(readLast, asked),
  ]);
  return join(app, { states, details, last });
}

function join(app: string, rows: { states: StateRow[]; details: DetailRow[]; last: LastRow[] }) {
  const detailsOf = byNumber(rows.details);
  const lastOf = (which: LastRow['part']) => byNumber(rows.last.filter(({ part }) => part === which));
  const [answers, failures, aliases] = [lastOf('answer'), lastOf('failure'), lastOf('alias')];
  return new Map(
    rows.states.map((row) => {
      const { inst } = row;
      const last = { answer: answers.get(inst), failure: failures.get(inst), alias: aliases.get(inst) };
      return [inst, toState(app, row, detailsOf.get(inst), last)];
    }),
  );
}

const byNumber = <Row extends { inst: number }>(rows: Row[]) => new Map(rows.map((row) => [row.inst, row]));

function toState(
  app: string,
  row: StateRow,
  detail: DetailRow | undefined,
  { answer, failure, alias }: Record<LastRow['part'], LastRow | undefined>,
): MachineState {
  return {
    app,
    machine: detail?.machine ?? '',
    group: row.grp === '' ? null : row.grp,
    channel: row.channel === '' ? null : row.channel,
    arch: row.arch,
    version: row.version,
    status: toStatus(row.status),
    oem: row.oem,
    oemVersion: detail?.oem_version ?? '',
    aleph: detail?.aleph ?? '',
    bootId: detail?.boot_id ?? '',
    track: detail?.track ?? '',
    ip: detail?.ip ?? '',
    alias: alias?.word ?? '',
    testSource: '',
    firstSeen: row.first_ms,
    lastSeen: row.seen_ms,
    answer: answer ? toAnswer(answer) : null,
    failure: failure ? { at: failure.happened_at, errorCode: failure.word } : null,
  };
}

function toAnswer({ happened_at, word, inputs, until }: LastRow): MachineState['answer'] {
  return { at: happened_at, reason: word, inputs: toInputs(inputs), until: until === 0 ? null : until };
}

function toInputs(json: string): AnswerInputs {
  if (json === '') return {};
  const inputs: AnswerInputs = JSON.parse(json);
  return inputs;
}
