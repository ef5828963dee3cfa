// A copy of what ClickHouse folds from the log, in a database beside the live one: made by the same migrations, filled by the
// same writer and the same rebuild, compared with the live one, and put in its place. Which tables that concerns is written
// in their comments (migration 0013-marks): no table of the folds is named here.
import { type History, type HistoryOptions, openHistory } from './connection.js';
import { createDatabase, migrateHistory } from './migrate.js';
import { rebuild } from './rebuild.js';
import { readWatermark } from './rebuild-statements.js';
import { toTtlChange, ttlColumn } from './ttl.js';

export interface HistoryTable {
  name: string;
  mark: 'fold' | 'position' | 'authority' | 'working';
  /** Rows that count, as SQL; '' are all. */
  where: string;
  key: string[];
  /** Besides the key, without those that only tell how a row was made. */
  columns: { name: string; type: string }[];
  /** As ClickHouse writes it: ''  is for good. */
  ttl: string;
}

export interface HistoryTableDifference {
  table: string;
  key: string;
  /** Values of the columns, in their order; null: no such row. */
  live: string[] | null;
  rebuilt: string[] | null;
}

/** Of a cluster each shard would have to be rebuilt and switched by itself, at one moment. */
export class NotOnCluster extends Error {}
class Unmarked extends Error {}

const differencesMax = 1_000;
/** No run of the live fold that is under way, or comes before the switch is seen, reaches it: what it writes then is masked. */
const runsAhead = 1_000_000;

const readTables = `
select name, engine, sorting_key, extract(comment, '^\\\\[(\\\\w+)') as mark, extract(comment, '^\\\\[\\\\w+ where ([^\\\\]]+)\\\\]') as where,
       ${ttlColumn} as ttl
from system.tables
where database = currentDatabase() and engine not like '%View' and name not in ('schema_migration', '${switchTable()}')
order by name`;
const readColumns = `
select table, name, type
from system.columns
where database = currentDatabase() and comment not like '[position]%' and default_kind in ('', 'DEFAULT')
order by table, position`;

/** Every table of a history with its mark. @throws NotOnCluster, Unmarked */
export async function readHistoryTables(history: History): Promise<HistoryTable[]> {
  type Row = Omit<HistoryTable, 'key' | 'columns'> & { engine: string; sorting_key: string };
  const rows = await history.read<Row>(readTables);
  if (rows.some(({ engine }) => engine === 'Distributed' || engine.startsWith('Replicated')))
    throw new NotOnCluster(clusterAdvice);
  const unmarked = rows.filter(({ mark }) => mark.length === 0).map(({ name }) => name);
  if (unmarked.length > 0)
    throw new Unmarked(`tables of the history without a mark in their comment: ${unmarked.join(', ')}`);
  const columns = await history.read<{ table: string; name: string; type: string }>(readColumns);
  return rows.map(({ name, mark, where, ttl, sorting_key }) => {
    const key = sorting_key === '' ? [] : sorting_key.split(', ');
    const own = columns.filter(({ table, name: column }) => table === name && !key.includes(column));
    return { name, mark, where, ttl, key, columns: own.map((column) => ({ name: column.name, type: column.type })) };
  });
}

const clusterAdvice =
  'NotOnCluster: the history is spread over a ClickHouse cluster, and this rebuilds that of one server. Make it anew in another database instead: set PLATTE_CLICKHOUSE_DATABASE of analytics and api to a new name, and analytics fills it from FACTS.';

/** A copy with empty tables; what an earlier run left goes first. To be closed by the caller. */
export async function makeRebuiltHistory(options: HistoryOptions, live: History): Promise<History> {
  const copy = openHistory({ ...options, database: rebuiltDatabase(options.database) });
  await dropRebuiltHistory(live);
  await createDatabase({ ...options, database: copy.database }, { cluster: '' });
  await migrateHistory(copy);
  await keepAsLong(copy, await readHistoryTables(live));
  await copy.run(`
    insert into watermark (name, run, seq, silence)
    select 'transitions', max(run) + ${runsAhead}, 0, toDateTime(0, 'UTC') from ${live.database}.watermark`);
  return copy;
}

export const rebuiltDatabase = (database: string): string => `${database}_rebuilt`;

export async function dropRebuiltHistory(live: History): Promise<void> {
  await live.run(`drop database if exists ${rebuiltDatabase(live.database)} sync`);
}

