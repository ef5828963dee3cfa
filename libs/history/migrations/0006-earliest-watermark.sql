-- Where a history is spread over shards, each has a watermark of its own: what is fresh is what lies above the earliest.

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
where seq > (select min(seq) from watermark final where name = 'transitions')
comment 'Facts above the watermark, in the shape of machine: a position of 0 where the fact does not bring the attribute';
