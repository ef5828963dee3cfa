// What went wrong, one by one and newest first, for the activity feed: machines that failed, and groups whose machines asked
// in vain because their channel has no package.
import type { History } from '../connection.js';

/** Where a page ended: what follows is older than `at`, or as old and after `key` in the order of the page. */
export interface MishapPosition {
  at: number;
  /** Null: nothing of that very moment was told yet. */
  key: number | string | null;
}

export interface MishapListing {
  apps: readonly string[];
  group?: string | undefined;
  before?: MishapPosition | undefined;
  limit: number;
}

export type FailureStatus = 'failed' | 'rolled-back' | 'timed-out';

export interface MachineFailure {
  app: string;
  group: string | null;
  machine: string;
  at: number;
  n: number;
  status: FailureStatus;
  /** Reported when it failed. */
  version: string;
  /** What it was granted, where that is known. */
  toVersion: string;
  /** Raw, as sent; '' where none was. */
  errorCode: string;
}

const ofGroup = ({ group }: MishapListing): string => (group === undefined ? '' : 'and grp = {group:String}');
/** Later than all facts, for the first page. */
const endOfTime = 4_102_444_800_000;

const readFailures = (listing: MishapListing): string => `
with told as
(
    select app, at, n, inst, grp, status, version, to_version, error_code
    from failure
    where app in {apps:Array(String)} ${ofGroup(listing)} and status in {statuses:Array(String)} and at <= fromUnixTimestamp64Milli({at:Int64})
      and (at < fromUnixTimestamp64Milli({at:Int64}) or n < {n:UInt64})
    order by at desc, n desc
    limit 1 by at, n, inst
    limit {limit:UInt32}
)
select app, toUnixTimestamp64Milli(at) as at_ms, n, grp, status, version, to_version, error_code, machine
from told
left join
(
    select inst, any(machine) as machine
    from machine_detail
    where app in {apps:Array(String)} and inst in (select inst from told)
    group by inst
) as known using (inst)
order by at desc, n desc`;

interface FailureRow {
  app: string;
  at_ms: number;
  n: number;
  grp: string;
  status: MachineFailure['status'];
  version: string;
  to_version: string;
  error_code: string;
  machine: string;
}

export async function machineFailures(
  history: History,
  listing: MishapListing & { statuses: readonly FailureStatus[] },
): Promise<MachineFailure[]> {
  const { before = { at: endOfTime, key: null } } = listing;
  const rows = await history.read<FailureRow>(readFailures(listing), {
    ...toParams(listing),
    statuses: listing.statuses,
    at: before.at,
    n: before.key === null ? Number.MAX_SAFE_INTEGER : before.key,
  });
  return rows.map(({ at_ms: at, grp, to_version: toVersion, error_code: errorCode, ...same }) => ({
    ...same,
    at,
    group: grp || null,
    toVersion,
    errorCode,
  }));
}

/** A group of which, on one day, machines were answered that there is no package. */
export interface MissingPackage {
  app: string;
  group: string;
  /** When the first machine of that day asked. */
  at: number;
}

const readMissing = (listing: MishapListing): string => `
select app, grp, toUnixTimestamp64Milli(min(m.at)) as at_ms
from missing_package as m
where app in {apps:Array(String)} and grp != '' ${ofGroup(listing)} and day <= toDate(fromUnixTimestamp64Milli({at:Int64}))
group by app, day, grp
having at_ms < {at:Int64} or (at_ms = {at:Int64} and grp < {key:String})
order by at_ms desc, grp desc
limit {limit:UInt32}`;

/** After every text that a group's id can be. */
const lastKey = '~';

export async function missingPackages(history: History, listing: MishapListing): Promise<MissingPackage[]> {
  const { before = { at: endOfTime, key: null } } = listing;
  const rows = await history.read<{ app: string; grp: string; at_ms: number }>(readMissing(listing), {
    ...toParams(listing),
    at: before.at,
    key: before.key ?? lastKey,
  });
  return rows.map(({ app, grp, at_ms: at }) => ({ app, group: grp, at }));
}

function toParams({ apps, group, limit }: MishapListing): Record<string, unknown> {
  return { apps, limit, ...(group !== undefined && { group }) };
}
