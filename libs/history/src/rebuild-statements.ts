// The SQL of the rebuild, in the order in which it runs; rebuild.ts says why it may die between any two of them.
// A machine's number is unique across applications, and alone the key. Positions are at * 2^52 + n; a silence begins 24 h after the whole minute that follows the last sign of life.

/** When a machine last seen then counts as silent: the first whole minute that began more than 24 h later. */
const silentAt = (seenAt: string) => `toDateTime64(addMinutes(toStartOfMinute(${seenAt}), 24 * 60 + 1), 3, 'UTC')`;
const positionOf = (at: string, n: string) => `bitShiftLeft(toUInt128(toUnixTimestamp64Milli(${at})), 52) + ${n}`;
const toTime = (position: string) => `fromUnixTimestamp64Milli(toInt64(bitShiftRight(${position}, 52)), 'UTC')`;

/** All that a fact says of a machine's state, and whether the machine said it. */
const said = 'cityHash64(sent, grp, channel, arch, oem, version, status)';

export const readWatermark = `
select run, seq, toUnixTimestamp(silence) * 1000 as silence, stream
from watermark final
where name = 'transitions'`;

/** The sequence to go up to: everything that was acknowledged, but no more facts than a run can hold in memory. */
export const readUpto = `
select count() as facts, max(seq) as upto, toUnixTimestamp64Milli(max(at)) as newest
from
(
    select seq, at
    from fresh
    where seq > {after:UInt64} and seq <= {acked:UInt64}
    order by seq
    limit {facts:UInt64} with ties
)`;

/**
 * Machines whose facts may change something, with what is known of them before these facts. Most machines only say once
 * more what they said before, in time, and are not silent since: they have no transition, and are left out here, which
 * keeps the rest small. A fact that comes after the silence that it disproves was folded is late, too.
 */
export const stageSeeds = `
insert into stage_seed (attempt, app, inst, since, late, active, seen_at, grp, channel, arch, oem, version, status)
select
    {attempt:UInt64},
    t.app,
    t.inst,
    t.since,
    t.since <= greatest(m.seen_pos, m.status_pos)
      or m.seen_pos > 0 and ${silentAt('m.seen_at')} <= toDateTime({silenced:UInt32}, 'UTC') and ${toTime('t.since')} < ${silentAt('m.seen_at')} as is_late,
    m.seen_pos > m.deleted_pos and ${silentAt('m.seen_at')} > toDateTime({silenced:UInt32}, 'UTC') as is_active,
    m.seen_at,
    m.grp,
    m.channel,
    m.arch,
    m.oem,
    m.version,
    m.status
from
(
    select any(app) as app, inst, min(pos) as since, max(at) as newest,
           min(${said}) as said_least, max(${said}) as said_most
    from fresh_state
    where seq <= {upto:UInt64}
    group by inst
) as t
left join
(
    select inst, seen_pos, status_pos, deleted_pos, seen_at, grp, channel, arch, oem, version, status,
           cityHash64(1, grp, channel, arch, oem, version, status) as said
    from machine final
    where inst in (select inst from fresh_state where seq <= {upto:UInt64})
) as m using (inst)
where not (is_active and not is_late and said_least = m.said and said_most = m.said and newest < ${silentAt('m.seen_at')}
           and ${silentAt('newest')} > toDateTime({silence:UInt32}, 'UTC'))`;

/** All machines, from their first fact: a rebuild from nothing. */
export const stageAllSeeds = `
insert into stage_seed (attempt, app, inst, since, late, active)
select {attempt:UInt64}, app, inst, 0, 1, 0
from fact
where inst >= {from:UInt32} and inst < {to:UInt32}
group by app, inst`;

export const countLate = `select countIf(late = 1) as machines from stage_seed where attempt = {attempt:UInt64}`;

