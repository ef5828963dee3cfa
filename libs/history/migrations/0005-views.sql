-- The stable SQL for people, Grafana and tools: what a view is called, its columns and its parameters stay; the tables
-- behind may change. A view with parameters is called like a function: v_breakdown_at(application = '…', at = '…').

create or replace view v_machine {{on_cluster}} as
select
    s.app as application,
    d.machine as machine,
    s.grp as `group`,
    s.channel as channel,
    s.arch as arch,
    s.version as version,
    if(s.status = '', 'unknown', toString(s.status)) as status,
    s.first_seen as first_seen,
    s.seen_at as last_seen,
    s.oem as oem,
    d.oem_version as oem_version,
    d.aleph as aleph,
    d.track as track,
    d.ip as ip,
    d.alias as alias,
    d.boot_id as boot_id,
    fromUnixTimestamp64Milli(toInt64(bitShiftRight(a.pos, 52)), 'UTC') as answered_at,
    a.reason as reason,
    a.inputs as inputs,
    a.until as until
from machine_now as s
left join (select * from machine_detail final) as d on d.app = s.app and d.inst = s.inst
left join (select * from machine_answer final) as a on a.app = s.app and a.inst = s.inst
where s.seen_pos > s.deleted_pos
comment 'Every machine as it is now: what it runs, when it was seen, and its last answer with the reason. Empty group: its track leads to none';

create or replace view v_breakdown {{on_cluster}} as
select app as application, grp as `group`, channel, arch, oem, version,
       if(status = '', 'unknown', toString(status)) as status, count() as machines
from machine_now
where seen_pos > deleted_pos and seen_at >= toStartOfMinute(now('UTC')) - interval 1 day
group by app, grp, channel, arch, oem, version, status
comment 'Active machines now (seen within 24 hours), by group, channel, arch, OEM, version and status';

create or replace view v_breakdown_at {{on_cluster}} as
select `group`, channel, arch, by, value, sum(d) as machines
from
(
    select grp as `group`, channel, arch, toString(dim) as by, if(dim = 'status' and value = '', 'unknown', toString(value)) as value, d
    from delta final
    where app = {application:String} and tier = 3600 and t < toStartOfHour(parseDateTime64BestEffort({at:String}, 3, 'UTC'))
    union all
    select moved.1, moved.2, moved.3, moved.4, if(moved.4 = 'status' and moved.5 = '', 'unknown', toString(moved.5)), moved.6
    from
    (
        select arrayJoin([
                   (was_grp, was_channel, was_arch, 'version', was_version, -toInt32(was_active)),
                   (grp, channel, arch, 'version', version, toInt32(active)),
                   (was_grp, was_channel, was_arch, 'status', was_status, -toInt32(was_active)),
                   (grp, channel, arch, 'status', status, toInt32(active))]) as moved
        from transition final
        where app = {application:String}
          and at >= toStartOfHour(parseDateTime64BestEffort({at:String}, 3, 'UTC'))
          and at <= parseDateTime64BestEffort({at:String}, 3, 'UTC')
    )
)
group by `group`, channel, arch, by, value
having machines != 0
comment 'Active machines of an application at a moment, by version and by status (column by). Parameters: application, at (2026-11-20 12:00:00, UTC)';

create or replace view timeline_changes {{on_cluster}} as
select grp, channel, arch, value, point, sum(d) as change
from
(
    select grp, channel, arch, value, d,
           if(t < first, 0, intDiv(toUnixTimestamp(t) - toUnixTimestamp(first), {bucket:UInt32}) + 1) as point,
           toDateTime(intDiv(toUnixTimestamp(parseDateTimeBestEffort({from:String}, 'UTC')), {bucket:UInt32}) * {bucket:UInt32}, 'UTC') as first,
           toStartOfMinute(parseDateTimeBestEffort({to:String}, 'UTC')) as end,
           if({bucket:UInt32} % 3600 = 0, toStartOfHour(end), toStartOfHour(first)) as fine_from
    from delta final
    where app = {application:String} and dim = {by:String}
      and (tier = 3600 and t < fine_from or tier = 60 and t >= fine_from and t < end)
)
group by grp, channel, arch, value, point
comment 'What v_version_timeline and v_status_timeline sum up';

create or replace view v_version_timeline {{on_cluster}} as
select
    least(toDateTime(intDiv(toUnixTimestamp(parseDateTimeBestEffort({from:String}, 'UTC')), {bucket:UInt32}) * {bucket:UInt32} + counted.1 * {bucket:UInt32}, 'UTC'),
          toStartOfMinute(parseDateTimeBestEffort({to:String}, 'UTC'))) as at,
    grp as `group`, channel, arch, value as version, counted.2 as machines
