create table if not exists fact_in on cluster 'fleet'
  engine = Null

create table if not exists fact on cluster 'fleet'
  engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
  partition by toMonday(at)
  order by (app, inst, at, n, kind)
  ttl toDateTime(at) + interval 180 day

create materialized view if not exists fact_mv on cluster 'fleet' to fact as

create table if not exists fresh on cluster 'fleet'
  engine = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
  partition by intDiv(seq, 10000)
  order by seq

create materialized view if not exists fresh_mv on cluster 'fleet' to fresh as

create table if not exists machine_detail on cluster 'fleet'
  engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', pos)
  order by (app, inst)

create materialized view if not exists machine_detail_mv on cluster 'fleet' to machine_detail as

create table if not exists machine_answer on cluster 'fleet'
  engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', pos)
  order by (app, inst)

create materialized view if not exists machine_answer_mv on cluster 'fleet' to machine_answer as

create table if not exists failure on cluster 'fleet'
  engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
  partition by toYYYYMM(at)
  order by (app, at, n, inst, kind)
  ttl toDateTime(at) + interval 400 day

create materialized view if not exists failure_mv on cluster 'fleet' to failure as

create table if not exists fact_archive on cluster 'fleet'
  engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
  partition by toYYYYMM(at)
  order by (app, machine, at, n, kind)
  ttl toDateTime(at) + interval 400 day

create table if not exists presence_hour on cluster 'fleet'
  engine = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
  partition by toMonday(t)
  order by (app, grp, t, channel, arch, version, status)
  ttl t + interval 100 day

create table if not exists presence_day on cluster 'fleet'
  engine = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
  partition by toYYYYMM(t)
  order by (app, grp, t, channel, arch, version, status)
  ttl t + interval 1100 day

create table if not exists machine on cluster 'fleet'
  engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', run)
  order by (app, inst)

create table if not exists transition on cluster 'fleet'
  engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', run, gone)
  partition by toMonday(at)
  order by (app, at, cause, n, inst)
  ttl toDateTime(at) + interval 400 day

create table if not exists delta on cluster 'fleet'
  engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', run)
  partition by tier
  order by (app, dim, tier, grp, t, channel, arch, value)
  ttl t + interval 45 day delete where tier = 60

create table if not exists watermark on cluster 'fleet'
  engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', run)
  order by name

create table if not exists stage_seed on cluster 'fleet'
  engine = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
  partition by attempt
  order by (app, inst)
  ttl made + interval 1 day

create table if not exists stage_transition on cluster 'fleet' as transition
  engine = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
  partition by run
  order by (app, at, cause, n, inst)

create or replace view fresh_state on cluster 'fleet' as

create or replace view machine_folded on cluster 'fleet' as

create or replace view machine_now on cluster 'fleet' as

create or replace view v_machine on cluster 'fleet' as

create or replace view v_breakdown on cluster 'fleet' as

create or replace view v_breakdown_at on cluster 'fleet' as

create or replace view timeline_changes on cluster 'fleet' as

create or replace view v_version_timeline on cluster 'fleet' as

create or replace view v_status_timeline on cluster 'fleet' as

create or replace view v_presence on cluster 'fleet' as

create or replace view v_seen on cluster 'fleet' as

create or replace view v_machine_history on cluster 'fleet' as
  order by at desc, n desc

create or replace view v_transition on cluster 'fleet' as

create or replace view v_failure on cluster 'fleet' as

create or replace view v_funnel on cluster 'fleet' as

create or replace view v_silent on cluster 'fleet' as

create or replace view v_activity on cluster 'fleet' as

create or replace view v_fact on cluster 'fleet' as

create or replace view fresh_state on cluster 'fleet' as

create table if not exists missing_package on cluster 'fleet'
  engine = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
  partition by toYYYYMM(day)
  order by (app, day, grp)
  ttl day + interval 400 day

create materialized view if not exists missing_package_mv on cluster 'fleet' to missing_package as

create or replace view v_progress on cluster 'fleet' as

create or replace view v_difference on cluster 'fleet' as

create or replace view attempt on cluster 'fleet' as

create or replace view v_attempt on cluster 'fleet' as

