-- The state of every machine with everything that has arrived: what the rebuild has folded, and the fresh facts folded
-- onto it at query time. Each attribute has its own position, so that the newest fact that brings it wins whatever
-- the order of arrival. A machine's number is unique across applications, so that it alone is the key to group by.

create or replace view fresh_state {{on_cluster}} as
select
    seq,
    app,
    inst,
    at,
    n,
    kind,
    bitShiftLeft(toUInt128(toUnixTimestamp64Milli(at)), 52) + n as pos,
    kind in ('check-in', 'event') as sent,
    if(sent, at, toDateTime64('2299-12-31 00:00:00', 3, 'UTC')) as first_seen,
    if(sent, pos, 0) as seen_pos,
    at as seen_at,
    grp,
    channel,
    arch,
    oem,
    version,
    if(status != '', pos, 0) as status_pos,
    status,
    if(kind = 'deletion', pos, 0) as deleted_pos
from fresh
where seq > (select max(seq) from watermark final where name = 'transitions')
comment 'Facts above the watermark, in the shape of machine: a position of 0 where the fact does not bring the attribute';

create or replace view machine_folded {{on_cluster}} as
select
    any(app) as app,
    inst,
    min(first_seen) as first_seen,
    max(m.seen_pos) as seen_pos,
    argMaxIf(m.seen_at, m.seen_pos, m.seen_pos > 0) as seen_at,
    argMaxIf(m.grp, m.seen_pos, m.seen_pos > 0) as grp,
    argMaxIf(m.channel, m.seen_pos, m.seen_pos > 0) as channel,
    argMaxIf(m.arch, m.seen_pos, m.seen_pos > 0) as arch,
    argMaxIf(m.oem, m.seen_pos, m.seen_pos > 0) as oem,
    argMaxIf(m.version, m.seen_pos, m.seen_pos > 0) as version,
    max(m.status_pos) as status_pos,
    argMaxIf(m.status, m.status_pos, m.status_pos > 0) as status,
    max(m.deleted_pos) as deleted_pos
from
(
    select app, inst, first_seen, seen_pos, seen_at, grp, channel, arch, oem, version, status_pos, status,
           deleted_pos
    from fresh_state
    where seq <= {upto:UInt64}
    union all
    select app, inst, first_seen, seen_pos, seen_at, grp, channel, arch, oem, version, status_pos, status,
           deleted_pos
    from machine final
    where inst in (select inst from fresh_state where seq <= {upto:UInt64})
) as m
group by inst
comment 'Machines with facts above the watermark and up to upto, with these facts folded in';

create or replace view machine_now {{on_cluster}} as
select app, inst, first_seen, seen_pos, seen_at, grp, channel, arch, oem, version, status_pos, status,
       deleted_pos
from machine final
where inst not in (select inst from fresh_state)
union all
select app, inst, first_seen, seen_pos, seen_at, grp, channel, arch, oem, version, status_pos, status,
       deleted_pos
from machine_folded(upto = 18446744073709551615)
comment 'Every machine with everything that has arrived. People use v_machine';
