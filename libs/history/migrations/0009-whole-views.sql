-- What views could not yet tell: what people wrote on machines, why each failed last, the fleet machine by machine as of a
-- moment, who was seen, and each count by channel, architecture and OEM.

create table if not exists machine_mark {{on_cluster}}
(
    app LowCardinality(String),
    machine String comment 'Its id: it may be written on before it was ever seen',
    mark LowCardinality(String) comment 'card (name and labels) or hold',
    revision UInt64 comment 'Of the catalog: the newest counts, whenever it arrives',
    name String,
    labels Map(String, String),
    is_held UInt8,
    note String
)
engine = {{engine:ReplacingMergeTree(revision)}}
order by (app, machine, mark)
comment 'What people wrote on machines: names, labels, holds. PostgreSQL is the authority; this is from their facts'
as select
    app,
    machine,
    if(kind in ('MachineHeld', 'MachineReleased'), 'hold', 'card') as mark,
    JSONExtractUInt(fact, 'revision') as revision,
    JSONExtractString(fact, 'after', 'name') as name,
    JSONExtract(fact, 'after', 'labels', 'Map(String, String)') as labels,
    kind = 'MachineHeld' as is_held,
    JSONExtractString(fact, 'after', 'note') as note
from fact_archive
where kind in ('MachineLabelled', 'MachineRenamed', 'MachineHeld', 'MachineReleased');

create materialized view if not exists machine_mark_mv {{on_cluster}} to machine_mark as
select
    app,
    machine,
    if(kind in ('MachineHeld', 'MachineReleased'), 'hold', 'card') as mark,
    JSONExtractUInt(fact, 'revision') as revision,
    JSONExtractString(fact, 'after', 'name') as name,
    JSONExtract(fact, 'after', 'labels', 'Map(String, String)') as labels,
    kind = 'MachineHeld' as is_held,
    JSONExtractString(fact, 'after', 'note') as note
from fact_archive
where kind in ('MachineLabelled', 'MachineRenamed', 'MachineHeld', 'MachineReleased');

create or replace view v_failure {{on_cluster}} as
with
    cast(f.error_code as String) as code,
    toInt64OrZero(code) as number,
    match(code, '^-?[0-9]{1,19}$') and number >= -2147483648 and number < 4294967296 as is_code,
    bitAnd(bitAnd(number, 4294967295), 268435455) as base,
    transform(base, [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
        30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 100],
    [
        'success', 'unspecified error', 'the check failed', 'the answer could not be acted on',
        'the file system could not be copied', 'the post-install step failed (or an OEM extension is missing)',
        'the partition could not be made bootable', 'the target partition could not be opened',
        'the kernel partition could not be opened',
        'the payload could not be downloaded (network, or an HTTP error)',
        'the payload has another hash than announced', 'the payload has another size than announced (truncated?)',
        'the payload could not be verified', 'the payload does not describe the new partition',
        'the payload could not be written to disk', 'the new root file system is not what it should be',
        'the new kernel is not what it should be', 'the payload is not signed',
        'the payload is signed with another key', 'booted from firmware B',
        'the download could not be resumed or started', 'the file is no update payload',
        'the payload carries no signature', 'the payload''s manifest cannot be read',
        'the payload''s metadata signature cannot be read',
        'the payload''s metadata signature could not be verified', 'the payload''s metadata signature is wrong',
        'a part of the payload could not be verified', 'a part of the payload could not be applied',
        'a part of the payload has another hash (wrong file, or an origin without Range)',
        'the answer to the check was empty', 'the answer to the check was no XML',
        'the payload''s metadata has a wrong size', 'the payload''s metadata signature is no good',
        'the answer to the check was neither an update nor none', 'ignored by the machine''s own policy',
        'deferred by the machine''s own policy', 'an HTTP error', 'a part of the payload has no hash',
        'the payload''s metadata signature is missing',
        'the machine waits after earlier attempts before it takes this payload again',
        'the reset could not be prepared', 'the TPM policy could not be verified',
        'the TPM policy could not be delivered', 'the machine came back with its old version after the reboot',
        'the download is not complete'], '') as known,
    arrayFilter(flag -> flag != '', [
        if(bitTest(number, 31), 'developer mode', ''),
        if(bitTest(number, 30), 'resumed download', ''),
        if(bitTest(number, 29), 'test image', '')]) as flags,
    multiIf(
        known != '', 'error ' || toString(base) || ': ' || known,
        base = 2000, 'error 2000: no HTTP answer to the check',
        base = 2999, 'error 2999: the check was answered with an impossible HTTP status',
        base between 2001 and 2998,
        'error ' || toString(base) || ': the check was answered with HTTP status ' || toString(base - 2000),
        number < 0, 'error 0x' || lower(hex(toUInt32(bitAnd(number, 4294967295)))),
        'error ' || toString(number)) as named
