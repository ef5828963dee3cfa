-- Facts arrive in fact_in, which keeps nothing, and are fanned out from there by materialized views that give the
-- same rows however often, in whichever batches and in whichever order a fact arrives.

create table if not exists fact_in {{on_cluster}}
(
    seq UInt64 comment 'Sequence in the stream FACTS of the batch that brought it: its arrival',
    app LowCardinality(String),
    inst UInt32,
    machine String,
    at DateTime64(3, 'UTC'),
    n UInt64,
    kind Enum8('check-in' = 1, 'event' = 2, 'grant' = 3, 'lease-end' = 4, 'deletion' = 5),
    version LowCardinality(String),
    grp LowCardinality(String),
    channel LowCardinality(String),
    arch LowCardinality(String),
    oem LowCardinality(String),
    rollout LowCardinality(String),
    status LowCardinality(String),
    reason LowCardinality(String),
    until DateTime64(3, 'UTC'),
    inputs String,
    track LowCardinality(String),
    ip String,
    alias String,
    oem_version LowCardinality(String),
    aleph LowCardinality(String),
    boot_id String,
    event_type Int32,
    event_result Int32,
    error_code LowCardinality(String),
    previous_version LowCardinality(String),
    to_version LowCardinality(String),
    outcome LowCardinality(String),
    cause String
)
engine = Null
comment 'Where facts are inserted: keeps nothing, feeds what the views take from it';

create table if not exists fact {{on_cluster}}
(
    app LowCardinality(String) comment 'The application''s UUID',
    inst UInt32 comment 'The machine''s dense number: machine.inst' codec(Delta, ZSTD(1)),
    at DateTime64(3, 'UTC') comment 'Server time when the request was parsed' codec(Delta, ZSTD(3)),
    n UInt64 comment 'With at a total order over all facts' codec(ZSTD(1)),
    kind Enum8('check-in' = 1, 'event' = 2, 'grant' = 3, 'lease-end' = 4, 'deletion' = 5) codec(ZSTD(6)),
    version LowCardinality(String) comment 'As the machine reported it; empty: it reported none' codec(ZSTD(1)),
    grp LowCardinality(String) comment 'The group''s UUID; empty: none' codec(ZSTD(1)),
    channel LowCardinality(String) codec(ZSTD(1)),
    arch LowCardinality(String) codec(ZSTD(1)),
    oem LowCardinality(String) codec(ZSTD(1)),
    rollout LowCardinality(String) codec(ZSTD(1)),
    status LowCardinality(String) comment 'The status that this fact brings; empty: none' codec(ZSTD(6)),
    reason LowCardinality(String) comment 'Of the answer; empty: the machine did not ask' codec(ZSTD(6)),
    event_type Int32 codec(ZSTD(1)),
    event_result Int32 codec(ZSTD(1)),
    error_code LowCardinality(String) comment 'Raw, as sent' codec(ZSTD(1)),
    previous_version LowCardinality(String) codec(ZSTD(1)),
    to_version LowCardinality(String) comment 'Of a grant or its end' codec(ZSTD(1)),
    outcome LowCardinality(String) comment 'How a lease ended' codec(ZSTD(1)),
    cause String comment 'Why a lease ended, in words' codec(ZSTD(1))
)
engine = {{engine:ReplacingMergeTree}}
partition by toMonday(at)
order by (app, inst, at, n, kind)
ttl toDateTime(at) + interval 180 day
comment 'Every fact of every machine, once. The order serves one machine''s history and folding by machine; weekly partitions serve ranges and the TTL. Read with FINAL where rows are counted';

create materialized view if not exists fact_mv {{on_cluster}} to fact as
select app, inst, at, n, kind, version, grp, channel, arch, oem, rollout, status, reason, event_type, event_result,
       error_code, previous_version, to_version, outcome, cause
from fact_in;

create table if not exists fresh {{on_cluster}}
(
    seq UInt64 codec(Delta, ZSTD(1)),
    app LowCardinality(String),
    inst UInt32,
    at DateTime64(3, 'UTC') codec(Delta, ZSTD(1)),
    n UInt64 codec(ZSTD(1)),
    kind Enum8('check-in' = 1, 'event' = 2, 'grant' = 3, 'lease-end' = 4, 'deletion' = 5),
    version LowCardinality(String),
    grp LowCardinality(String),
    channel LowCardinality(String),
    arch LowCardinality(String),
    oem LowCardinality(String),
    status LowCardinality(String)
)
engine = {{engine:MergeTree}}
partition by intDiv(seq, 10000)
order by seq
comment 'What facts tell of a machine''s state, by arrival, kept until the rebuild has passed them: what is added at query time. Partitions below the watermark are dropped';

