// How far back facts are still there: in the log, and before its first message in the archive. The number of the log's first
// message does not say it: a stream that was lost and made again begins with message 1 and lacks everything before.
import type { History } from './connection.js';
import { ttlColumn } from './ttl.js';

/** The oldest message of the log: its number, and when it was stored (ms); undefined: the log is empty. */
export interface LogStart {
  firstSequence: number;
  firstAt: number | undefined;
}

/** What ClickHouse has. */
export interface KeptFacts {
  /** The oldest fact of the archive (ms); undefined: it is empty. */
  archivedSince: number | undefined;
  /** The oldest fact in rows (ms); undefined: there is none, or the archive need not have it any more. */
  knownSince: number | undefined;
}

/** `log`: it has every fact. `archive`: older facts are in the archive. `gap`: the history knows facts that neither has. */
export type Reach = 'log' | 'archive' | 'gap';

/** How far the clocks of NATS and of ingress may differ: a fact may seem younger than the message that brought it. */
export const clockSlackMs = 60_000;

/** Parts know the oldest time without reading rows. */
const readArchived = 'select count() as facts, toUnixTimestamp64Milli(min(at)) as at from fact_archive';
const readTtl = `
select name, ${ttlColumn} as ttl from system.tables where database = currentDatabase() and name = 'fact_archive'`;

export async function readKeptFacts(history: History): Promise<KeptFacts> {
  const [archived] = await history.read<{ facts: number; at: number }>(readArchived);
  const [archive] = await history.read<{ ttl: string }>(readTtl);
  const isKept = archive === undefined || archive.ttl === '' ? '1' : `${archive.ttl} > now() + interval 1 day`;
  const [known] = await history.read<{ facts: number; ms: number; kept: number }>(
    `select facts, toUnixTimestamp64Milli(at) as ms, ${isKept} as kept from (select count() as facts, min(at) as at from fact)`,
  );
  return {
    archivedSince: archived === undefined || archived.facts === 0 ? undefined : archived.at,
    knownSince: known === undefined || known.facts === 0 || known.kept === 0 ? undefined : known.ms,
  };
}

/** Whether everything that the history knows can be made again. What the archive dropped by its age is not considered. */
export function reachOf({ firstSequence, firstAt }: LogStart, { archivedSince, knownSince }: KeptFacts): Reach {
  const logSince = firstAt ?? Infinity;
  const since = Math.min(archivedSince ?? Infinity, logSince);
  if (knownSince !== undefined && knownSince < since - clockSlackMs) return 'gap';
  if (archivedSince !== undefined && archivedSince <= logSince)
    return firstSequence <= 1 && archivedSince >= logSince - clockSlackMs ? 'log' : 'archive';
  return firstSequence <= 1 ? 'log' : 'gap';
}
