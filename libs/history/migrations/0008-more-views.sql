-- What the named questions could be asked and SQL could not: progress, differences, attempts one by one, timelines by OEM and
-- with longer activity windows, and presence by the minute, with what is not folded yet.

create or replace view v_progress {{on_cluster}} as
select grp as `group`, channel, arch, oem, if(status = '', 'unknown', toString(status)) as status, count() as machines
from machine_now
where app = {application:String} and seen_pos > deleted_pos
  and seen_at >= parseDateTime64BestEffort({from:String}, 3, 'UTC') and seen_at < parseDateTime64BestEffort({to:String}, 3, 'UTC')
group by grp, channel, arch, oem, status
comment 'Machines last seen in a range, by their status of now: how far a group has come. Parameters: application, from, to (UTC)';

create or replace view v_difference {{on_cluster}} as
select `group`, channel, arch, by, value, sum(earlier) as before, sum(later) as after, after - before as change
from
(
    select `group`, channel, arch, by, value, machines as earlier, 0 as later
    from v_breakdown_at(application = {application:String}, at = {from:String})
    union all
    select `group`, channel, arch, by, value, 0 as earlier, machines as later
    from v_breakdown_at(application = {application:String}, at = {to:String})
)
group by `group`, channel, arch, by, value
having change != 0
comment 'What changed between two moments, by version and by status (column by): active machines before and after. Parameters: application, from, to (UTC)';

create or replace view attempt {{on_cluster}} as
select inst, grp, channel, arch, oem, began_at, last_status,
       if(downloading_at = 0, null, (downloading_at - began_at) / 1000) as downloading_seconds,
       if(downloaded_at = 0, null, (downloaded_at - began_at) / 1000) as downloaded_seconds,
       if(installed_at = 0, null, (installed_at - began_at) / 1000) as installed_seconds,
       if(complete_at = 0, null, (complete_at - began_at) / 1000) as complete_seconds
from
(
    select inst, attempt, argMin(grp, (ms, n)) as grp, argMin(channel, (ms, n)) as channel, argMin(arch, (ms, n)) as arch,
           argMin(oem, (ms, n)) as oem, min(ms) as began_at, argMax(status, (ms, n)) as last_status,
           minIf(ms, status = 'downloading') as downloading_at, minIf(ms, status = 'downloaded') as downloaded_at,
           minIf(ms, status = 'installed') as installed_at, minIf(ms, status = 'complete') as complete_at
    from
    (
        select inst, toUnixTimestamp64Milli(at) as ms, n, toString(status) as status, grp, channel, arch, oem,
               status = 'granted' and was_status not in ('granted', 'downloading', 'downloaded', 'installed') as begins,
               sum(begins) over (partition by inst order by at, n rows between unbounded preceding and current row) as attempt
        from transition final
        where app = {application:String} and cause = 'fact' and status != was_status
          and at >= parseDateTime64BestEffort({from:String}, 3, 'UTC') and at < parseDateTime64BestEffort({to:String}, 3, 'UTC')
    )
    where attempt > 0
    group by inst, attempt
)
comment 'What v_attempt and v_funnel are made of';

create or replace view v_attempt {{on_cluster}} as
select d.machine as machine, a.grp as `group`, a.channel as channel, a.arch as arch, a.oem as oem,
       fromUnixTimestamp64Milli(a.began_at, 'UTC') as granted_at, a.last_status as status, a.downloading_seconds as downloading_seconds,
       a.downloaded_seconds as downloaded_seconds, a.installed_seconds as installed_seconds, a.complete_seconds as complete_seconds
from attempt(application = {application:String}, from = {from:String}, to = {to:String}) as a
left join (select app, inst, any(machine) as machine from machine_detail where app = {application:String} group by app, inst) as d on d.inst = a.inst
comment 'Updates one by one: granted when, in which group, and how long until each step (null: it was not reported). For funnels of a group, channel, arch or OEM. Parameters: application, from, to (UTC)';

