-- What follows from facts in their order, as of the watermark: written by the rebuild only, from everything that
-- arrived up to it. A row is replaced by that of a later run; nothing here is ever incremented.

create table if not exists machine {{on_cluster}}
(
    app LowCardinality(String),
    inst UInt32 codec(Delta, ZSTD(1)),
    run UInt64 codec(ZSTD(1)),
    first_seen DateTime64(3, 'UTC') codec(ZSTD(1)),
    seen_pos UInt128 comment 'Position (at * 2^52 + n) of the newest fact that the machine sent' codec(ZSTD(1)),
    seen_at DateTime64(3, 'UTC') comment 'Last seen, exact' codec(ZSTD(1)),
    grp LowCardinality(String) codec(ZSTD(1)),
    channel LowCardinality(String) codec(ZSTD(1)),
    arch LowCardinality(String) codec(ZSTD(1)),
    oem LowCardinality(String) codec(ZSTD(1)),
    version LowCardinality(String) codec(ZSTD(1)),
    status_pos UInt128 comment 'Of the newest fact that brought a status' codec(ZSTD(1)),
    status LowCardinality(String) codec(ZSTD(1)),
    deleted_pos UInt128 comment 'Of the newest deletion' codec(ZSTD(1)),
    deleted UInt8 materialized seen_pos <= deleted_pos comment 'And not back since; or never seen. Two positions are eight times as wide as the rest of what a count reads' codec(ZSTD(1))
)
engine = {{engine:ReplacingMergeTree(run)}}
order by (app, inst)
comment 'Every machine as of the watermark. Facts that arrived since are in fresh: the view v_machine is both together';

create table if not exists transition {{on_cluster}}
(
    app LowCardinality(String),
    at DateTime64(3, 'UTC') codec(Delta, ZSTD(1)),
    cause Enum8('silence' = 0, 'fact' = 1),
    n UInt64 codec(ZSTD(1)),
    inst UInt32 codec(ZSTD(1)),
    run UInt64 codec(ZSTD(1)),
    gone UInt8 comment '1: a late fact showed that this was none' codec(ZSTD(1)),
    active UInt8 comment 'Seen since 24 h before the start of the minute' codec(ZSTD(1)),
    grp LowCardinality(String) codec(ZSTD(1)),
    channel LowCardinality(String) codec(ZSTD(1)),
    arch LowCardinality(String) codec(ZSTD(1)),
    oem LowCardinality(String) codec(ZSTD(1)),
    version LowCardinality(String) codec(ZSTD(1)),
    status LowCardinality(String) codec(ZSTD(1)),
    was_active UInt8 codec(ZSTD(1)),
    was_grp LowCardinality(String) codec(ZSTD(1)),
    was_channel LowCardinality(String) codec(ZSTD(1)),
    was_arch LowCardinality(String) codec(ZSTD(1)),
    was_oem LowCardinality(String) codec(ZSTD(1)),
    was_version LowCardinality(String) codec(ZSTD(1)),
    was_status LowCardinality(String) codec(ZSTD(1))
)
engine = {{engine:ReplacingMergeTree(run, gone)}}
partition by toMonday(at)
order by (app, at, cause, n, inst)
ttl toDateTime(at) + interval 400 day
comment 'Moments at which a machine''s group, channel, arch, OEM, version, status or activity changed, with what it was before. Time order serves the delta rollup, which reads minutes, and the fleet as of any moment';

create table if not exists delta {{on_cluster}}
(
    app LowCardinality(String),
    dim Enum8('version' = 1, 'status' = 2) comment 'What value is',
    tier UInt32 comment 'Seconds per row: 60 or 3600',
    grp LowCardinality(String),
    t DateTime('UTC') comment 'Start of the minute or hour' codec(Delta, ZSTD(1)),
    channel LowCardinality(String),
    arch LowCardinality(String),
    value LowCardinality(String),
    d Int32 comment 'Active machines that came to the value less those that left it' codec(ZSTD(1)),
    run UInt64 codec(ZSTD(1))
)
engine = {{engine:ReplacingMergeTree(run)}}
partition by tier
order by (app, dim, tier, grp, t, channel, arch, value)
ttl t + interval 45 day delete where tier = 60
comment 'As-of timelines are its running sum. Whole minutes and hours are recomputed from transition, never incremented; hours are kept for good because they carry the sum';

create table if not exists watermark {{on_cluster}}
(
    name LowCardinality(String),
    run UInt64,
    seq UInt64 comment 'Everything that arrived up to this sequence of FACTS is in machine, transition and delta',
    silence DateTime('UTC') comment 'Silences that began up to this minute are in transition and delta'
)
engine = {{engine:ReplacingMergeTree(run)}}
order by name
comment 'How far the rebuild has come (transitions), and the newest run that began to publish (publishing): one row each';

create table if not exists stage_seed {{on_cluster}}
(
    attempt UInt64,
    app LowCardinality(String),
    inst UInt32,
    since UInt128 comment 'Position of the earliest fact to fold',
    late UInt8 comment '1: that is not newer than what is folded already',
    active UInt8,
    seen_at DateTime64(3, 'UTC'),
    grp LowCardinality(String),
    channel LowCardinality(String),
    arch LowCardinality(String),
    oem LowCardinality(String),
    version LowCardinality(String),
    status LowCardinality(String),
    made DateTime('UTC') default now()
)
engine = {{engine:MergeTree}}
partition by attempt
order by (app, inst)
ttl made + interval 1 day
comment 'Machines that a rebuild touches, with their state before its facts; dropped at its end';

create table if not exists stage_transition {{on_cluster}} as transition
engine = {{engine:MergeTree}}
partition by run
order by (app, at, cause, n, inst)
comment 'Transitions that a rebuild found, partitioned by its attempt (in run); dropped at its end';
