// Every machine's state with everything that has arrived, as a source to select from. The view machine_now is the same for
// people; here only the columns that a question needs are folded, and only if anything is fresh, because planning takes
// longer than answering: measured on a busy machine with 10,000 machines, 11 ms for what is folded, 29 ms with the rest.
import type { History } from '../connection.js';

/** Where the rebuild is, and how much has arrived since. Both parts of one answer must be asked with the same. */
export interface Arrived {
  mark: number;
  fresh: number;
  /** Changes with every rebuild that ended. */
  run: number;
  /** The newest run that began to publish: above `run` while it does, and after it died. */
  publishing: number;
  /** Silences that began up to this moment are in the delta rollup. */
  silence: number;
  /** Histories that fold by themselves. */
  shards: number;
}

export type StateColumn = keyof typeof columns;

/** What folding a column reads of each row, and how: the position decides which of several rows of a machine counts. */
const columns = {
  first_seen: { inputs: ['first_seen'], folded: 'min(first_seen)' },
  seen_pos: { inputs: ['seen_pos'], folded: 'max(r.seen_pos)' },
  status_pos: { inputs: ['status_pos'], folded: 'max(r.status_pos)' },
  deleted_pos: { inputs: ['deleted_pos'], folded: 'max(r.deleted_pos)' },
  deleted: { inputs: ['seen_pos', 'deleted_pos'], folded: 'max(r.seen_pos) <= max(r.deleted_pos)' },
  seen_at: newest('seen_at', 'seen_pos'),
  grp: newest('grp', 'seen_pos'),
  channel: newest('channel', 'seen_pos'),
  arch: newest('arch', 'seen_pos'),
  oem: newest('oem', 'seen_pos'),
  version: newest('version', 'seen_pos'),
  status: newest('status', 'status_pos'),
} as const;

const pos = 'bitShiftLeft(toUInt128(toUnixTimestamp64Milli(at)), 52) + n';
const sent = `kind in ('check-in', 'event')`;
/** What a fresh fact brings, in the shape of machine. */
const brought: Record<string, string> = {
  first_seen: `if(${sent}, at, toDateTime64('2299-12-31 00:00:00', 3, 'UTC'))`,
  seen_at: 'at',
  seen_pos: `if(${sent}, ${pos}, 0)`,
  status_pos: `if(status != '', ${pos}, 0)`,
  deleted_pos: `if(kind = 'deletion', ${pos}, 0)`,
};

const readArrived = `
with
(
    select (minIf(seq, name = 'transitions'), maxIf(run, name = 'transitions'), maxIf(run, name = 'publishing'),
            toUnixTimestamp(maxIf(silence, name = 'transitions')) * 1000, countIf(name = 'transitions'))
    from watermark final
) as known
select known.1 as mark, known.2 as run, known.3 as publishing, known.4 as silence, known.5 as shards, count() as fresh
from fresh
where seq > mark`;

const nothing: Arrived = { mark: 0, fresh: 0, run: 0, publishing: 0, silence: 0, shards: 0 };
const lastSeen = new WeakMap<History, Arrived>();

export async function arrivedNow(history: History): Promise<Arrived> {
  const [arrived = nothing] = await history.read<Arrived>(readArrived);
  lastSeen.set(history, arrived);
  return arrived;
}

/**
 * What the question before this one saw. Runs only count up: when the next look sees the same run, nothing was published
 * between the two, and what was read then, beside that look, is of this run.
 */
export const arrivedBefore = (history: History): Arrived | undefined => lastSeen.get(history);

/** Whether transitions, the rollup and the states of machines are of one run. */
export const isWhole = ({ shards, publishing, run }: Arrived) => shards === 1 && publishing <= run;

const readRuns = `
select maxIf(w.run, name = 'transitions') as run, maxIf(w.run, name = 'publishing') as publishing
from watermark as w`;

/** Whether a rebuild ended or began to publish since: a third of the work of looking at what arrived again. */
export async function isAsBefore(history: History, before: Arrived): Promise<boolean> {
  const [now] = await history.read<Pick<Arrived, 'run' | 'publishing'>>(readRuns);
  return now?.run === before.run && now.publishing === before.publishing;
}

/**
 * More fresh facts than these are not folded by a question about a whole fleet: at full speed the rebuild is seconds
 * behind, and the answer is as of its watermark then. Folding this many takes some 0.2 s; a question about some machines
 * always has all of theirs.
 */
export const freshFactsMax = 200_000;

/**
 * The parts that together are all machines, each once: to be asked side by side where their answers can be added up.
 * They take the parameters `app` and `mark`.
 *
 * @param some narrows the machines by their number: `inst in {insts:Array(UInt32)}`
 */
export function partsOfNow({ fresh }: Arrived, wanted: readonly StateColumn[], some?: string): string[] {
  if (fresh === 0 || (some === undefined && fresh > freshFactsMax)) return [`(${foldedMachines(wanted, some)})`];
  const touched = touchedMachines(some);
  return [
    `(${foldedMachines(wanted, some)} and inst not in (${touched}))`,
    `(${freshMachines(wanted, touched, some)})`,
  ];
}

export function machinesNow(arrived: Arrived, wanted: readonly StateColumn[], some?: string): string {
  return `(${partsOfNow(arrived, wanted, some).join(' union all ')})`;
}

export const touchedMachines = (some = 'true') =>
  `select inst from fresh where seq > {mark:UInt64} and app = {app:String} and ${some}`;

export const foldedMachines = (wanted: readonly StateColumn[], some = 'true') => `
    select app, inst, ${wanted.join(', ')}
    from machine final
    where app = {app:String} and ${some}`;

export function freshMachines(wanted: readonly StateColumn[], touched: string, some = 'true'): string {
  const inputs = [...new Set(wanted.flatMap((column): readonly string[] => columns[column].inputs))];
  return `
    select any(r.app) as app, inst, ${wanted.map((column) => `${columns[column].folded} as ${column}`).join(', ')}
    from
    (
        select app, inst, ${inputs.map((input) => `${brought[input] ?? input} as ${input}`).join(', ')}
        from fresh
        where seq > {mark:UInt64} and app = {app:String} and ${some}
        union all
        select app, inst, ${inputs.join(', ')}
        from machine final
        where app = {app:String} and inst in (${touched})
    ) as r
    group by inst`;
}

function newest(value: string, position: string) {
  return { inputs: [value, position], folded: `argMaxIf(r.${value}, r.${position}, r.${position} > 0)` };
}
