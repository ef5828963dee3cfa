-- The state of every machine with everything that has arrived: what the rebuild has folded, and the fresh facts folded
-- onto it at query time. Each attribute has its own position, so that the newest fact that brings it wins whatever
-- the order of arrival.

create or replace view fresh_state {{on_cluster}} as
select
    seq,
    app,
    inst,
    machine,
    at,
    n,
    kind,
    bitShiftLeft(toUInt128(toUnixTimestamp64Milli(at)), 52) + n as pos,
    kind in ('check-in', 'event') as sent,
    sent or status != '' as tells,
    if(sent, at, toDateTime64('2299-12-31 00:00:00', 3, 'UTC')) as first_seen,
    if(sent, pos, 0) as seen_pos,
    at as seen_at,
    grp,
    channel,
    arch,
    oem,
    if(sent and version != '', pos, 0) as version_pos,
    version,
    if(status != '', pos, 0) as status_pos,
    status,
    if(kind = 'check-in', pos, 0) as checked_pos,
    track,
    ip,
    alias,
    oem_version,
    aleph,
    boot_id,
    if(reason != '', pos, 0) as answered_pos,
    reason,
    inputs,
    until,
    if(kind = 'event' and status in ('failed', 'rolled-back'), pos, 0) as failed_pos,
    error_code,
    if(kind = 'deletion', pos, 0) as deleted_pos
from fresh
where seq > (select max(seq) from watermark final where name = 'transitions')
comment 'Facts above the watermark, in the shape of machine: a position of 0 where the fact does not bring the attribute';

create or replace view machine_folded {{on_cluster}} as
select
    app,
    inst,
    any(machine) as machine,
    min(first_seen) as first_seen,
    max(m.seen_pos) as seen_pos,
    argMaxIf(m.seen_at, m.seen_pos, m.seen_pos > 0) as seen_at,
    argMaxIf(m.grp, m.seen_pos, m.seen_pos > 0) as grp,
    argMaxIf(m.channel, m.seen_pos, m.seen_pos > 0) as channel,
    argMaxIf(m.arch, m.seen_pos, m.seen_pos > 0) as arch,
    argMaxIf(m.oem, m.seen_pos, m.seen_pos > 0) as oem,
    max(m.version_pos) as version_pos,
    argMaxIf(m.version, m.version_pos, m.version_pos > 0) as version,
    max(m.status_pos) as status_pos,
    argMaxIf(m.status, m.status_pos, m.status_pos > 0) as status,
    max(m.checked_pos) as checked_pos,
    argMaxIf(m.track, m.checked_pos, m.checked_pos > 0) as track,
    argMaxIf(m.ip, m.checked_pos, m.checked_pos > 0) as ip,
    argMaxIf(m.alias, m.checked_pos, m.checked_pos > 0) as alias,
    argMaxIf(m.oem_version, m.checked_pos, m.checked_pos > 0) as oem_version,
    argMaxIf(m.aleph, m.checked_pos, m.checked_pos > 0) as aleph,
    argMaxIf(m.boot_id, m.checked_pos, m.checked_pos > 0) as boot_id,
    max(m.answered_pos) as answered_pos,
    argMaxIf(m.reason, m.answered_pos, m.answered_pos > 0) as reason,
    argMaxIf(m.inputs, m.answered_pos, m.answered_pos > 0) as inputs,
    argMaxIf(m.until, m.answered_pos, m.answered_pos > 0) as until,
    max(m.failed_pos) as failed_pos,
    argMaxIf(m.error_code, m.failed_pos, m.failed_pos > 0) as error_code,
    max(m.deleted_pos) as deleted_pos
from
(
    select app, inst, machine, first_seen, seen_pos, seen_at, grp, channel, arch, oem, version_pos, version,
           status_pos, status, checked_pos, track, ip, alias, oem_version, aleph, boot_id, answered_pos, reason, inputs,
           until, failed_pos, error_code, deleted_pos
    from fresh_state
    where seq <= {upto:UInt64}
    union all
    select app, inst, machine, first_seen, seen_pos, seen_at, grp, channel, arch, oem, version_pos, version,
           status_pos, status, checked_pos, track, ip, alias, oem_version, aleph, boot_id, answered_pos, reason, inputs,
           until, failed_pos, error_code, deleted_pos
    from machine final
    where (app, inst) in (select app, inst from fresh_state where seq <= {upto:UInt64})
) as m
group by app, inst
comment 'Machines with facts above the watermark and up to upto, with these facts folded in';

create or replace view machine_now {{on_cluster}} as
select app, inst, machine, first_seen, seen_pos, seen_at, grp, channel, arch, oem, version_pos, version,
       status_pos, status, checked_pos, track, ip, alias, oem_version, aleph, boot_id, answered_pos, reason, inputs,
       until, failed_pos, error_code, deleted_pos
from machine final
where (app, inst) not in (select app, inst from fresh_state)
union all
select app, inst, machine, first_seen, seen_pos, seen_at, grp, channel, arch, oem, version_pos, version,
       status_pos, status, checked_pos, track, ip, alias, oem_version, aleph, boot_id, answered_pos, reason, inputs,
       until, failed_pos, error_code, deleted_pos
from machine_folded(upto = 18446744073709551615)
comment 'Every machine with everything that has arrived. People use v_machine';
