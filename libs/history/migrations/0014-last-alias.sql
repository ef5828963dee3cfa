-- A machine's alias: the newest that is not empty, as an empty one says that the machine does not know it now, not that it has
-- none. machine_detail keeps what the newest check-in said, which may be the empty one. A deletion forgets the alias.

create table if not exists machine_alias {{on_cluster}}
(
    app LowCardinality(String),
    inst UInt32 codec(Delta, ZSTD(1)),
    pos UInt128 comment 'Position (at * 2^52 + n) of the check-in, or of the deletion' codec(ZSTD(1)),
    alias String comment 'Empty: the machine was deleted, and told none since' codec(ZSTD(1))
)
engine = {{engine:ReplacingMergeTree(pos)}}
order by (app, inst)
settings index_granularity = 256
comment '[fold] The last alias of each machine that told one: a check-in without one leaves it as it was'
as select app, inst, pos, alias
from machine_detail final
where alias != '';

create materialized view if not exists machine_alias_mv {{on_cluster}} to machine_alias as
select app, inst, bitShiftLeft(toUInt128(toUnixTimestamp64Milli(at)), 52) + n as pos, alias
from fact_in
where kind = 'check-in' and alias != '' or kind = 'deletion';

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
    l.alias as alias,
    d.boot_id as boot_id,
    fromUnixTimestamp64Milli(toInt64(bitShiftRight(a.pos, 52)), 'UTC') as answered_at,
    a.reason as reason,
    a.inputs as inputs,
    a.until as until,
    f.error_code as error_code,
    bitAnd(bitAnd(toInt64OrZero(f.error_code), 4294967295), 268435455) as error_number,
    f.failed_at as failed_at,
    m.name as name,
    m.labels as labels,
    m.is_held as is_held,
    m.note as held_because
from machine_now as s
left join (select * from machine_detail final) as d on d.app = s.app and d.inst = s.inst
left join (select app, inst, alias from machine_alias final) as l on l.app = s.app and l.inst = s.inst
left join (select * from machine_answer final) as a on a.app = s.app and a.inst = s.inst
left join
(
    select app, inst, argMax(cast(error_code as String), (at, n)) as error_code, max(at) as failed_at
    from failure
    where kind = 'event'
    group by app, inst
) as f on f.app = s.app and f.inst = s.inst
left join
(
    select app, machine, anyIf(name, mark = 'card') as name, anyIf(labels, mark = 'card') as labels,
           maxIf(is_held, mark = 'hold') as is_held, anyIf(note, mark = 'hold') as note
    from machine_mark final
    group by app, machine
) as m on m.app = s.app and m.machine = d.machine
where s.seen_pos > s.deleted_pos
comment 'Every machine as it is now: what it runs, when it was seen, its last answer with the reason, its last failure (failed_at 1970: none), and what people wrote on it. Empty group: its track leads to none';