select f.app as application, f.at as at, d.machine as machine, f.grp as `group`, f.channel as channel, f.arch as arch, f.oem as oem,
       f.version as version, f.status as status, f.error_code as error_code, base as error_number, f.to_version as to_version,
       f.cause as cause,
       multiIf(f.status = 'timed-out', 'did not finish in time',
               code = '', 'error without a code',
               not is_code, 'error ' || code,
               named || if(empty(flags), '', ' [' || arrayStringConcat(flags, ', ') || ']')) as words
from failure as f final
left join (select app, inst, any(machine) as machine from machine_detail group by app, inst) as d on d.app = f.app and d.inst = f.inst
comment 'Every failure, rollback and time-out, in words too. error_number is the raw error_code without update_engine''s flags';

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

create or replace view v_machine_at {{on_cluster}} as
select d.machine as machine, t.now.1 as `group`, t.now.2 as channel, t.now.3 as arch, t.now.4 as oem, t.now.5 as version,
       if(t.now.6 = '', 'unknown', toString(t.now.6)) as status, t.changed_at as since
from
(
    select inst, max(at) as changed_at,
           argMax((grp, channel, arch, oem, version, status), (at, cause, n)) as now,
           argMax(active, (at, cause, n)) as is_active,
           argMaxIf(if(cause = 'silence', toUnixTimestamp64Milli(at), 0), (at, cause, n), cause = 'silence' or status = 'unknown') as silent_ms
    from transition final
    where app = {application:String} and at <= parseDateTime64BestEffort({at:String}, 3, 'UTC')
    group by inst
    having is_active = 1
        or silent_ms > 0
       and silent_ms + toInt64({window:UInt32}) * 1000 - 86400000 > toUnixTimestamp64Milli(parseDateTime64BestEffort({at:String}, 3, 'UTC'))
) as t
left join (select app, inst, any(machine) as machine from machine_detail where app = {application:String} group by app, inst) as d on d.inst = t.inst
comment 'The fleet machine by machine as it was at a moment: every machine that was active then, and since when it was so. Parameters: application, at (UTC), window (seconds for which a machine is active after it was seen; a day, 86400, or longer)';

create or replace view v_seen {{on_cluster}} as
select grp as `group`, channel, arch, oem, groupBitmap(inst) as machines
from fact
where app = {application:String} and kind in ('check-in', 'event')
  and at >= parseDateTime64BestEffort({from:String}, 3, 'UTC') and at < parseDateTime64BestEffort({to:String}, 3, 'UTC')
group by grp, channel, arch, oem
comment 'Distinct machines seen in a range, by group, channel, arch and OEM; a machine that moved meanwhile is in several rows (v_seen_machine has each once). Parameters: application, from, to (UTC)';

create or replace view v_seen_machine {{on_cluster}} as
select d.machine as machine, s.now.1 as `group`, s.now.2 as channel, s.now.3 as arch, s.now.4 as oem, s.now.5 as version,
       s.first_at as first_at, s.last_at as last_at, s.check_ins as check_ins