from
(
    select grp, channel, arch, value, sumMap(map(point, change)) as changes,
           toUInt32(ceil((toUnixTimestamp(toStartOfMinute(parseDateTimeBestEffort({to:String}, 'UTC')))
             - intDiv(toUnixTimestamp(parseDateTimeBestEffort({from:String}, 'UTC')), {bucket:UInt32}) * {bucket:UInt32}) / {bucket:UInt32})) as last,
           arrayCumSum(arrayMap(i -> changes[i], range(last + 1))) as running
    from timeline_changes(application = {application:String}, by = 'version', from = {from:String}, to = {to:String}, bucket = {bucket:UInt32})
    group by grp, channel, arch, value
)
array join arrayZip(range(last + 1), running) as counted
where counted.2 != 0
comment 'As-of version timeline: at each point every active machine once, at its last reported version. Parameters: application, from, to (UTC), bucket (seconds, a whole number of minutes)';

create or replace view v_status_timeline {{on_cluster}} as
select
    least(toDateTime(intDiv(toUnixTimestamp(parseDateTimeBestEffort({from:String}, 'UTC')), {bucket:UInt32}) * {bucket:UInt32} + counted.1 * {bucket:UInt32}, 'UTC'),
          toStartOfMinute(parseDateTimeBestEffort({to:String}, 'UTC'))) as at,
    grp as `group`, channel, arch, if(value = '', 'unknown', toString(value)) as status, counted.2 as machines
from
(
    select grp, channel, arch, value, sumMap(map(point, change)) as changes,
           toUInt32(ceil((toUnixTimestamp(toStartOfMinute(parseDateTimeBestEffort({to:String}, 'UTC')))
             - intDiv(toUnixTimestamp(parseDateTimeBestEffort({from:String}, 'UTC')), {bucket:UInt32}) * {bucket:UInt32}) / {bucket:UInt32})) as last,
           arrayCumSum(arrayMap(i -> changes[i], range(last + 1))) as running
    from timeline_changes(application = {application:String}, by = 'status', from = {from:String}, to = {to:String}, bucket = {bucket:UInt32})
    group by grp, channel, arch, value
)
array join arrayZip(range(last + 1), running) as counted
where counted.2 != 0
comment 'As-of status timeline: the same by status';

create or replace view v_presence {{on_cluster}} as
select toDateTime(intDiv(toUnixTimestamp(t), {bucket:UInt32}) * {bucket:UInt32}, 'UTC') as at, grp as `group`, channel, arch,
       told.1 as by, told.2 as value, groupBitmapMerge(machines) as machines
from
(
    select t, grp, channel, arch, arrayJoin([('version', toString(version)), ('status', toString(status))]) as told, machines
    from presence_hour
    where app = {application:String} and t >= parseDateTimeBestEffort({from:String}, 'UTC') and t < parseDateTimeBestEffort({to:String}, 'UTC')
)
where told.1 = 'version' or told.2 != ''
group by at, grp, channel, arch, by, value
comment 'Distinct machines that checked in per bucket, by version and by the status that they brought (column by). Parameters: application, from, to (UTC), bucket (seconds, a whole number of hours)';

create or replace view v_seen {{on_cluster}} as
select grp as `group`, groupBitmap(inst) as machines
from fact
where app = {application:String} and kind in ('check-in', 'event')
  and at >= parseDateTime64BestEffort({from:String}, 3, 'UTC') and at < parseDateTime64BestEffort({to:String}, 3, 'UTC')
group by grp
comment 'Distinct machines seen in a range, by group. Parameters: application, from, to (UTC)';

create or replace view v_machine_history {{on_cluster}} as
select at, kind, version, grp as `group`, channel, arch, oem, status, reason, event_type, event_result, error_code, previous_version,
       to_version, outcome, cause
from fact final
where app = {application:String}
  and inst = (select inst from machine_detail where app = {application:String} and machine = {machine:String} limit 1)
order by at desc, n desc
comment 'All that one machine reported and all that was decided about it, newest first. Parameters: application, machine (its id)';

create or replace view v_transition {{on_cluster}} as
select t.app as application, d.machine as machine, t.at as at, toString(t.cause) as cause, t.active as active,
       t.was_grp as from_group, t.grp as `group`, t.was_version as from_version, t.version as version,
       if(t.was_status = '', 'unknown', toString(t.was_status)) as from_status,
       if(t.status = '', 'unknown', toString(t.status)) as status, t.oem as oem
from transition as t final
left join (select app, inst, any(machine) as machine from machine_detail group by app, inst) as d on d.app = t.app and d.inst = t.inst
comment 'Moments at which a machine changed its group, version, status or activity (cause silence: not seen for 24 hours)';

