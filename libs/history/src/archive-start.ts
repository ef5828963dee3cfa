// How far back the archive goes, which is the authority for what the log no longer has.
import type { History } from './connection.js';

/** When the oldest fact of the archive was (ms), which parts know without reading rows; undefined: it has none. */
export async function readArchiveStart(history: History): Promise<number | undefined> {
  const [start] = await history.read<{ facts: number; at: number }>(
    'select count() as facts, toUnixTimestamp64Milli(min(at)) as at from fact_archive',
  );
  return start === undefined || start.facts === 0 ? undefined : start.at;
}

/**
 * Whether everything that ever was in the log can be folded again: the log has it still, or the archive begins before the log
 * does. What the archive let go by its age is no part of the question: `isArchiveExpiring`.
 *
 * @param log its first message, and when that was stored (ms); undefined: it is empty
 */
export function reachesStart(
  { firstSequence, firstAt }: { firstSequence: number; firstAt: number | undefined },
  archivedSince: number | undefined,
): boolean {
  if (firstSequence <= 1) return true;
  return archivedSince !== undefined && (firstAt === undefined || archivedSince <= firstAt);
}