create or replace view v_funnel {{on_cluster}} as
select step, attempts, p50_seconds, p95_seconds, dropped_off
from
(
    select
        ['granted', 'downloading', 'downloaded', 'installed', 'complete'] as steps,
        [count(),
         countIf(coalesce(downloading_seconds, downloaded_seconds, installed_seconds, complete_seconds) is not null),
         countIf(coalesce(downloaded_seconds, installed_seconds, complete_seconds) is not null),
         countIf(coalesce(installed_seconds, complete_seconds) is not null),
         countIf(complete_seconds is not null)] as reached,
        arrayMap((came, step) -> if(step = 1, 0, reached[step - 1] - came), reached, range(1, 6)) as lost,
        [if(count() = 0, null, toFloat64(0)), quantileExactOrNull(0.5)(downloading_seconds), quantileExactOrNull(0.5)(downloaded_seconds),
         quantileExactOrNull(0.5)(installed_seconds), quantileExactOrNull(0.5)(complete_seconds)] as p50s,
        [if(count() = 0, null, toFloat64(0)), quantileExactOrNull(0.95)(downloading_seconds), quantileExactOrNull(0.95)(downloaded_seconds),
         quantileExactOrNull(0.95)(installed_seconds), quantileExactOrNull(0.95)(complete_seconds)] as p95s
    from attempt(application = {application:String}, from = {from:String}, to = {to:String})
)
array join steps as step, reached as attempts, p50s as p50_seconds, p95s as p95_seconds, lost as dropped_off
comment 'How many attempts came to each step, the time from the grant (median and 95th percentile; null: nobody reported the step), and how many of the step before did not come. Parameters: application, from, to (UTC)';

create or replace view transition_points {{on_cluster}} as
with
    toDateTime(intDiv(toUnixTimestamp(parseDateTimeBestEffort({from:String}, 'UTC')), {bucket:UInt32}) * {bucket:UInt32}, 'UTC') as first,
    toStartOfMinute(parseDateTimeBestEffort({to:String}, 'UTC')) as end,
    toInt64({window:UInt32}) * 1000 - 86400000 as longer,
    moved as
    (
        select inst, at, cause, n, active, was_active, grp, channel, arch, oem, was_grp, was_channel, was_arch, was_oem,
               toString(if({by:String} = 'version', version, status)) as value,
               toString(if({by:String} = 'version', was_version, was_status)) as was_value, status
        from transition final
        where app = {application:String} and at < end
    ),
    inactive as
    (
        select *,
               anyLastIf(if(cause = 'silence', toUnixTimestamp64Milli(at), 0), cause = 'silence' or status = 'unknown') over so_far as silent_ms,
               leadInFrame(toUnixTimestamp64Milli(at), 1, toInt64(9000000000000)) over ahead as next_ms
        from moved
        where (active = 0 or was_active = 0) and longer > 0
        window so_far as (partition by inst order by at, cause, n rows between unbounded preceding and current row),
               ahead as (partition by inst order by at, cause, n rows between current row and unbounded following)
    )
select side.1 as grp, side.2 as channel, side.3 as arch, side.4 as oem, side.5 as value,
       if(ms < toUnixTimestamp(first) * 1000, 0, intDiv(ms - toUnixTimestamp(first) * 1000, {bucket:UInt32} * 1000) + 1) as point,
       sum(side.6) as change
from
(
    select toUnixTimestamp64Milli(at) as ms,
           arrayJoin([(was_grp, was_channel, was_arch, was_oem, was_value, -toInt32(was_active)),
                      (grp, channel, arch, oem, value, toInt32(active))]) as side
    from moved
    union all
    select edge.1 as ms, (grp, channel, arch, oem, value, edge.2) as side
    from inactive
    array join [(toUnixTimestamp64Milli(at), toInt32(1)), (least(next_ms, silent_ms + longer), toInt32(-1))] as edge
    where active = 0 and silent_ms > 0 and least(next_ms, silent_ms + longer) > toUnixTimestamp64Milli(at)
)
where side.6 != 0 and ms < toUnixTimestamp(end) * 1000
group by grp, channel, arch, oem, value, point
comment 'What v_timeline sums up';

