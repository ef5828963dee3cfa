// The SQL of the rebuild, in the order in which it runs; rebuild.ts says why it may die between any two of them.
// Positions are at * 2^52 + n; a silence begins 24 h after the whole minute that follows the last sign of life.

/** When a machine last seen then counts as silent: the first whole minute that began more than 24 h later. */
const silentAt = (seenAt: string) => `toDateTime64(addMinutes(toStartOfMinute(${seenAt}), 24 * 60 + 1), 3, 'UTC')`;
const positionOf = (at: string, n: string) => `bitShiftLeft(toUInt128(toUnixTimestamp64Milli(${at})), 52) + ${n}`;
const toTime = (position: string) => `fromUnixTimestamp64Milli(toInt64(bitShiftRight(${position}, 52)), 'UTC')`;

export const readWatermark = `
select run, seq, toUnixTimestamp(silence) * 1000 as silence
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

/** Machines with facts that tell something, with what is known of them before these facts. */
export const stageSeeds = `
insert into stage_seed (attempt, app, inst, since, late, active, seen_at, grp, channel, arch, oem, version, status)
select
    {attempt:UInt64},
    t.app,
    t.inst,
    t.since,
    t.since <= greatest(m.seen_pos, m.status_pos),
    m.seen_pos > m.deleted_pos and ${silentAt('m.seen_at')} > toDateTime({silenced:UInt32}, 'UTC'),
    m.seen_at,
    m.grp,
    m.channel,
    m.arch,
    m.oem,
    m.version,
    m.status
from
(
    select app, inst, min(pos) as since
    from fresh_state
    where seq <= {upto:UInt64} and tells
    group by app, inst
) as t
left join
(
    select app, inst, seen_pos, status_pos, deleted_pos, seen_at, grp, channel, arch, oem, version, status
    from machine final
    where (app, inst) in (select app, inst from fresh_state where seq <= {upto:UInt64} and tells)
) as m using (app, inst)`;

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
        select app, inst,
               argMax((active, grp, channel, arch, oem, version, status), (at, cause, n)) as state
        from transition final
        inner join seeds using (app, inst)
        where at <= ${toTime('since')} and (cause = 'silence' or ${positionOf('at', 'n')} < since)
        group by app, inst
    ),
    seen as
    (
        select app, inst, max(at) as seen_at
        from fact
        inner join seeds using (app, inst)
        where (app, inst) in (select app, inst from seeds)
          and kind in ('check-in', 'event') and ${positionOf('at', 'n')} < since
        group by app, inst
    )
select {attempt:UInt64}, app, inst, since, 2, state.1, seen_at, state.2, state.3, state.4, state.5, state.6, state.7
from seeds
left join before using (app, inst)
left join seen using (app, inst)`;

/** Before the statement above has run a late machine has a seed of no use. */
const seeds = (late: string) => `
    select app, inst, since, active, seen_at, grp, channel, arch, oem, version, status
    from stage_seed
    where attempt = {attempt:UInt64} and late ${late}`;

const factsOf = (source: string) => `
    select app, inst, 0 as seed, at, n,
           multiIf(sent, 1, kind = 'deletion', 0, null) as active,
           if(sent, at, null) as seen_at,
           if(sent, toString(grp), null) as grp,
           if(sent, toString(channel), null) as channel,
           if(sent, toString(arch), null) as arch,
           if(sent, toString(oem), null) as oem,
           if(sent and version != '', toString(version), null) as version,
           if(status != '', toString(status), null) as status
    from ${source}`;

const freshOf = factsOf(`fresh_state
    where seq <= {upto:UInt64} and tells and (app, inst) in (select app, inst from (${seeds('= 0')}))`);

const storedOf = factsOf(`
    (
        select app, inst, since, at, n, kind, grp, channel, arch, oem, version, status, kind in ('check-in', 'event') as sent
        from fact
        inner join (select app, inst, since from (${seeds('= 2')})) as s using (app, inst)
        where (app, inst) in (select app, inst from (${seeds('= 2')}))
          and ${positionOf('at', 'n')} >= since and (sent or status != '')
    )`);

/**
 * The transitions of a set of machines from their seeds on. Innermost: seed and facts of each machine in one stream,
 * with the next sign of life (or deletion) after each. Then a silence is put in wherever that is too far away. Then
 * each attribute is carried forward, and what differs from the state before is a transition.
 */