/** What is folded already goes beyond these machines' earliest facts: go back to what was known before them. */
export const stageLateSeeds = `
insert into stage_seed (attempt, app, inst, since, late, active, seen_at, grp, channel, arch, oem, version, status)
with
    seeds as (select app, inst, since from stage_seed where attempt = {attempt:UInt64} and late),
    before as
    (
        select inst,
               argMax((active, grp, channel, arch, oem, version, status), (at, cause, n)) as state
        from transition final
        inner join seeds using (inst)
        where at <= ${toTime('since')} and (cause = 'silence' or ${positionOf('at', 'n')} < since)
        group by inst
    ),
    seen as
    (
        select inst, max(at) as seen_at
        from fact
        inner join seeds using (inst)
        where app in (select app from seeds) and inst in (select inst from seeds)
          and kind in ('check-in', 'event') and ${positionOf('at', 'n')} < since
        group by inst
    )
select {attempt:UInt64}, app, inst, since, 2, state.1, seen_at, state.2, state.3, state.4, state.5, state.6, state.7
from seeds
left join before using (inst)
left join seen using (inst)`;

/** Before the statement above has run a late machine has a seed of no use. */
const seeds = (late: string) => `
    select app, inst, since, active, seen_at, grp, channel, arch, oem, version, status
    from stage_seed
    where attempt = {attempt:UInt64} and late ${late}`;

const freshFacts = `
    select app, inst, at, n, kind, grp, channel, arch, oem, version, status
    from fresh_state
    where seq <= {upto:UInt64} and inst in (select inst from (${seeds('= 0')}))`;

const storedFacts = `
    select app, inst, at, n, kind, grp, channel, arch, oem, version, status
    from fact
    inner join (select inst, since from (${seeds('= 2')})) as s using (inst)
    where app in (select app from (${seeds('= 2')})) and inst in (select inst from (${seeds('= 2')}))
      and ${positionOf('at', 'n')} >= since and (kind in ('check-in', 'event') or status != '')`;

/**
 * The transitions of a set of machines from their seeds on.
 *
 * stream   each machine's seed, its facts in their order, and an end.
 * telling  the row before it and the last sign of life are looked at: what repeats the row before is left out, which is
 *          nearly every check-in, and a row that finds the machine silent says so.
 * state    that silence becomes a row of its own; each attribute is carried forward from the row that brought it.
 * Last: what differs from the state before is a transition.
 */
const stageFrom = (facts: string, late: string) => `
insert into stage_transition
  (app, at, cause, n, inst, run, gone, active, grp, channel, arch, oem, version, status,
   was_active, was_grp, was_channel, was_arch, was_oem, was_version, was_status)
with
    stream as
    (
        select app, inst, 'seed' as part, toDateTime64(0, 3, 'UTC') as at, 0 as n, active,
               if(active, toUnixTimestamp64Milli(seen_at), 0) as alive_ms, grp, channel, arch, oem, version, status
        from (${seeds(late)})
        union all
        select app, inst, multiIf(kind in ('check-in', 'event'), 'sent', kind = 'deletion', 'deletion', 'told') as part,
               at, n, part = 'sent' as active, if(part = 'sent', toUnixTimestamp64Milli(at), 0) as alive_ms,
               grp, channel, arch, oem, version, status
        from (${facts})
        union all
        select app, inst, 'end', toDateTime64('2299-12-31 00:00:00', 3, 'UTC'), 0, 0, 0, '', '', '', '', '', ''
        from (${seeds(late)})
    ),
    telling as
    (
        select *, if(part = 'seed' and active, 'sent', part) as voice,
               cityHash64(voice, grp, channel, arch, oem, version, status) as said,
               lagInFrame(said) over up_to_here as said_before,
               anyLastIf(alive_ms, part != 'told') over before_here as alive_before_ms,
               ${silentAt("fromUnixTimestamp64Milli(alive_before_ms, 'UTC')")} as silent_at,
               part in ('sent', 'deletion', 'end') and alive_before_ms > 0
                 and if(part = 'end', silent_at <= toDateTime({silence:UInt32}, 'UTC'), at >= silent_at) as finds_silence
        from stream
        window up_to_here as (partition by inst order by at, n rows between unbounded preceding and current row),
               before_here as (partition by inst order by at, n rows between unbounded preceding and 1 preceding)
    ),
    state as
    (
        select app, inst, arrayJoin(multiIf(part = 'end', ['silence'], finds_silence, ['silence', part], [part])) as step,
               if(step = 'silence', silent_at, at) as at,
               if(step = 'silence', 0, n) as n,
               (anyLastIf(if(step = 'silence', 0, active), step != 'told') over so_far,
                anyLastIf(grp, step in ('seed', 'sent')) over so_far,
                anyLastIf(channel, step in ('seed', 'sent')) over so_far,
                anyLastIf(arch, step in ('seed', 'sent')) over so_far,
                anyLastIf(oem, step in ('seed', 'sent')) over so_far,
                anyLastIf(version, step in ('seed', 'sent')) over so_far,
                anyLastIf(status, step = 'seed' or step != 'silence' and status != '') over so_far) as now
        from telling
        where finds_silence or part in ('seed', 'deletion', 'told') or part = 'sent' and said != said_before
        window so_far as (partition by inst order by at, step != 'silence', n
                          rows between unbounded preceding and current row)
    )
select app, at, if(step = 'silence', 'silence', 'fact'), n, inst, {attempt:UInt64}, 0,
       now.1, now.2, now.3, now.4, now.5, now.6, now.7, was.1, was.2, was.3, was.4, was.5, was.6, was.7
from
(
    select *, lagInFrame(now) over in_order as was
    from state
    window in_order as (partition by inst order by at, step != 'silence', n
                        rows between unbounded preceding and current row)
)
where step != 'seed' and now != was`;

