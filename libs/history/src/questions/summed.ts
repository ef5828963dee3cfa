// The breakdown of now without looking at every machine: the sum of the delta rollup is the breakdown as of the watermark,
// exactly, and what has changed since concerns few machines: those that fell silent meanwhile, and those with fresh facts,
// which are taken out as they were and put in as they are. A million machines are counted for 150 ms; this takes 10.
//
// It holds only while the rollup and the states of machines are of one run, so that the watermark is read before and after.
// Whoever reads while a run publishes, or after one died, counts the machines instead: their states may be folded twice.
import type { History, Params } from '../connection.js';
import {
  type Arrived,
  foldedMachines,
  freshFactsMax,
  freshMachines,
  isWhole,
  type StateColumn,
  touchedMachines,
} from './current.js';
import { activeSince, activityWindowMs, floorMinute, type Scope, scopeCondition } from './scope.js';

export interface SummedRow {
  dim: 'version' | 'status';
  value: string;
  machines: number;
}

const sum = (where: string) => `
select dim, value, sum(d) as machines
from delta final
where ${where} and tier = 3600
group by dim, value
having machines != 0`;

const counted = ['deleted', 'seen_at', 'grp', 'channel', 'arch', 'oem', 'version', 'status'] as const;

/** Of each machine its version and its status, `sign` times. */
const count = (source: string, where: string, sign: 1 | -1) => `
select dim, value, ${sign} * toInt64(count()) as machines
from (${source})
array join ['version', 'status'] as dim, [toString(version), toString(status)] as value
where ${where} and not deleted
group by dim, value`;

const hasFolded = 'seen_at >= fromUnixTimestamp64Milli({foldedSince:Int64})';
const isActive = 'seen_at >= fromUnixTimestamp64Milli({since:Int64})';

/** Whether the rollup of now is there, whole, and of no later moment than `now`; shorter windows and OEMs it does not know. */
export function canSum(
  arrived: Arrived,
  { now, windowMs, oem }: { now: number; windowMs: number; oem?: string | undefined },
) {
  return isWhole(arrived) && oem === undefined && windowMs >= activityWindowMs && floorMinute(now) >= arrived.silence;
}

export function readSum(history: History, scope: Scope): Promise<SummedRow[]> {
  const { where, params } = scopeCondition(scope);
  return history.read<SummedRow>(sum(where), params);
}

/**
 * Rows to add up. To be thrown away when the watermark was another, or a run published, once they were read.
 *
 * @param early the sum, where it was read within the same run already
 */
export async function sumNow(
  history: History,
  arrived: Arrived,
  { now, windowMs, ...scope }: Scope & { now: number; windowMs: number },
  early?: SummedRow[],
): Promise<SummedRow[]> {
  const { where, params } = scopeCondition(scope);
  const foldedSince = activeSince(arrived.silence, activityWindowMs);
  const since = activeSince(now, windowMs);
  const asked: Params = { ...params, mark: arrived.mark, foldedSince, since };
  const changed = corrections(arrived, where, since - foldedSince);
  const parts = await Promise.all([
    early ?? readSum(history, scope),
    ...changed.map((statement) => history.read<SummedRow>(statement, asked)),
  ]);
  return parts.flat();
}

/** @param later so much later than in the rollup a machine must have been seen to count; a longer window has less than nothing */
function corrections({ fresh }: Arrived, where: string, later: number): string[] {
  const isFolded = fresh > 0 && fresh <= freshFactsMax;
  const touched = touchedMachines();
  const untouched = isFolded ? `inst not in (${touched})` : 'true';
  const columns: readonly StateColumn[] = counted;
  return [
    ...(later > 0
      ? [count(foldedMachines(columns, untouched), `${where} and ${hasFolded} and not ${isActive}`, -1)]
      : []),
    ...(later < 0
      ? [count(foldedMachines(columns, untouched), `${where} and ${isActive} and not ${hasFolded}`, 1)]
      : []),
    ...(isFolded
      ? [
          count(foldedMachines(columns, `inst in (${touched})`), `${where} and ${hasFolded}`, -1),
          count(freshMachines(columns, touched), `${where} and ${isActive}`, 1),
        ]
      : []),
  ];
}