create or replace view v_funnel on cluster 'fleet' as

create or replace view transition_points on cluster 'fleet' as

create or replace view v_timeline on cluster 'fleet' as

create or replace view v_presence on cluster 'fleet' as

create table if not exists machine_mark on cluster 'fleet'
  engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', revision)
  order by (app, machine, mark)

create materialized view if not exists machine_mark_mv on cluster 'fleet' to machine_mark as

create or replace view v_failure on cluster 'fleet' as

create or replace view v_machine on cluster 'fleet' as

create or replace view v_machine_at on cluster 'fleet' as

create or replace view v_seen on cluster 'fleet' as

create or replace view v_seen_machine on cluster 'fleet' as

create or replace view v_presence_by_oem on cluster 'fleet' as

create or replace view v_transition on cluster 'fleet' as

create or replace view v_silent on cluster 'fleet' as

create or replace view v_difference on cluster 'fleet' as

create or replace view timeline_changes on cluster 'fleet' as

create or replace view transition_points on cluster 'fleet' as

create table if not exists machine_name on cluster 'fleet'
  engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
  order by (app, machine)

create materialized view if not exists machine_name_mv on cluster 'fleet' to machine_name as

alter table machine_detail on cluster 'fleet' modify setting min_compress_block_size = 8192, max_compress_block_size = 8192

alter table fact_in on cluster 'fleet' modify comment '[working] Where facts are inserted: keeps nothing, feeds what the views take from it'

alter table fact on cluster 'fleet' modify comment '[fold] Every fact of every machine, once. The order serves one machine''s history and folding by machine; weekly partitions serve ranges and the TTL. Read with FINAL where rows are counted'

alter table fresh on cluster 'fleet' modify comment '[position] What facts tell of a machine''s state, by arrival, kept until the rebuild has passed them: what is added at query time. Partitions below the watermark are dropped'

alter table machine_detail on cluster 'fleet' modify comment '[fold] What each machine said of itself in its newest check-in, and the way from its id to its number'

alter table machine_answer on cluster 'fleet' modify comment '[fold] The last answer of every machine: why was it not updated?'

alter table failure on cluster 'fleet' modify comment '[fold] Facts that brought failed, rolled-back or timed-out, in time order: which errors, of which versions and OEMs, when'

alter table fact_archive on cluster 'fleet' modify comment '[authority] Each fact whole: the authority for what is older than FACTS keeps, so back it up. Small granules serve one machine''s facts and an application''s activity (machine is empty)'

alter table presence_hour on cluster 'fleet' modify comment '[fold] Machines seen per hour by version and by the status that their facts brought: presence timelines up to weeks, seen in a range'

alter table presence_day on cluster 'fleet' modify comment '[fold] The same per day, kept for three years'

alter table machine on cluster 'fleet' modify comment '[fold] Every machine as of the watermark. Facts that arrived since are in fresh: the view v_machine is both together'

alter table transition on cluster 'fleet' modify comment '[fold where gone = 0] Moments at which a machine''s group, channel, arch, OEM, version, status or activity changed, with what it was before. Time order serves the delta rollup, which reads minutes, and the fleet as of any moment'

alter table delta on cluster 'fleet' modify comment '[fold where d != 0] As-of timelines are its running sum. Whole minutes and hours are recomputed from transition, never incremented; hours are kept for good because they carry the sum'

alter table watermark on cluster 'fleet' modify comment '[position] How far the rebuild has come (transitions), and the newest run that began to publish (publishing): one row each'

alter table stage_seed on cluster 'fleet' modify comment '[working] Machines that a rebuild touches, with their state before its facts; dropped at its end'

alter table stage_transition on cluster 'fleet' modify comment '[working] Transitions that a rebuild found, partitioned by its attempt (in run); dropped at its end'

alter table missing_package on cluster 'fleet' modify comment '[fold] Days on which machines of a group were answered no-package. A minimum is the same however often a fact arrives. The order serves the newest days of an application'

alter table machine_mark on cluster 'fleet' modify comment '[fold] What people wrote on machines: names, labels, holds. PostgreSQL is the authority; this is from their facts'

