// Whether a rollout has reached every machine that is there: pure, over a count of the group's active machines.
import { inFlightStatuses } from '@platte/fleet';
import type { Rollout } from './catalog.js';
import { compareVersions, parseVersion, type Versioning } from './version.js';

const inFlight: ReadonlySet<string> = inFlightStatuses;

/** How many active machines report each version, and how many have each status. */
export interface MachineCounts {
  versions: Readonly<Record<string, number>>;
  statuses: Readonly<Record<string, number>>;
}

/** At least one machine, all with the version, and none on its way: an installed one has not shown that it boots. */
export function isFinished(
  { versions, statuses }: MachineCounts,
  rollout: Pick<Rollout, 'toVersion'>,
  versioning: Versioning,
): boolean {
  // By entries: machines choose the names, and a plain object has some of them already (`constructor`).
  const reported = presentIn(versions);
  const underWay = presentIn(statuses).some((status) => inFlight.has(status));
  return (
    reported.length > 0 && !underWay && reported.every((version) => isSame(version, rollout.toVersion, versioning))
  );
}

function presentIn(counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts).flatMap(([name, machines]) => (machines > 0 ? [name] : []));
}

/** As judging has it: a machine that differs only in how it writes the version is up to date. */
function isSame(reported: string, wanted: string, versioning: Versioning): boolean {
  const [a, b] = [parseVersion(reported, versioning), parseVersion(wanted, versioning)];
  return a !== null && b !== null && compareVersions(a, b) === 0;
}