/** Settings made the live tables keep their rows so long; the migrations alone would say something else. */
async function keepAsLong(copy: History, live: readonly HistoryTable[]): Promise<void> {
  const own = new Map((await readHistoryTables(copy)).map(({ name, ttl }) => [name, ttl]));
  for (const { name, ttl } of live) {
    if (own.get(name) === ttl) continue;
    await copy.run(`alter table ${name} ${toTtlChange(ttl)}`);
  }
}

/** Stands for the pages of the archive where a stream is named: no stream was created then. */
const archiveStream = 1;

/**
 * Folds what was written from the archive as messages 1 to `pages`. The log's own messages count from 1 again afterwards, as
 * those of another stream do: the archive needs no numbers below the log's first.
 */
export async function foldArchive(copy: History, pages: number, nextAttempt: () => number): Promise<void> {
  const upto = { acked: pages, stream: archiveStream, now: 0 };
  while (!(await rebuild(copy, { ...upto, attempt: nextAttempt() })).caughtUp) copy.log.info({}, 'folding the archive');
  await copy.run('truncate table fresh');
}

/** Machines, and since when they are known (ms; 0: never), of the live history and of the copy. */
export interface Losses {
  live: number;
  rebuilt: number;
  /** Machines of the live history that the copy lacks. */
  lost: number;
  liveSince: number;
  rebuiltSince: number;
}

/** To be called when both are folded up to the same place, or the copy further. */
export async function readLosses(live: History): Promise<Losses> {
  const copy = rebuiltDatabase(live.database);
  const since = (database: string) =>
    `(select toUnixTimestamp64Milli(min(at)) from ${database}.transition final where gone = 0)`;
  const [row] = await live.read<Losses>(`
    select countIf(side = 1) as live, countIf(side = 2) as rebuilt,
           countIf(side = 1 and inst not in (select inst from ${copy}.machine)) as lost,
           ${since(live.database)} as liveSince, ${since(copy)} as rebuiltSince
    from (select inst, 1 as side from ${live.database}.machine final
          union all select inst, 2 as side from ${copy}.machine final)`);
  return row ?? { live: 0, rebuilt: 0, lost: 0, liveSince: 0, rebuiltSince: 0 };
}

/** Up to where and which minute the live tables are folded: both sides are compared there. */
export async function readFolded(history: History): Promise<LogPlace & { silence: number }> {
  const [mark] = await history.read<LogPlace & { silence: number }>(readWatermark);
  return mark ?? { seq: 0, stream: 0, silence: 0 };
}

/**
 * Since when the archive has facts (ms), if it has begun to let older ones go: what followed from those cannot be made again.
 * Undefined: it has let none go yet.
 */
export async function readForgottenBefore(live: History): Promise<number | undefined> {
  const archive = (await readHistoryTables(live)).find(({ name }) => name === 'fact_archive');
  if (archive === undefined || archive.ttl === '') return undefined;
  // A fleet says something every day: where no fact is as old as the archive keeps them, none has been that old.
  const [due] = await live.read<{ facts: number; since: number }>(
    `select count() as facts, toUnixTimestamp64Milli(min(at)) as since from fact_archive
     where ${archive.ttl} <= now() + interval 1 day`,
  );
  return due === undefined || due.facts === 0 ? undefined : due.since;
}

/** Rows that a TTL takes away some time are no part of a comparison: one side may have lost them already. */
export function toUnexpired(ttl: string): string {
  if (ttl === '') return '1';
  const [, since = '', condition] = /^(.*?)(?: (?:DELETE )?WHERE (.*))?$/.exec(ttl) ?? [];
  const young = `${since} > now()`;
  return condition === undefined ? young : `(not (${condition}) or ${young})`;
}

/** A bitmap's bytes depend on how it was made; what is in it does not. */
function toText({ name, type }: HistoryTable['columns'][number]): string {
  const value = type.startsWith('AggregateFunction(groupBitmap') ? `arraySort(bitmapToArray(${name}))` : name;
  return `toString(${value})`;
}

function selectRows(table: HistoryTable, database: string): string {
  const wheres = [table.where, toUnexpired(table.ttl)].filter((where) => where !== '').map((where) => `(${where})`);
  const values = table.columns.length === 0 ? "['']" : `[${table.columns.map(toText).join(', ')}]`;
  return `select [${table.key.map((name) => `toString(${name})`).join(', ')}] as k, ${values} as v
from ${database}.${table.name} final where ${wheres.join(' and ')}`;
}

