// Whether another store knows the same of the machines as the history: PostgreSQL folds the same facts in its own way, so
// that a difference is a mistake in one of them. Last seen is left out: PostgreSQL has only a hint of it.
import type { History } from '../connection.js';
import { toStatus } from './breakdown.js';
import { arrivedNow, machinesNow } from './current.js';

export interface KnownMachine {
  machine: string;
  version: string;
  group: string | null;
  status: string;
}

export interface MachineDifference {
  machine: string;
  elsewhere: KnownMachine;
  /** null: the history does not know it. */
  here: KnownMachine | null;
}

interface StateRow {
  machine: string;
  version: string;
  grp: string;
  status: string;
  newest_ms: number;
}

const stateColumns = ['seen_pos', 'status_pos', 'deleted_pos', 'grp', 'version', 'status'] as const;

const readStates = (source: string) => `
select d.machine as machine, s.version as version, s.grp as grp, s.status as status,
       toInt64(bitShiftRight(greatest(s.seen_pos, s.status_pos, s.deleted_pos), 52)) as newest_ms
from
(
    select inst, machine
    from machine_detail
    where app = {app:String} and machine in {machines:Array(String)}
    limit 1 by inst
) as d
inner join ${source} as s using (inst)`;

/**
 * What differs, of machines without a fact at or after `before`. One statement: ask for a few thousand at a time.
 */
export async function differencesFrom(
  history: History,
  { app, before, elsewhere }: { app: string; before: number; elsewhere: readonly KnownMachine[] },
): Promise<MachineDifference[]> {
  if (elsewhere.length === 0) return [];
  const machines = elsewhere.map(({ machine }) => machine);
  const arrived = await arrivedNow(history);
  const source = machinesNow(arrived, stateColumns);
  const rows = await history.read<StateRow>(readStates(source), { app, machines, mark: arrived.mark });
  const here = new Map(rows.map((row) => [row.machine, row]));
  return elsewhere.flatMap((known): MachineDifference[] => {
    const row = here.get(known.machine);
    if (row === undefined) return [{ machine: known.machine, elsewhere: known, here: null }];
    if (row.newest_ms >= before) return [];
    const found = {
      machine: row.machine,
      version: row.version,
      group: row.grp === '' ? null : row.grp,
      status: toStatus(row.status),
    };
    return isSame(known, found) ? [] : [{ machine: known.machine, elsewhere: known, here: found }];
  });
}

function isSame(one: KnownMachine, other: KnownMachine): boolean {
  return one.version === other.version && one.group === other.group && one.status === other.status;
}