const stageFrom = (facts: string, late: string) => `
insert into stage_transition
  (app, at, cause, n, inst, run, gone, active, grp, channel, arch, oem, version, status,
   was_active, was_grp, was_channel, was_arch, was_oem, was_version, was_status)
select app, at, cause, n, inst, {attempt:UInt64}, 0,
       state.1, state.2, state.3, state.4, state.5, state.6, state.7,
       was.1, was.2, was.3, was.4, was.5, was.6, was.7
from
(
    select *, lagInFrame(state) over in_order as was
    from
    (
        select app, inst, seed, at, cause, n,
               (ifNull(anyLast(active) over so_far, 0), ifNull(anyLast(grp) over so_far, ''),
                ifNull(anyLast(channel) over so_far, ''), ifNull(anyLast(arch) over so_far, ''),
                ifNull(anyLast(oem) over so_far, ''), ifNull(anyLast(version) over so_far, ''),
                ifNull(anyLast(status) over so_far, '')) as state
        from
        (
            select app, inst, is_fact and seed as seed,
                   if(is_fact, at, assumeNotNull(silent_at)) as at,
                   if(is_fact, 'fact', 'silence') as cause,
                   if(is_fact, n, 0) as n,
                   if(is_fact, active, 0) as active,
                   if(is_fact, grp, null) as grp,
                   if(is_fact, channel, null) as channel,
                   if(is_fact, arch, null) as arch,
                   if(is_fact, oem, null) as oem,
                   if(is_fact, version, null) as version,
                   if(is_fact, status, null) as status
            from
            (
                select *, ${silentAt('seen_at')} as silent_at,
                       active = 1 and if(next_at is null, silent_at <= toDateTime({silence:UInt32}, 'UTC'), next_at >= silent_at) as falls_silent,
                       arrayJoin(if(falls_silent = 1, [1, 0], [1])) as is_fact
                from
                (
                    select *, anyLast(if(active is null, null, at)) over
                                (partition by app, inst order by at desc, n desc
                                 rows between unbounded preceding and 1 preceding) as next_at
                    from
                    (
                        select app, inst, 1 as seed, toDateTime64(0, 3, 'UTC') as at, 0 as n, toNullable(active) as active,
                               toNullable(seen_at) as seen_at, toNullable(toString(grp)) as grp,
                               toNullable(toString(channel)) as channel, toNullable(toString(arch)) as arch,
                               toNullable(toString(oem)) as oem, toNullable(toString(version)) as version,
                               toNullable(toString(status)) as status
                        from (${seeds(late)})
                        union all
                        ${facts}
                    )
                )
            )
        )
        window so_far as (partition by app, inst order by at, cause = 'fact', n
                          rows between unbounded preceding and current row)
    )
    window in_order as (partition by app, inst order by at, cause = 'fact', n
                        rows between unbounded preceding and current row)
)
where not seed and state != was`;

export const stageFreshTransitions = stageFrom(freshOf, '= 0');
export const stageLateTransitions = stageFrom(storedOf, '= 2');

/** Transitions of before that the facts of today do not bear out. */
export const stageGone = `
insert into stage_transition (app, at, cause, n, inst, run, gone)
select app, at, cause, n, inst, {attempt:UInt64}, 1
from transition final
inner join (select app, inst, since from stage_seed where attempt = {attempt:UInt64} and late != 1) as s using (app, inst)
where app in (select app from stage_seed where attempt = {attempt:UInt64})
  and at >= (select ${toTime('min(since)')} from stage_seed where attempt = {attempt:UInt64} and late != 1)
  and if(cause = 'fact', ${positionOf('at', 'n')} >= since, at > ${toTime('since')})
  and (app, at, cause, n, inst) not in
      (select app, at, cause, n, inst from stage_transition where run = {attempt:UInt64})`;

/** Machines that sent nothing, and whose silence began since the last run. */
export const stageSilences = `
insert into stage_transition
  (app, at, cause, n, inst, run, gone, active, grp, channel, arch, oem, version, status,
   was_active, was_grp, was_channel, was_arch, was_oem, was_version, was_status)
select app, ${silentAt('seen_at')}, 'silence', 0, inst, {attempt:UInt64}, 0,
       0, grp, channel, arch, oem, version, status, 1, grp, channel, arch, oem, version, status
from machine final
where seen_pos > deleted_pos
  and ${silentAt('seen_at')} > toDateTime({silenced:UInt32}, 'UTC') and ${silentAt('seen_at')} <= toDateTime({silence:UInt32}, 'UTC')
  and (app, inst) not in (select app, inst from stage_seed where attempt = {attempt:UInt64})`;

export const writeTransitions = `
insert into transition
  (app, at, cause, n, inst, run, gone, active, grp, channel, arch, oem, version, status,
   was_active, was_grp, was_channel, was_arch, was_oem, was_version, was_status)
select app, at, cause, n, inst, {run:UInt64}, gone, active, grp, channel, arch, oem, version, status,
       was_active, was_grp, was_channel, was_arch, was_oem, was_version, was_status
from stage_transition
where run = {attempt:UInt64}`;

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
               arrayJoin([
                   ('version', was_grp, was_channel, was_arch, was_version, -toInt32(was_active)),
                   ('version', grp, channel, arch, version, toInt32(active)),
                   ('status', was_grp, was_channel, was_arch, was_status, -toInt32(was_active)),
                   ('status', grp, channel, arch, status, toInt32(active))]) as moved
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

export const writeMachines = `
insert into machine
  (app, inst, run, machine, first_seen, seen_pos, seen_at, grp, channel, arch, oem, version_pos, version, status_pos, status,
   checked_pos, track, ip, alias, oem_version, aleph, boot_id, answered_pos, reason, inputs, until, failed_pos, error_code,
   deleted_pos)
select app, inst, {run:UInt64}, machine, first_seen, seen_pos, seen_at, grp, channel, arch, oem, version_pos, version,
       status_pos, status, checked_pos, track, ip, alias, oem_version, aleph, boot_id, answered_pos, reason, inputs, until,
       failed_pos, error_code, deleted_pos
from machine_folded(upto = {upto:UInt64})`;

export const writeWatermark = `
insert into watermark (name, run, seq, silence)
values ('transitions', {run:UInt64}, {upto:UInt64}, toDateTime({silence:UInt32}, 'UTC'))`;

/** Partitions of fresh that lie wholly below the watermark. */
export const readPassed = `
select distinct partition
from system.parts
where database = currentDatabase() and table = 'fresh' and active and toUInt64(partition) < intDiv({upto:UInt64}, 10000)`;
