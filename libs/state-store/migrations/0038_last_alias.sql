-- Up Migration
-- The check-in that told the alias: the newest that told one, as an empty alias says that the machine does not know it now. null:
-- of a row from before, whose alias is as old as what it was last seen with.
alter table instance add column alias_at bigint, add column alias_n bigint;
comment on column instance.alias_at is '[hint]';
comment on column instance.alias_n is '[hint]';
