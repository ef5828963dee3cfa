// What went wrong: failures by decoded error code, version and OEM; machines that took a grant and fell silent.
import { describeErrorCode } from '@platte/omaha/words';
import type { History } from '../connection.js';
import { arrivedNow, machinesNow } from './current.js';
import { type MachineState, statesOf } from './machine-state.js';
import { type Scope, scopeCondition } from './scope.js';

export interface FailureGroup {
  status: 'failed' | 'rolled-back' | 'timed-out';
  /** Raw, as sent; '' for a time-out and where none was sent. */
  errorCode: string;
  /** For people: `error 9: the payload could not be downloaded`. */
  words: string;
  /** Reported when it failed. */
  version: string;
  oem: string;
  failures: number;
  machines: number;
  lastAt: number;
}

const byCause = (where: string) => `
select status, error_code, version, oem, count() as failures, uniqExact(inst) as machines,
       toUnixTimestamp64Milli(max(at)) as last_at
from failure final
where ${where} and at >= fromUnixTimestamp64Milli({from:Int64}) and at < fromUnixTimestamp64Milli({to:Int64})
group by status, error_code, version, oem
order by failures desc, status, error_code, version, oem
limit {limit:UInt32}`;

/** The most frequent first. */
export async function failures(
  history: History,
  { from, to, limit = 500, ...scope }: Scope & { from: number; to: number; limit?: number },
): Promise<FailureGroup[]> {
  const { where, params } = scopeCondition(scope);
  const rows = await history.read<{
    status: FailureGroup['status'];
    error_code: string;
    version: string;
    oem: string;
    failures: number;
    machines: number;
    last_at: number;
  }>(byCause(where), { ...params, from, to, limit });
  return rows.map((row) => ({
    status: row.status,
    errorCode: row.error_code,
    words: row.status === 'timed-out' ? 'did not finish in time' : describeErrorCode(row.error_code),
    version: row.version,
    oem: row.oem,
    failures: row.failures,
    machines: row.machines,
    lastAt: row.last_at,
  }));
}

export interface SilentMachine {
  state: MachineState;
  /** The usual time between its check-ins; null when it has had one only. */
  cadenceMs: number | null;
  silentMs: number;
}

/** So many of its own intervals without a word. */
const intervalsMissed = 3;
/** The longest interval that a client accepts (omaha-protocol.md 4.1), for a machine that has had one check-in only. */
const cadenceMsDefault = 4 * 3_600_000;
/** A cadence is that of the last fortnight: the machine may have been told another interval since. */
const cadenceDays = 14;

const stateColumns = ['deleted', 'seen_at', 'grp', 'channel', 'arch', 'oem', 'status'] as const;

const silent = (source: string, where: string) => `
with
    waiting as
    (
        select inst, seen_at
        from ${source}
        where ${where} and not deleted and status in ('granted', 'downloading', 'downloaded')
          and seen_at < fromUnixTimestamp64Milli({now:Int64} - {shortest:Int64})
    ),
    cadence as
    (
        select inst, if(uniqExact(at) > 1, intDiv(toUnixTimestamp64Milli(max(at)) - toUnixTimestamp64Milli(min(at)), uniqExact(at) - 1), 0) as cadence_ms
        from fact
        where app = {app:String} and kind = 'check-in' and reason != '' and inst in (select inst from waiting)
          and at >= fromUnixTimestamp64Milli({now:Int64}) - interval ${cadenceDays} day
        group by inst
    )
select inst, cadence_ms, {now:Int64} - toUnixTimestamp64Milli(seen_at) as silent_ms
from waiting
left join cadence using (inst)
where silent_ms > ${intervalsMissed} * if(cadence_ms = 0, ${cadenceMsDefault}, cadence_ms)
order by silent_ms desc, inst
limit {limit:UInt32}`;

/** Machines that took a grant and have not been heard of for three of their own intervals, the longest silence first. */
export async function silentMachines(
  history: History,
  { now, limit = 500, ...scope }: Scope & { now: number; limit?: number },
): Promise<SilentMachine[]> {
  const { where, params } = scopeCondition(scope);
  const arrived = await arrivedNow(history);
  const source = machinesNow(arrived, stateColumns);
  const rows = await history.read<{ inst: number; cadence_ms: number; silent_ms: number }>(silent(source, where), {
    ...params,
    mark: arrived.mark,
    now,
    limit,
    // Nobody is asked to check in more often than every minute.
    shortest: intervalsMissed * 60_000,
  });
  const states = await statesOf(
    history,
    scope.app,
    rows.map(({ inst }) => inst),
  );
  return rows.flatMap(({ inst, cadence_ms, silent_ms }) => {
    const state = states.get(inst);
    return state ? [{ state, cadenceMs: cadence_ms === 0 ? null : cadence_ms, silentMs: silent_ms }] : [];
  });
}
