// A realistic fleet of thirty days, made inside the engine: machines that check in, four rollouts with their events, two
// percent of failures, machines that wait for their wave, fall silent and come back, five OEMs. Everything follows from
// hashes of the machine's number, so that two engines get the same facts.
import type { History } from '@platte/history';
import { makeProgress } from './progress.js';

export interface FleetShape {
  app: string;
  group: string;
  machines: number;
  /** Numbers of these machines begin after this: fleets of several applications share one sequence. */
  firstNumber: number;
  checkInsPerMachine: number;
  /** End of the thirty days. */
  until: number;
}

export const days = 30;
const dayMs = 86_400_000;

/** What of each machine stays the same for thirty days. Rollouts begin on days 3, 10, 17 and 24; each machine has its own
 * moment in the five days that follow. Three in a hundred fall silent for good, three for some days. */
const makeMachines = `
create table bench_machine engine = MergeTree order by inst as
select
    toUInt64(number) as i,
    toUInt32({first:UInt32} + number + 1) as inst,
    lower(hex(MD5(toString(inst)))) as machine,
    arrayMap(r -> {start:Int64} + (3 + 7 * r) * ${dayMs} + cityHash64(i, 'wave', r) % (5 * ${dayMs}), range(4)) as moments,
    if(i % 100 < 3, {start:Int64} + cityHash64(i, 'gone') % (${days} * ${dayMs}), 9000000000000) as gone_ms,
    if(i % 100 >= 97, {start:Int64} + cityHash64(i, 'away') % (20 * ${dayMs}), 9000000000000) as away_ms,
    ['ami', 'azure', 'gce', 'qemu', 'vmware'][1 + cityHash64(i, 'oem') % 5] as oem,
    concat('10.', toString(intDiv(i, 65536) % 256), '.', toString(intDiv(i, 256) % 256), '.', toString(i % 256)) as ip,
    if(i % 10 = 0, concat('node-', toString(i)), '') as alias,
    cityHash64(i % 3, 'process') % 4294967296 * 1048576 as process
from numbers({machines:UInt64})`;

const grantFacts = (ends: string) => `[
     (toInt64(0), 0, 'check-in', 'granted', 'granted', 0, 0, 0), (toInt64(3), 1, 'grant', '', '', 0, 0, 0),
     (toInt64(60000), 0, 'event', 'downloading', '', 13, 1, 0), (toInt64(60000), 1, 'check-in', '', '', 0, 0, 0), ${ends}]`;

/** One check-in of every machine, in the first half of its interval, with the events of an update where one is due. */
const generate = `
insert into fact_in (seq, app, inst, machine, at, n, kind, version, grp, channel, arch, oem, status, reason, inputs, track, ip, alias,
  oem_version, aleph, boot_id, event_type, event_result, error_code, previous_version, to_version)
with
    ['4081.2.0', '4152.2.0', '4152.2.1', '4230.2.0', '4230.2.1'] as versions,
    {start:Int64} + {step:Int64} * {interval:Int64} + cityHash64(i, {step:Int64}) % intDiv({interval:Int64}, 2) as at_ms,
    arrayCount(moment -> moment <= at_ms, moments) as level,
    level > arrayCount(moment -> moment <= at_ms - {interval:Int64}, moments) as updates,
    if(updates, level - 1, level) as have,
    -- In the wave's days before its own moment a machine is told to wait.
    not updates and level < 4 and at_ms >= {start:Int64} + (3 + 7 * level) * ${dayMs} as waits
select
    {step:UInt64} + 1, {app:String}, inst, machine, fromUnixTimestamp64Milli(at_ms + fact.1, 'UTC'), process + fact.2, fact.3,
    versions[have + 1 + fact.8], {group:String}, 'c0000000-0000-4000-8000-000000000001', 'amd64', oem, fact.4, fact.5,
    if(fact.5 = '', '', concat('{"target":"', versions[least(have + 2, 5)], '"}')), 'stable', ip, alias, '2.9.1.1-r1', '4081.2.0',
    if(fact.3 = 'check-in', concat('{', lower(hex(cityHash64(i, level))), lower(hex(cityHash64(level, i))), '}'), ''),
    fact.6, fact.7, if(fact.4 = 'failed', '9', ''), if(fact.6 = 3 and fact.7 = 2, versions[have + 1], ''),
    if(fact.3 = 'grant', versions[have + 2], '')
from bench_machine
array join if(not updates,
    [(toInt64(0), 0, 'check-in', if(waits, 'on-hold', 'complete'), if(waits, 'not-in-wave', 'up-to-date'), 0, 0, 0)],
    if(cityHash64(i, level, 'fails') % 50 = 0,
    ${grantFacts("(toInt64(400000), 0, 'event', 'failed', '', 3, 0, 0), (toInt64(400000), 1, 'check-in', '', '', 0, 0, 0)")},
    ${grantFacts(`(toInt64(400000), 0, 'event', 'downloaded', '', 14, 1, 0), (toInt64(400000), 1, 'check-in', '', '', 0, 0, 0),
     (toInt64(500000), 0, 'event', 'installed', '', 3, 1, 0), (toInt64(500000), 1, 'check-in', '', '', 0, 0, 0),
     (toInt64(900000), 0, 'event', 'complete', '', 3, 2, 1), (toInt64(900000), 1, 'check-in', 'complete', 'up-to-date', 0, 0, 1)`)})) as fact
where i >= {from:UInt64} and i < {from:UInt64} + {count:UInt64}
  and cityHash64(i, {step:Int64}, 'missed') % 50 != 0 and at_ms < gone_ms
  and not (at_ms >= away_ms and at_ms < away_ms + 4 * ${dayMs})`;