export const stageFreshTransitions = stageFrom(freshFacts, '= 0');
export const stageLateTransitions = stageFrom(storedFacts, '= 2');

/** Transitions of before that the facts of today do not bear out. */
export const stageGone = `
insert into stage_transition (app, at, cause, n, inst, run, gone)
select app, at, cause, n, inst, {attempt:UInt64}, 1
from transition final
inner join (select inst, since from stage_seed where attempt = {attempt:UInt64} and late != 1) as s using (inst)
where app in (select app from stage_seed where attempt = {attempt:UInt64})
  and at >= (select ${toTime('min(since)')} from stage_seed where attempt = {attempt:UInt64} and late != 1)
  and if(cause = 'fact', ${positionOf('at', 'n')} >= since, at > ${toTime('since')})
  and (app, at, cause, n, inst) not in
      (select app, at, cause, n, inst from stage_transition where run = {attempt:UInt64})`;

/** Machines that sent nothing, and whose silence began since the last run. Those that repeated themselves have no seed. */
export const stageSilences = `
insert into stage_transition
  (app, at, cause, n, inst, run, gone, active, grp, channel, arch, oem, version, status,
   was_active, was_grp, was_channel, was_arch, was_oem, was_version, was_status)
select app, ${silentAt('seen_at')}, 'silence', 0, inst, {attempt:UInt64}, 0,
       0, grp, channel, arch, oem, version, status, 1, grp, channel, arch, oem, version, status
from machine final
where seen_pos > deleted_pos
  and ${silentAt('seen_at')} > toDateTime({silenced:UInt32}, 'UTC') and ${silentAt('seen_at')} <= toDateTime({silence:UInt32}, 'UTC')
  and inst not in (select inst from stage_seed where attempt = {attempt:UInt64})
  and inst not in (select inst from fresh_state where seq <= {upto:UInt64})`;

export const writeTransitions = `
insert into transition
  (app, at, cause, n, inst, run, gone, active, grp, channel, arch, oem, version, status,
   was_active, was_grp, was_channel, was_arch, was_oem, was_version, was_status)
select app, at, cause, n, inst, {run:UInt64}, gone, active, grp, channel, arch, oem, version, status,
       was_active, was_grp, was_channel, was_arch, was_oem, was_version, was_status
from stage_transition
where run = {attempt:UInt64}`;

/** What one transition takes from a count, and what it gives to one. */
const moves = `arrayJoin([
                   ('version', was_grp, was_channel, was_arch, was_version, -toInt32(was_active)),
                   ('version', grp, channel, arch, version, toInt32(active)),
                   ('status', was_grp, was_channel, was_arch, was_status, -toInt32(was_active)),
                   ('status', grp, channel, arch, status, toInt32(active))]) as moved`;