from
(
    select inst, argMax((grp, channel, arch, oem, version), (f.at, f.n)) as now, min(f.at) as first_at, max(f.at) as last_at,
           uniqExactIf((f.at, f.n), kind = 'check-in') as check_ins
    from fact as f
    where app = {application:String} and kind in ('check-in', 'event')
      and f.at >= parseDateTime64BestEffort({from:String}, 3, 'UTC') and f.at < parseDateTime64BestEffort({to:String}, 3, 'UTC')
    group by inst
) as s
left join (select app, inst, any(machine) as machine from machine_detail where app = {application:String} group by app, inst) as d on d.inst = s.inst
comment 'Each machine that was seen in a range, once, as it was when it was seen last in it. Parameters: application, from, to (UTC)';

create or replace view v_presence_by_oem {{on_cluster}} as
select toDateTime(intDiv(toUnixTimestamp(at), {bucket:UInt32}) * {bucket:UInt32}, 'UTC') as at, grp as `group`, channel, arch, oem,
       told.1 as by, told.2 as value, groupBitmap(inst) as machines
from
(
    select at, grp, channel, arch, oem, inst, arrayJoin([('version', toString(version)), ('status', toString(status))]) as told
    from fact
    where app = {application:String} and kind in ('check-in', 'event')
      and at >= parseDateTime64BestEffort({from:String}, 3, 'UTC') and at < parseDateTime64BestEffort({to:String}, 3, 'UTC')
)
where told.1 = 'version' or told.2 != ''
group by at, grp, channel, arch, oem, by, value
comment 'v_presence with the OEM, slower: from the facts. Parameters: application, from, to (UTC), bucket (seconds, a whole number of minutes)';

create or replace view v_transition {{on_cluster}} as
select t.app as application, d.machine as machine, t.at as at, toString(t.cause) as cause, t.active as active,
       t.was_grp as from_group, t.grp as `group`, t.was_version as from_version, t.version as version,
       if(t.was_status = '', 'unknown', toString(t.was_status)) as from_status,
       if(t.status = '', 'unknown', toString(t.status)) as status, t.oem as oem,
       t.was_channel as from_channel, t.channel as channel, t.was_arch as from_arch, t.arch as arch, t.was_oem as from_oem
from transition as t final
left join (select app, inst, any(machine) as machine from machine_detail group by app, inst) as d on d.app = t.app and d.inst = t.inst
comment 'Moments at which a machine changed its group, channel, arch, OEM, version, status or activity (cause silence: not seen for 24 hours)';

create or replace view v_silent {{on_cluster}} as
select s.app as application, d.machine as machine, s.grp as `group`, s.version as version, s.status as status, s.seen_at as last_seen,
       c.cadence_seconds as cadence_seconds, s.channel as channel, s.arch as arch, s.oem as oem
from machine_now as s
left join
(
    select app, inst, if(uniqExact(at) > 1, intDiv(toUnixTimestamp(max(at)) - toUnixTimestamp(min(at)), uniqExact(at) - 1), 0) as cadence_seconds
    from fact
    where kind = 'check-in' and reason != '' and at >= now('UTC') - interval 14 day
      and inst in (select inst from machine_now where status in ('granted', 'downloading', 'downloaded'))
    group by app, inst
) as c on c.app = s.app and c.inst = s.inst
left join (select app, inst, any(machine) as machine from machine_detail group by app, inst) as d on d.app = s.app and d.inst = s.inst
where s.seen_pos > s.deleted_pos and s.status in ('granted', 'downloading', 'downloaded')
  and s.seen_at < now('UTC') - toIntervalSecond(3 * if(c.cadence_seconds = 0, 14400, c.cadence_seconds))
comment 'Machines that took a grant and have not been heard of for three of their own intervals (cadence_seconds 0: not known, four hours are taken)';
