-- Who was there: exact distinct machines per hour and day as bitmaps of dense numbers. A union is idempotent, so
-- duplicates and late facts change nothing. A machine that updates within an hour is in it under both versions.

create table if not exists presence_hour {{on_cluster}}
(
    app LowCardinality(String),
    dim Enum8('version' = 1, 'status' = 2) comment 'What value is',
    grp LowCardinality(String),
    t DateTime('UTC') comment 'Start of the hour' codec(Delta, ZSTD(1)),
    channel LowCardinality(String),
    arch LowCardinality(String),
    value LowCardinality(String),
    machines AggregateFunction(groupBitmap, UInt32) codec(ZSTD(1))
)
engine = {{engine:AggregatingMergeTree}}
partition by toMonday(t)
order by (app, dim, grp, t, channel, arch, value)
ttl t + interval 100 day
settings index_granularity = 256
comment 'Machines seen per hour by version, and machines whose facts brought a status: presence timelines up to weeks, seen in a range';

create table if not exists presence_day {{on_cluster}}
(
    app LowCardinality(String),
    dim Enum8('version' = 1, 'status' = 2),
    grp LowCardinality(String),
    t DateTime('UTC') comment 'Start of the day, UTC' codec(Delta, ZSTD(1)),
    channel LowCardinality(String),
    arch LowCardinality(String),
    value LowCardinality(String),
    machines AggregateFunction(groupBitmap, UInt32) codec(ZSTD(1))
)
engine = {{engine:AggregatingMergeTree}}
partition by toYYYYMM(t)
order by (app, dim, grp, t, channel, arch, value)
ttl t + interval 1100 day
settings index_granularity = 256
comment 'The same per day, kept for three years';

create materialized view if not exists presence_version_mv {{on_cluster}} to presence_hour as
select app, 'version' as dim, grp, toDateTime(toStartOfHour(at), 'UTC') as t, channel, arch, version as value,
       groupBitmapState(inst) as machines
from fact_in
where kind in ('check-in', 'event')
group by app, grp, t, channel, arch, version;

create materialized view if not exists presence_status_mv {{on_cluster}} to presence_hour as
select app, 'status' as dim, grp, toDateTime(toStartOfHour(at), 'UTC') as t, channel, arch, status as value,
       groupBitmapState(inst) as machines
from fact_in
where kind in ('check-in', 'event') and status != ''
group by app, grp, t, channel, arch, status;

create materialized view if not exists presence_day_mv {{on_cluster}} to presence_day as
select app, dim, grp, toStartOfDay(t) as t, channel, arch, value, groupBitmapMergeState(machines) as machines
from presence_hour
group by app, dim, grp, t, channel, arch, value;