/** Two engines get the same facts as long as this is the same. */
export const generator = makeMachines + generate;

/** An insert of some 200 MB before it is compressed. */
const machinesPerInsert = 500_000;
/** What a machine says of itself is kept once: the last steps write it. */
const stepsWithDetails = 3;
const detailViews = ['machine_detail_mv', 'machine_answer_mv', 'machine_name_mv', 'machine_alias_mv'];

/** Step by step in time, as facts arrive: all machines' next check-in, so many machines in one statement. */
export function toInsertions({ machines, checkInsPerMachine }: FleetShape): { step: number; from: number }[] {
  const insertions: { step: number; from: number }[] = [];
  for (let step = 0; step < checkInsPerMachine; step++) {
    for (let from = 0; from < machines; from += machinesPerInsert) insertions.push({ step, from });
  }
  return insertions;
}

export async function makeFleet(history: History, shape: FleetShape, onInserted: () => void): Promise<void> {
  const { app, group, machines, firstNumber: first, checkInsPerMachine: steps } = shape;
  const interval = Math.floor((days * dayMs) / steps);
  const start = shape.until - days * dayMs;
  await history.run('drop table if exists bench_machine');
  await history.run(makeMachines, { first, start, machines });
  for (const view of detailViews) await history.run(`detach table ${view}`);
  for (const { step, from } of toInsertions(shape)) {
    if (step === steps - stepsWithDetails && from === 0)
      for (const view of detailViews) await history.run(`attach table ${view}`);
    await history.run(generate, { app, group, start, step, interval, from, count: machinesPerInsert });
    onInserted();
  }
  await history.run('drop table bench_machine');
}

/** The state of every machine from its facts: what the rebuild keeps, for a fleet that did not arrive through the log. */
export const foldMachines = `
insert into machine
  (app, inst, run, first_seen, seen_pos, seen_at, grp, channel, arch, oem, version, status_pos, status, deleted_pos)
select any(app), inst, 1, min(f.at), max(pos), max(f.at), argMax(grp, pos), argMax(channel, pos), argMax(arch, pos), argMax(oem, pos),
       argMax(version, pos), maxIf(pos, status != ''), argMaxIf(status, pos, status != ''), 0
from
(
    select *, bitShiftLeft(toUInt128(toUnixTimestamp64Milli(at)), 52) + n as pos
    from fact
    where kind in ('check-in', 'event') and inst >= {from:UInt32} and inst < {to:UInt32}
) as f
group by inst`;

const presenceHours = `
insert into presence_hour (app, grp, t, channel, arch, version, status, machines)
select app, grp, toDateTime(toStartOfHour(at), 'UTC') as t, channel, arch, version, status, groupBitmapState(inst)
from fact
where kind in ('check-in', 'event') and at >= toDateTime({monday:UInt32}, 'UTC') and at < toDateTime({monday:UInt32}, 'UTC') + interval 7 day
group by app, grp, t, channel, arch, version, status`;

/** A day's machines are those of its hours. */
const presenceDays = `
insert into presence_day (app, grp, t, channel, arch, version, status, machines)
select app, grp, toStartOfDay(t) as t, channel, arch, version, status, groupBitmapMergeState(machines)
from presence_hour as h
group by app, grp, t, channel, arch, version, status`;

const readWeeks = `select distinct toUnixTimestamp(toDateTime(toMonday(at), 'UTC')) as monday from fact order by monday`;

/** What the rebuild writes while facts arrive. */
export async function foldFleets(
  history: History,
  { machines, say }: { machines: number; say: (line: string) => void },
): Promise<void> {
  const slice = 100_000;
  const folding = makeProgress('states of machines', Math.floor(machines / slice) + 1, say);
  for (let from = 0; from <= machines; from += slice) {
    await history.run(foldMachines, { from, to: from + slice });
    folding(1);
  }
  const weeks = await history.read<{ monday: number }>(readWeeks);
  const presence = makeProgress('presence by weeks', weeks.length, say);
  for (const { monday } of weeks) {
    await history.run(presenceHours, { monday });
    presence(1);
  }
  await history.run(presenceDays);
}
