// One machine's history, newest first, of what statistics count. A machine's facts are few: what is a change among them is
// found here, as the engine plans three windows for 6 ms longer than it reads the facts. Only of a machine with thousands
// of facts does the engine find them.
import { type AnswerInputs, decodeFact } from '@platte/facts';
import type { History } from '../connection.js';
import { numberOf } from './machine-state.js';

export type HistoryKind = 'check-in' | 'event' | 'grant' | 'lease-end' | 'deletion';

export interface HistoryItem {
  at: number;
  n: number;
  kind: HistoryKind;
  /** The version the machine reported then. */
  version: string;
  group: string | null;
  channel: string | null;
  /** The status that the fact brought; null: none. */
  status: string | null;
  /** Of the answer; null: it did not ask. */
  reason: string | null;
  inputs: AnswerInputs | null;
  event: { type: number; result: number; errorCode: string; previousVersion: string } | null;
  /** Of a grant or a lease's end. */
  toVersion: string | null;
  outcome: string | null;
  cause: string | null;
  /** Check-ins in a row that changed nothing, this one included: 1 unless `all` was asked for is false. */
  repeats: number;
}

interface HistoryRow {
  at_ms: number;
  n: number;
  kind: HistoryKind;
  version: string;
  grp: string;
  channel: string;
  status: string;
  reason: string;
  event_type: number;
  event_result: number;
  error_code: string;
  previous_version: string;
  to_version: string;
  outcome: string;
  cause: string;
  repeats: number;
}

interface HistoryFact extends HistoryRow {
  oem: string;
}

const historyColumns = `toUnixTimestamp64Milli(f.at) as at_ms, f.n as n, f.kind as kind, f.version as version, f.grp as grp,
       f.channel as channel, f.status as status, f.reason as reason, f.event_type as event_type,
       f.event_result as event_result, f.error_code as error_code, f.previous_version as previous_version,
       f.to_version as to_version, f.outcome as outcome, f.cause as cause`;

/** In one statement with the facts: one turn less. */
const named = 'f.inst in (select inst from machine_name where app = {app:String} and machine = {machine:String})';
/** A machine that has not checked in since that table was made. */
const numbered = 'f.inst = {inst:UInt32}';

const readAll = (isMachine: string) => `
select ${historyColumns}, 1 as repeats
from fact as f final
where f.app = {app:String} and ${isMachine}
  and (toUnixTimestamp64Milli(f.at), f.n) < ({beforeAt:Int64}, {beforeN:UInt64})
order by f.at desc, f.n desc
limit {limit:UInt32}`;

const readFacts = (isMachine: string) => `
select ${historyColumns}, f.oem as oem, 1 as repeats
from fact as f final
where f.app = {app:String} and ${isMachine}
order by f.at desc, f.n desc
limit {factsMax:UInt32} + 1`;

/** A check-in is a change when it, or what was answered, differs from the check-in before it. */
const readChanges = (isMachine: string) => `
select ${historyColumns}, if(kind = 'check-in', repeats, 1) as repeats
from
(
    select *, count() over (partition by checks order by at, n rows between current row and unbounded following) as repeats
    from
    (
        select *, sum(is_change) over (order by at, n rows between unbounded preceding and current row) as changes,
               if(kind = 'check-in', changes, 0) as checks
        from
        (
            select *, (version, grp, channel, oem, reason) as said,
                   kind != 'check-in' or said != lagInFrame(said) over
                     (partition by kind order by at, n rows between unbounded preceding and current row) as is_change
            from fact as f final
            where app = {app:String} and ${isMachine}
        )
    )
) as f
where is_change and (toUnixTimestamp64Milli(at), n) < ({beforeAt:Int64}, {beforeN:UInt64})
order by at desc, n desc
limit {limit:UInt32}`;

const readInputs = `
select toUnixTimestamp64Milli(at) as at_ms, n, fact
from fact_archive
where app = {app:String} and machine = {machine:String} and kind = 'MachineCheckedIn'
  and at >= fromUnixTimestamp64Milli({from:Int64}) and at <= fromUnixTimestamp64Milli({to:Int64})
  and n in {ns:Array(UInt64)}`;

export interface HistoryPage {
  items: HistoryItem[];
  /** Pass as `before` for the page that follows; null on the last. */
  next: { at: number; n: number } | null;
}

/** A week of checks every minute has ten thousand, a half year of hourly ones 4,400: 0.4 kB each on their way here. */
const factsMaxDefault = 5_000;

export interface HistoryAsked {
  app: string;
  machine: string;
  limit: number;
  before?: { at: number; n: number } | undefined;
  all?: boolean | undefined;
  /** Of a machine with more facts the engine finds the changes. */
  factsMax?: number | undefined;
}

