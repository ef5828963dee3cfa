-- Who was there: exact distinct machines per hour and day as bitmaps of dense numbers. A union is idempotent, so
-- duplicates and late facts change nothing. A machine that updates within an hour is in it under both versions. Versions and
-- statuses share their bitmaps: apart, each machine of each hour was kept twice, 1.28 instead of 0.7 bytes per fact. Written
-- by the rebuild: as materialized views these cost two thirds of an insert, for each batch however small.

create table if not exists presence_hour {{on_cluster}}
(
    app LowCardinality(String),
    grp LowCardinality(String),
    t DateTime('UTC') comment 'Start of the hour' codec(Delta, ZSTD(1)),
    channel LowCardinality(String),
    arch LowCardinality(String),
    version LowCardinality(String),
    status LowCardinality(String) comment 'That their facts brought; empty: none',
    machines AggregateFunction(groupBitmap, UInt32) codec(ZSTD(1))
)
engine = {{engine:AggregatingMergeTree}}
partition by toMonday(t)
order by (app, grp, t, channel, arch, version, status)
ttl t + interval 100 day
settings index_granularity = 256
comment 'Machines seen per hour by version and by the status that their facts brought: presence timelines up to weeks, seen in a range';

create table if not exists presence_day {{on_cluster}}
(
    app LowCardinality(String),
    grp LowCardinality(String),
    t DateTime('UTC') comment 'Start of the day, UTC' codec(Delta, ZSTD(1)),
    channel LowCardinality(String),
    arch LowCardinality(String),
    version LowCardinality(String),
    status LowCardinality(String) comment 'That their facts brought; empty: none',
    machines AggregateFunction(groupBitmap, UInt32) codec(ZSTD(1))
)
engine = {{engine:AggregatingMergeTree}}
partition by toYYYYMM(t)
order by (app, grp, t, channel, arch, version, status)
ttl t + interval 1100 day
settings index_granularity = 256
comment 'The same per day, kept for three years';
