// How long rows are kept, by the TTL of their tables. It is set at every start of the program that folds, and only where a
// table says something else, because ClickHouse works through a table whose TTL changes.
//
// What carries a running sum has no end: `delta` by the hour, and `transition`, in which a machine that changed nothing for
// years has one row only. With a TTL that row would go, and the machine out of every count by OEM.
import { openOwn } from './cluster.js';
import type { History } from './connection.js';
import { type Macros, withMacros } from './migrate.js';
import { toTtlChange, ttlColumn } from './ttl.js';

/** In ms. Infinity: for good. */
export interface Retention {
  /** Facts in rows: one machine's history, presence finer than an hour, and how late a fact may be and still count. */
  rowsMs: number;
  /** Facts whole. */
  archiveMs: number;
  /** Failures, and days without a package. */
  failuresMs: number;
  /** As-of timelines by the minute. */
  minutesMs: number;
  presenceHoursMs: number;
  presenceDaysMs: number;
}

const dayMs = 86_400_000;

export const retentionDefaults: Retention = {
  rowsMs: 180 * dayMs,
  archiveMs: 400 * dayMs,
  failuresMs: 400 * dayMs,
  minutesMs: 45 * dayMs,
  presenceHoursMs: 100 * dayMs,
  presenceDaysMs: 1100 * dayMs,
};

export const keptForGood = Object.fromEntries(
  Object.keys(retentionDefaults).map((name) => [name, Infinity]),
) as unknown as Retention;

const tiers: readonly { table: string; since: string; where?: string; kept: (retention: Retention) => number }[] = [
  { table: 'fact', since: 'toDateTime(at)', kept: ({ rowsMs }) => rowsMs },
  { table: 'fact_archive', since: 'toDateTime(at)', kept: ({ archiveMs }) => archiveMs },
  { table: 'failure', since: 'toDateTime(at)', kept: ({ failuresMs }) => failuresMs },
  { table: 'missing_package', since: 'day', kept: ({ failuresMs }) => failuresMs },
  { table: 'delta', since: 't', where: 'tier = 60', kept: ({ minutesMs }) => minutesMs },
  { table: 'presence_hour', since: 't', kept: ({ presenceHoursMs }) => presenceHoursMs },
  { table: 'presence_day', since: 't', kept: ({ presenceDaysMs }) => presenceDaysMs },
  { table: 'transition', since: 'toDateTime(at)', kept: () => Infinity },
];

/** @returns the tables whose TTL was changed */
export async function applyRetention(
  history: History,
  retention: Retention,
  macros: Macros = { cluster: '' },
): Promise<string[]> {
  const own = openOwn(history, macros.cluster);
  try {
    const held = await readHeld(own);
    const changed: string[] = [];
    for (const tier of tiers) {
      const wanted = renderTtl(tier, tier.kept(retention));
      if (held.get(tier.table) === wanted) continue;
      await own.run(withMacros(`alter table ${tier.table} {{on_cluster}} ${toTtlChange(wanted)}`, macros));
      changed.push(tier.table);
    }
    return changed;
  } finally {
    if (own !== history) await own.close();
  }
}

function renderTtl({ since, where }: (typeof tiers)[number], keptMs: number): string {
  if (keptMs === Infinity) return '';
  const interval = keptMs % dayMs === 0 ? `toIntervalDay(${keptMs / dayMs})` : `toIntervalSecond(${keptMs / 1000})`;
  return `${since} + ${interval}${where === undefined ? '' : ` WHERE ${where}`}`;
}

async function readHeld(own: History): Promise<Map<string, string>> {
  const rows = await own.read<{ name: string; ttl: string }>(
    `select name, ${ttlColumn} as ttl
     from system.tables
     where database = currentDatabase() and name in {tables:Array(String)}`,
    { tables: tiers.map(({ table }) => table) },
  );
  return new Map(rows.map(({ name, ttl }) => [name, ttl]));
}