/**
 * Check-ins, events, grants and ends of leases of one machine, newest first. Without `all`, check-ins that said and got
 * the same as the one before are left out. null: it never checked in.
 */
export async function countedHistory(history: History, asked: HistoryAsked): Promise<HistoryPage | null> {
  const { app, machine, limit } = asked;
  const rows = await readPage(history, asked);
  if (rows === null) return null;
  const page = rows.slice(0, limit);
  const inputs = await inputsOf(history, app, machine, page);
  const last = page.at(-1);
  return {
    items: page.map((row) => toItem(row, inputs.get(`${row.at_ms}/${row.n}`) ?? null)),
    next: rows.length > limit && last !== undefined ? { at: last.at_ms, n: last.n } : null,
  };
}

/** One more than the page has, if there are so many. */
async function readPage(history: History, asked: HistoryAsked): Promise<HistoryRow[] | null> {
  const rows = await readRows(history, asked, named);
  if (rows.length > 0) return rows;
  const inst = await numberOf(history, { app: asked.app, machine: asked.machine });
  return inst === null ? null : readRows(history, { ...asked, inst }, numbered);
}

async function readRows(
  history: History,
  asked: HistoryAsked & { inst?: number },
  isMachine: string,
): Promise<HistoryRow[]> {
  const { app, machine, inst, limit, before = newest, all = false, factsMax = factsMaxDefault } = asked;
  const params = { app, machine, inst, beforeAt: before.at, beforeN: before.n, limit: limit + 1, factsMax };
  if (all) return history.read<HistoryRow>(readAll(isMachine), params);
  const facts = await history.read<HistoryFact>(readFacts(isMachine), params);
  if (facts.length > factsMax) return history.read<HistoryRow>(readChanges(isMachine), params);
  const isBefore = ({ at_ms, n }: HistoryRow) => at_ms < before.at || (at_ms === before.at && n < before.n);
  return changesAmong(facts)
    .filter(isBefore)
    .slice(0, limit + 1);
}

const newest = { at: Number.MAX_SAFE_INTEGER, n: 0 };

/** As `readChanges` has them. @param facts all of the machine, newest first */
function changesAmong(facts: readonly HistoryFact[]): HistoryRow[] {
  const changes: HistoryRow[] = [];
  let saidBefore = ['', '', '', '', ''];
  for (const fact of facts.toReversed()) {
    const said = [fact.version, fact.grp, fact.channel, fact.oem, fact.reason];
    const isCheckIn = fact.kind === 'check-in';
    const last = changes.at(-1);
    if (!isCheckIn || said.some((word, index) => word !== saidBefore[index])) changes.push({ ...fact });
    else if (last?.kind === 'check-in') last.repeats += 1;
    if (isCheckIn) saidBefore = said;
  }
  return changes.toReversed();
}

/** What rules saw is kept with the whole fact only. */
async function inputsOf(
  history: History,
  app: string,
  machine: string,
  rows: HistoryRow[],
): Promise<Map<string, AnswerInputs>> {
  const answered = rows.filter(({ reason }) => reason !== '');
  const [newest, oldest] = [answered[0], answered.at(-1)];
  if (newest === undefined || oldest === undefined) return new Map();
  const facts = await history.read<{ at_ms: number; n: number; fact: string }>(readInputs, {
    app,
    machine,
    from: oldest.at_ms,
    to: newest.at_ms,
    ns: answered.map(({ n }) => n),
  });
  return new Map(
    facts.flatMap(({ at_ms, n, fact }) => {
      const whole = decodeFact(fact);
      return whole?.kind === 'MachineCheckedIn' && whole.answer
        ? [[`${at_ms}/${n}`, whole.answer.inputs] as const]
        : [];
    }),
  );
}

function toItem(row: HistoryRow, inputs: AnswerInputs | null): HistoryItem {
  return {
    at: row.at_ms,
    n: row.n,
    kind: row.kind,
    version: row.version,
    group: orNull(row.grp),
    channel: orNull(row.channel),
    status: orNull(row.status),
    reason: orNull(row.reason),
    inputs,
    event:
      row.kind === 'event'
        ? {
            type: row.event_type,
            result: row.event_result,
            errorCode: row.error_code,
            previousVersion: row.previous_version,
          }
        : null,
    toVersion: orNull(row.to_version),
    outcome: orNull(row.outcome),
    cause: orNull(row.cause),
    repeats: row.repeats,
  };
}

const orNull = (text: string) => (text === '' ? null : text);
