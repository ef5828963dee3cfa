// What a switch would lose: compared before it, since afterwards nobody can tell. Machines that are live and not in the copy, and
// times that the live timelines reach back to and the copy's do not.
import { type Losses, readLosses } from '@platte/history';
import { countLost, type LostRows, readMissing } from '@platte/state-store';
import type { RebuiltCopy } from './rebuilt-copy.js';
import type { Stores } from './stores.js';

/** The copy has less than what is live. */
class CopyPoorer extends Error {}

/** @throws CopyPoorer with the figures */
export async function assertNothingLost({ history, postgresUrl }: Stores, copy: RebuiltCopy): Promise<void> {
  const timelines = await readLosses(history);
  // A machine may have arrived since the copy was fed: one that is still missing afterwards is lost.
  const missing = await readMissing(postgresUrl);
  if (missing.length > 0) await copy.feed();
  const rows = await countLost(postgresUrl, missing);
  const found = [...describeTimelines(timelines), ...describeRows(rows)];
  if (found.length === 0) return;
  throw new CopyPoorer(
    `CopyPoorer: the copy has less than the live tables: ${found.join('; ')}. Nothing was changed. \`platte doctor\` says how far log and archive reach back; give --forget-older if the rest may be lost`,
  );
}

function describeTimelines({ live, rebuilt, lost, liveSince, rebuiltSince }: Losses): string[] {
  const machines = `ClickHouse has ${live} machines live and ${rebuilt} in the copy, which lacks ${lost} of them`;
  const since = `timelines begin ${toMoment(liveSince)} live and ${toMoment(rebuiltSince)} in the copy`;
  return [
    ...(lost > 0 ? [machines] : []),
    ...(liveSince > 0 && (rebuiltSince === 0 || rebuiltSince > liveSince) ? [since] : []),
  ];
}

function describeRows({ live, rebuilt, lost }: LostRows): string[] {
  return lost > 0
    ? [`PostgreSQL has ${live} machines live and ${rebuilt} in the copy, which lacks at least ${lost} of them`]
    : [];
}

const toMoment = (ms: number): string => (ms === 0 ? 'nowhere' : new Date(ms).toISOString());
