// Whether several machines speak under one id: a cloned image carries its machine id along. A machine has one boot at a time, so
// that two boots which speak in turns are two machines. One question of a page of one machine, over what its last check-ins said.
import type { History } from '../connection.js';

/** One boot, by when the machine first and last checked in with it, in ms. */
export interface Boot {
  id: string;
  firstAt: number;
  lastAt: number;
}

/** Clones poll within hours of each other. */
const agoMsMax = 7 * 86_400_000;
/** A week of checks every 45 minutes has 224. */
const checkInsMax = 500;

const readBoots = `
select id, min(at_ms) as first_ms, max(at_ms) as last_ms
from
(
    select JSONExtractString(fact, 'bootId') as id, toUnixTimestamp64Milli(at) as at_ms
    from fact_archive
    where app = {app:String} and machine = {machine:String} and kind = 'MachineCheckedIn'
      and at >= fromUnixTimestamp64Milli({since:Int64})
    order by at desc, n desc
    limit {checkIns:UInt32}
)
where id != ''
group by id`;

interface BootRow {
  id: string;
  first_ms: number;
  last_ms: number;
}

/**
 * Whether the machine's boots of the week before `until` spoke in turns.
 *
 * @param until its last check-in or later, in ms
 */
export async function isCloned(
  history: History,
  { app, machine, until }: { app: string; machine: string; until: number },
): Promise<boolean> {
  const asked = { app, machine, since: until - agoMsMax, checkIns: checkInsMax };
  const rows = await history.read<BootRow>(readBoots, asked);
  return speakInTurns(rows.map(({ id, first_ms, last_ms }) => ({ id, firstAt: first_ms, lastAt: last_ms })));
}

/** Whether two of them overlap; that one ends and the other begins within one millisecond is none. */
export function speakInTurns(boots: readonly Boot[]): boolean {
  const inOrder = boots.toSorted((a, b) => a.firstAt - b.firstAt);
  let lastAt = Number.NEGATIVE_INFINITY;
  for (const boot of inOrder) {
    if (boot.firstAt < lastAt) return true;
    lastAt = boot.lastAt;
  }
  return false;
}
