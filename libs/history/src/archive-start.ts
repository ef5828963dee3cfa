import type { History } from './connection.js';

/** When the oldest fact of the archive was (ms), which parts know without reading rows; undefined: it has none. */
export async function readArchiveStart(history: History): Promise<number | undefined> {
  const [start] = await history.read<{ facts: number; at: number }>(
    'select count() as facts, toUnixTimestamp64Milli(min(at)) as at from fact_archive',
  );
  return start === undefined || start.facts === 0 ? undefined : start.at;
}