create or replace view v_failure {{on_cluster}} as
select f.app as application, f.at as at, d.machine as machine, f.grp as `group`, f.channel as channel, f.arch as arch, f.oem as oem,
       f.version as version, f.status as status, f.error_code as error_code,
       bitAnd(bitAnd(toInt64OrZero(cast(f.error_code as String)), 4294967295), 268435455) as error_number, f.to_version as to_version, f.cause as cause
from failure as f final
left join (select app, inst, any(machine) as machine from machine_detail group by app, inst) as d on d.app = f.app and d.inst = f.inst
comment 'Every failure, rollback and time-out. error_number is the raw error_code without update_engine''s flags';

create or replace view v_funnel {{on_cluster}} as
select step, attempts, p50_seconds, p95_seconds
from
(
    select
        ['granted', 'downloading', 'downloaded', 'installed', 'complete'] as steps,
        [count(),
         countIf(greatest(downloading_at, downloaded_at, installed_at, complete_at) > 0),
         countIf(greatest(downloaded_at, installed_at, complete_at) > 0),
         countIf(greatest(installed_at, complete_at) > 0),
         countIf(complete_at > 0)] as reached,
        arrayMap(times -> arrayMap(ms -> ms / 1000, times),
            [[toFloat64(0), toFloat64(0)],
             quantilesExactIf(0.5, 0.95)(toFloat64(downloading_at - began_at), downloading_at > 0),
             quantilesExactIf(0.5, 0.95)(toFloat64(downloaded_at - began_at), downloaded_at > 0),
             quantilesExactIf(0.5, 0.95)(toFloat64(installed_at - began_at), installed_at > 0),
             quantilesExactIf(0.5, 0.95)(toFloat64(complete_at - began_at), complete_at > 0)]) as times
    from
    (
        select inst, attempt, min(ms) as began_at, minIf(ms, status = 'downloading') as downloading_at,
               minIf(ms, status = 'downloaded') as downloaded_at, minIf(ms, status = 'installed') as installed_at,
               minIf(ms, status = 'complete') as complete_at
        from
        (
            select inst, toUnixTimestamp64Milli(at) as ms, status,
                   status = 'granted' and was_status not in ('granted', 'downloading', 'downloaded', 'installed') as begins,
                   sum(begins) over (partition by inst order by at, n rows between unbounded preceding and current row) as attempt
            from transition final
            where app = {application:String} and cause = 'fact' and status != was_status
              and at >= parseDateTime64BestEffort({from:String}, 3, 'UTC') and at < parseDateTime64BestEffort({to:String}, 3, 'UTC')
        )
        where attempt > 0
        group by inst, attempt
    )
)
array join steps as step, reached as attempts, arrayMap(pair -> pair[1], times) as p50_seconds, arrayMap(pair -> pair[2], times) as p95_seconds
comment 'How many attempts came to each step, and the time from the grant (median and 95th percentile). Parameters: application, from, to (UTC)';

create or replace view v_silent {{on_cluster}} as
select s.app as application, d.machine as machine, s.grp as `group`, s.version as version, s.status as status, s.seen_at as last_seen,
       c.cadence_seconds as cadence_seconds
from machine_now as s
inner join
(
    select app, inst, if(uniqExact(at) > 1, intDiv(toUnixTimestamp(max(at)) - toUnixTimestamp(min(at)), uniqExact(at) - 1), 14400) as cadence_seconds
    from fact
    where kind = 'check-in' and reason != '' and at >= now('UTC') - interval 14 day
      and inst in (select inst from machine_now where status in ('granted', 'downloading', 'downloaded'))
    group by app, inst
) as c on c.app = s.app and c.inst = s.inst
left join (select app, inst, any(machine) as machine from machine_detail group by app, inst) as d on d.app = s.app and d.inst = s.inst
where s.seen_pos > s.deleted_pos and s.status in ('granted', 'downloading', 'downloaded')
  and s.seen_at < now('UTC') - interval 3 * c.cadence_seconds second
comment 'Machines that took a grant and have not been heard of for three of their own intervals';

create or replace view v_activity {{on_cluster}} as
select app as application, at, kind, JSONExtractString(fact, 'actor') as actor, JSONExtractString(fact, 'group') as `group`,
       JSONExtractString(fact, 'subject') as subject, JSONExtractString(fact, 'toVersion') as to_version,
       JSONExtractString(fact, 'cause') as cause, fact
from fact_archive final
where machine = ''
comment 'What people and rules did: rollouts started and halted, channels and policies changed, and who did it';

create or replace view v_fact {{on_cluster}} as
select app as application, machine, at, kind, fact
from fact_archive final
comment 'Each fact whole, as JSON: ask for one application and machine, or for a short range';