alter table machine_name on cluster 'fleet' modify comment '[fold] Number of each machine that checked in. Those that have not since this table was made are only in machine_detail, where questions look for whom they do not find here'

alter table machine on cluster 'fleet' comment column run '[position] Of the rebuild that wrote the row: the newest counts'

alter table transition on cluster 'fleet' comment column run '[position] Of the rebuild that wrote the row: the newest counts'

alter table delta on cluster 'fleet' comment column run '[position] Of the rebuild that wrote the row: the newest counts'

create table if not exists machine_alias on cluster 'fleet'
  engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', pos)
  order by (app, inst)

create materialized view if not exists machine_alias_mv on cluster 'fleet' to machine_alias as

create or replace view v_machine on cluster 'fleet' as

alter table watermark on cluster 'fleet' add column if not exists stream Int64 default 0 comment 'When the stream of seq was created (ms); 0: not known'

create or replace view v_activity on cluster 'fleet' as

create or replace table fact_in on cluster 'fleet' as platte_local.fact_in
  engine = Distributed('fleet', 'platte_local', 'fact_in', inst)

create or replace table fact on cluster 'fleet' as platte_local.fact
  engine = Distributed('fleet', 'platte_local', 'fact')

create or replace table fresh on cluster 'fleet' as platte_local.fresh
  engine = Distributed('fleet', 'platte_local', 'fresh')

create or replace table machine_detail on cluster 'fleet' as platte_local.machine_detail
  engine = Distributed('fleet', 'platte_local', 'machine_detail')

create or replace table machine_answer on cluster 'fleet' as platte_local.machine_answer
  engine = Distributed('fleet', 'platte_local', 'machine_answer')

create or replace table failure on cluster 'fleet' as platte_local.failure
  engine = Distributed('fleet', 'platte_local', 'failure')

create or replace table fact_archive on cluster 'fleet' as platte_local.fact_archive
  engine = Distributed('fleet', 'platte_local', 'fact_archive', cityHash64(app, machine))

create or replace table presence_hour on cluster 'fleet' as platte_local.presence_hour
  engine = Distributed('fleet', 'platte_local', 'presence_hour')

create or replace table presence_day on cluster 'fleet' as platte_local.presence_day
  engine = Distributed('fleet', 'platte_local', 'presence_day')

create or replace table machine on cluster 'fleet' as platte_local.machine
  engine = Distributed('fleet', 'platte_local', 'machine')

create or replace table transition on cluster 'fleet' as platte_local.transition
  engine = Distributed('fleet', 'platte_local', 'transition')

create or replace table delta on cluster 'fleet' as platte_local.delta
  engine = Distributed('fleet', 'platte_local', 'delta')

create or replace table watermark on cluster 'fleet' as platte_local.watermark
  engine = Distributed('fleet', 'platte_local', 'watermark')

create or replace table missing_package on cluster 'fleet' as platte_local.missing_package
  engine = Distributed('fleet', 'platte_local', 'missing_package')

create or replace table machine_mark on cluster 'fleet' as platte_local.machine_mark
  engine = Distributed('fleet', 'platte_local', 'machine_mark')

create or replace table machine_name on cluster 'fleet' as platte_local.machine_name
  engine = Distributed('fleet', 'platte_local', 'machine_name')

create or replace table machine_alias on cluster 'fleet' as platte_local.machine_alias
  engine = Distributed('fleet', 'platte_local', 'machine_alias')

alter table fact on cluster 'fleet' modify ttl toDateTime(at) + toIntervalDay(180)

alter table fact_archive on cluster 'fleet' modify ttl toDateTime(at) + toIntervalDay(400)

alter table failure on cluster 'fleet' modify ttl toDateTime(at) + toIntervalDay(400)

alter table missing_package on cluster 'fleet' modify ttl day + toIntervalDay(400)

alter table delta on cluster 'fleet' modify ttl t + toIntervalDay(45) delete where tier = 60

alter table presence_hour on cluster 'fleet' modify ttl t + toIntervalDay(100)

alter table presence_day on cluster 'fleet' modify ttl t + toIntervalDay(1100)

alter table transition on cluster 'fleet' remove ttl