create or replace view v_timeline {{on_cluster}} as
select
    least(toDateTime(first_seconds + counted.1 * {bucket:UInt32}, 'UTC'), toDateTime(end_seconds, 'UTC')) as at,
    grp as `group`, channel, arch, oem, if({by:String} = 'status' and value = '', 'unknown', value) as value, counted.2 as machines
from
(
    select grp, channel, arch, oem, value, sumMap(map(toUInt32(point), change)) as changes,
           intDiv(toUnixTimestamp(parseDateTimeBestEffort({from:String}, 'UTC')), {bucket:UInt32}) * {bucket:UInt32} as first_seconds,
           toUnixTimestamp(toStartOfMinute(parseDateTimeBestEffort({to:String}, 'UTC'))) as end_seconds,
           toUInt32(ceil((end_seconds - first_seconds) / {bucket:UInt32})) as last,
           arrayCumSum(arrayMap(i -> changes[i], range(last + 1))) as running
    from transition_points(application = {application:String}, by = {by:String}, from = {from:String}, to = {to:String},
                           bucket = {bucket:UInt32}, window = {window:UInt32})
    group by grp, channel, arch, oem, value
)
array join arrayZip(range(last + 1), running) as counted
where counted.2 != 0
comment 'As-of timeline by version or status (by), with OEM, and an activity window of a day or longer. Slower than v_version_timeline. Parameters: application, by (version, status), from, to (UTC), bucket and window (seconds; a day is 86400)';

create or replace view v_presence {{on_cluster}} as
select toDateTime(intDiv(toUnixTimestamp(t), {bucket:UInt32}) * {bucket:UInt32}, 'UTC') as at, grp as `group`, channel, arch,
       told.1 as by, told.2 as value, groupBitmapMerge(machines) as machines
from
(
    select t, grp, channel, arch, arrayJoin([('version', toString(version)), ('status', toString(status))]) as told, machines
    from presence_hour
    where {bucket:UInt32} % 3600 = 0 and app = {application:String}
      and t >= parseDateTimeBestEffort({from:String}, 'UTC') and t < parseDateTimeBestEffort({to:String}, 'UTC')
    union all
    select toDateTime(at, 'UTC') as t, grp, channel, arch, arrayJoin([('version', toString(version)), ('status', toString(status))]) as told,
           groupBitmapState(inst) as machines
    from fresh_state
    where {bucket:UInt32} % 3600 = 0 and app = {application:String} and sent
      and at >= parseDateTime64BestEffort({from:String}, 3, 'UTC') and at < parseDateTime64BestEffort({to:String}, 3, 'UTC')
    group by t, grp, channel, arch, told
    union all
    select toDateTime(intDiv(toUnixTimestamp(at), {bucket:UInt32}) * {bucket:UInt32}, 'UTC') as t, grp, channel, arch,
           arrayJoin([('version', toString(version)), ('status', toString(status))]) as told, groupBitmapState(inst) as machines
    from fact
    where {bucket:UInt32} % 3600 != 0 and app = {application:String} and kind in ('check-in', 'event')
      and at >= parseDateTime64BestEffort({from:String}, 3, 'UTC') and at < parseDateTime64BestEffort({to:String}, 3, 'UTC')
    group by t, grp, channel, arch, told
)
where told.1 = 'version' or told.2 != ''
group by at, grp, channel, arch, by, value
comment 'Distinct machines that checked in per bucket, by version and by the status that they brought (column by). Whole hours are quick. Parameters: application, from, to (UTC), bucket (seconds, a whole number of minutes)';
