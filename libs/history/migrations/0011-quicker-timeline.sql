-- v_timeline made two rows of every transition, also of those that change nothing of what is counted, which are most: where
-- versions are asked for, every step of an update is one. They cancel out, and are left out before.

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
    where active != was_active
       or active and (was_value != value or was_grp != grp or was_channel != channel or was_arch != arch or was_oem != oem)
    union all
    select edge.1 as ms, (grp, channel, arch, oem, value, edge.2) as side
    from inactive
    array join [(toUnixTimestamp64Milli(at), toInt32(1)), (least(next_ms, silent_ms + longer), toInt32(-1))] as edge
    where active = 0 and silent_ms > 0 and least(next_ms, silent_ms + longer) > toUnixTimestamp64Milli(at)
)
where side.6 != 0 and ms < toUnixTimestamp(end) * 1000
group by grp, channel, arch, oem, value, point
comment 'What v_timeline sums up';
