-- A row that did not change was left out of v_difference, so that sums of before and after over groups were those of the
-- changed rows alone. And minutes that TTL took away were counted as if nothing had changed in them: that is refused.

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
having before != 0 or after != 0
comment 'Active machines at two moments, by version and by status (column by): before, after, and the change. Parameters: application, from, to (UTC)';

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
      and throwIf({bucket:UInt32} % 3600 != 0 and first < toStartOfHour((select min(t) from delta where tier = 60))
                    and toStartOfHour((select min(t) from delta where tier = 60)) > (select min(t) from delta where tier = 3600),
                  'minutes are not kept for so long: take a bucket of whole hours, or v_timeline') = 0
)
group by grp, channel, arch, value, point
comment 'What v_version_timeline and v_status_timeline sum up';