/** Whole minutes (or hours) that a transition came to, or left, counted anew; what is no longer there becomes 0. */
const writeDeltas = (seconds: number, startOf: string) => `
insert into delta (app, dim, tier, grp, t, channel, arch, value, d, run)
with
    touched as (select distinct app, toDateTime(${startOf}(at), 'UTC') as t from stage_transition where run = {attempt:UInt64}),
    (select (min(t), max(t)) from touched) as bounds
select app, dim, ${seconds}, grp, t, channel, arch, value, sum(change) as d, {run:UInt64}
from
(
    select app, toDateTime(${startOf}(at), 'UTC') as t, moved.1 as dim, moved.2 as grp, moved.3 as channel,
           moved.4 as arch, moved.5 as value, moved.6 as change, 0 as known
    from
    (
        select app, at,
               ${moves}
        from transition final
        where app in (select app from touched)
          and at >= bounds.1 and at < bounds.2 + ${seconds}
          and (app, toDateTime(${startOf}(at), 'UTC')) in touched
    )
    where moved.6 != 0
    union all
    select app, t, toString(dim), grp, channel, arch, value, 0 as change, 1 as known
    from delta final
    where tier = ${seconds} and t >= bounds.1 and t <= bounds.2 and (app, t) in touched
)
group by app, dim, grp, t, channel, arch, value
having d != 0 or max(known) = 1`;

export const writeMinutes = writeDeltas(60, 'toStartOfMinute');
export const writeHours = writeDeltas(3600, 'toStartOfHour');

/** For a rebuild from nothing: a week of transitions at a time, into an empty table. */
const writeAllDeltas = (seconds: number, startOf: string) => `
insert into delta (app, dim, tier, grp, t, channel, arch, value, d, run)
select app, moved.1, ${seconds}, moved.2, toDateTime(${startOf}(at), 'UTC') as t, moved.3, moved.4, moved.5, sum(moved.6) as d, {run:UInt64}
from
(
    select app, at, ${moves}
    from transition final
    where at >= toDateTime({monday:UInt32}, 'UTC') and at < toDateTime({monday:UInt32}, 'UTC') + interval 7 day
)
where moved.6 != 0
group by app, moved.1, moved.2, t, moved.3, moved.4, moved.5
having d != 0`;

export const writeAllMinutes = writeAllDeltas(60, 'toStartOfMinute');
export const writeAllHours = writeAllDeltas(3600, 'toStartOfHour');
export const readWeeks = `select distinct toUnixTimestamp(toDateTime(toMonday(at), 'UTC')) as monday from transition order by monday`;

export const writeMachines = `
insert into machine
  (app, inst, run, first_seen, seen_pos, seen_at, grp, channel, arch, oem, version, status_pos, status, deleted_pos)
select app, inst, {run:UInt64}, first_seen, seen_pos, seen_at, grp, channel, arch, oem, version, status_pos,
       status, deleted_pos
from machine_folded(upto = {upto:UInt64})`;

const writePresence = (table: string, startOf: string, from: string) => `
insert into ${table} (app, grp, t, channel, arch, version, status, machines)
select app, grp, ${startOf}(toDateTime(at, 'UTC')) as t, channel, arch, version, status, groupBitmapState(inst)
from fresh_state
where seq <= {upto:UInt64} and sent and at >= fromUnixTimestamp64Milli({${from}:Int64})
group by app, grp, t, channel, arch, version, status`;

export const writePresenceHours = writePresence('presence_hour', 'toStartOfHour', 'hoursFrom');
export const writePresenceDays = writePresence('presence_day', 'toStartOfDay', 'daysFrom');

export const writeWatermark = `
insert into watermark (name, run, seq, silence, stream)
values ('transitions', {run:UInt64}, {upto:UInt64}, toDateTime({silence:UInt32}, 'UTC'), {stream:Int64})`;

/** From here on until the watermark moves, transition, delta and machine are of two runs: what sums them must not. */
export const writePublishing = `
insert into watermark (name, run, seq, silence)
values ('publishing', {run:UInt64}, 0, toDateTime(0, 'UTC'))`;

/** Partitions of fresh that lie wholly below the watermark. */
export const readPassed = `
select distinct partition
from system.parts
where database = currentDatabase() and table = 'fresh' and active and toUInt64(partition) < intDiv({upto:UInt64}, 10000)`;