create materialized view if not exists fresh_mv {{on_cluster}} to fresh as
select seq, app, inst, at, n, kind, version, grp, channel, arch, oem, status
from fact_in
where kind in ('check-in', 'event') or status != '';

create table if not exists machine_detail {{on_cluster}}
(
    app LowCardinality(String),
    inst UInt32 codec(Delta, ZSTD(1)),
    pos UInt128 comment 'Position (at * 2^52 + n) of the check-in' codec(ZSTD(1)),
    machine String comment 'The machine''s id as it reported it' codec(ZSTD(1)),
    track LowCardinality(String) codec(ZSTD(1)),
    ip String codec(ZSTD(1)),
    alias String codec(ZSTD(1)),
    oem_version LowCardinality(String) codec(ZSTD(1)),
    aleph LowCardinality(String) codec(ZSTD(1)),
    boot_id String codec(ZSTD(1)),
    index by_id machine type bloom_filter(0.01) granularity 1
)
engine = {{engine:ReplacingMergeTree(pos)}}
order by (app, inst)
settings index_granularity = 256
comment 'What each machine said of itself in its newest check-in, and the way from its id to its number';

create materialized view if not exists machine_detail_mv {{on_cluster}} to machine_detail as
select app, inst, bitShiftLeft(toUInt128(toUnixTimestamp64Milli(at)), 52) + n as pos, machine, track, ip, alias, oem_version,
       aleph, boot_id
from fact_in
where kind = 'check-in';

create table if not exists machine_answer {{on_cluster}}
(
    app LowCardinality(String),
    inst UInt32 codec(Delta, ZSTD(1)),
    pos UInt128 comment 'Position (at * 2^52 + n) of the check-in' codec(ZSTD(1)),
    reason LowCardinality(String) codec(ZSTD(1)),
    until DateTime64(3, 'UTC') comment 'When the answer would change by itself; 1970: not known' codec(ZSTD(1)),
    inputs String comment 'What the rule saw, as JSON' codec(ZSTD(1))
)
engine = {{engine:ReplacingMergeTree(pos)}}
order by (app, inst)
settings index_granularity = 256
comment 'The last answer of every machine: why was it not updated?';

create materialized view if not exists machine_answer_mv {{on_cluster}} to machine_answer as
select app, inst, bitShiftLeft(toUInt128(toUnixTimestamp64Milli(at)), 52) + n as pos, reason, until, inputs
from fact_in
where reason != '';

create table if not exists failure {{on_cluster}}
(
    app LowCardinality(String),
    at DateTime64(3, 'UTC') codec(Delta, ZSTD(1)),
    n UInt64 codec(ZSTD(1)),
    inst UInt32,
    kind Enum8('check-in' = 1, 'event' = 2, 'grant' = 3, 'lease-end' = 4, 'deletion' = 5),
    version LowCardinality(String),
    grp LowCardinality(String),
    channel LowCardinality(String),
    arch LowCardinality(String),
    oem LowCardinality(String),
    status LowCardinality(String),
    error_code LowCardinality(String),
    to_version LowCardinality(String),
    cause String codec(ZSTD(1))
)
engine = {{engine:ReplacingMergeTree}}
partition by toYYYYMM(at)
order by (app, at, n, inst, kind)
ttl toDateTime(at) + interval 400 day
comment 'Facts that brought failed, rolled-back or timed-out, in time order: which errors, of which versions and OEMs, when';

create materialized view if not exists failure_mv {{on_cluster}} to failure as
select app, at, n, inst, kind, version, grp, channel, arch, oem, status, error_code, to_version, cause
from fact_in
where status in ('failed', 'rolled-back', 'timed-out');

create table if not exists fact_archive {{on_cluster}}
(
    app LowCardinality(String),
    machine String comment 'Empty for facts of rollouts and of the catalog' codec(ZSTD(1)),
    at DateTime64(3, 'UTC') codec(Delta, ZSTD(1)),
    n UInt64 codec(ZSTD(1)),
    kind LowCardinality(String) codec(ZSTD(1)),
    fact String comment 'The whole fact as JSON' codec(ZSTD(3))
)
engine = {{engine:ReplacingMergeTree}}
partition by toYYYYMM(at)
order by (app, machine, at, n, kind)
ttl toDateTime(at) + interval 400 day
settings index_granularity = 1024
comment 'Each fact whole: the authority for what is older than FACTS keeps, so back it up. Small granules serve one machine''s facts and an application''s activity (machine is empty)';