/** Rows that differ, at most 1,000, by key; and how many rows of the live table were compared. */
export async function compareHistoryTable(
  live: History,
  table: HistoryTable,
): Promise<{ rows: number; differences: HistoryTableDifference[] }> {
  const rebuilt = rebuiltDatabase(live.database);
  const digest = (database: string) =>
    live.read<{ rows: number; digest: string }>(
      `select count() as rows, toString(sum(cityHash64(k, v))) as digest from (${selectRows(table, database)})`,
    );
  const [[mine], [other]] = [await digest(live.database), await digest(rebuilt)];
  const rows = mine?.rows ?? 0;
  if (mine?.digest === other?.digest && rows === other?.rows) return { rows, differences: [] };
  const found = await live.read<{ key: string; live: string[][]; rebuilt: string[][] }>(`
    select arrayStringConcat(k, ' ') as key, groupArrayIf(v, side = 1) as live, groupArrayIf(v, side = 2) as rebuilt
    from (select k, v, 1 as side from (${selectRows(table, live.database)})
          union all select k, v, 2 as side from (${selectRows(table, rebuilt)}))
    group by k having live != rebuilt order by k limit ${differencesMax}`);
  return {
    rows,
    differences: found.map((row) => ({
      table: table.name,
      key: row.key,
      live: row.live[0] ?? null,
      rebuilt: row.rebuilt[0] ?? null,
    })),
  };
}

export interface ArchivedFacts {
  /** Each as JSON. */
  facts: string[];
}

const archivePage = 20_000;

/** Whole facts from before a moment (ms), by application and machine. */
export async function* readArchive(live: History, before: number): AsyncGenerator<ArchivedFacts, void, undefined> {
  let last = { app: '', machine: '', at: -1, n: 0, kind: '' };
  for (;;) {
    const page = await live.read<typeof last & { fact: string }>(
      `select app, machine, toUnixTimestamp64Milli(f.at) as at, n, kind, fact from fact_archive as f
       where f.at < fromUnixTimestamp64Milli({before:Int64}) and (app, machine) >= ({app:String}, {machine:String})
         and (app, machine, toUnixTimestamp64Milli(f.at), n, kind)
           > ({app:String}, {machine:String}, {at:Int64}, {n:UInt64}, {kind:String})
       order by app, machine, f.at, n, kind
       limit ${archivePage}`,
      { ...last, before },
    );
    const end = page.at(-1);
    if (end === undefined) return;
    yield { facts: page.map(({ fact }) => fact) };
    last = { app: end.app, machine: end.machine, at: end.at, n: end.n, kind: end.kind };
  }
}

export async function countArchive(live: History, before: number): Promise<number> {
  const [row] = await live.read<{ facts: number }>(
    'select count() as facts from fact_archive where at < fromUnixTimestamp64Milli({before:Int64})',
    { before },
  );
  return row?.facts ?? 0;
}

/** A place in one stream: `stream` is when it was created (ms), 0 where that is not known. */
export interface LogPlace {
  seq: number;
  stream: number;
}

/** Names the table in the copy that exists once the switch began, and holds the place behind which the live tables lack facts. */
function switchTable(): string {
  return 'switch_begun';
}

/**
 * Exchanges every table that follows from the log with the copy's, by one statement. Facts that arrived after `place` are in
 * neither until the caller has written them once more; the copy remembers the place in case the caller dies before.
 */
export async function switchHistory(live: History, tables: readonly HistoryTable[], place: LogPlace): Promise<void> {
  const rebuilt = rebuiltDatabase(live.database);
  await live.run(
    `create table ${rebuilt}.${switchTable()} (seq UInt64, stream Int64) engine = MergeTree order by seq
     as select ${Math.floor(place.seq)} as seq, ${Math.floor(place.stream)} as stream`,
  );
  const pairs = tables
    .filter(({ mark }) => mark === 'fold' || mark === 'position')
    .map(({ name }) => `${live.database}.${name} and ${rebuilt}.${name}`);
  await live.run(`exchange tables ${pairs.join(', ')}`);
}

/** The place behind which the live tables may lack facts, because a switch was cut short; undefined: none was. */
export async function readSwitchBegun(live: History): Promise<LogPlace | undefined> {
  const rebuilt = rebuiltDatabase(live.database);
  const columns = await live.read<{ name: string }>(
    'select name from system.columns where database = {rebuilt:String} and table = {name:String}',
    { rebuilt, name: switchTable() },
  );
  if (columns.length === 0) return undefined;
  // The version before did not name the stream.
  const stream = columns.some(({ name }) => name === 'stream') ? 'min(stream)' : '0';
  const [row] = await live.read<LogPlace>(
    `select min(seq) as seq, ${stream} as stream from ${rebuilt}.${switchTable()}`,
  );
  return row;
}
