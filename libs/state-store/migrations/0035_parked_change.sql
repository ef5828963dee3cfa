-- Up Migration
-- What people do with parked messages is in the audit log too: a message that was dropped is gone for good.
alter table access_change drop constraint access_change_kind_check;
alter table access_change add constraint access_change_kind_check
  check (kind in ('TokenCreated', 'TokenRevoked', 'ParkedMessageRetried', 'ParkedMessageDropped'));
