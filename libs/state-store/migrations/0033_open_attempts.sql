-- Up Migration
-- The open attempts of a group, for the notice that its rate limit is spent. What it is made of changes only when an attempt
-- ends, and then the row's entry in attempt_due goes too: no update that was HOT is none now.
create index attempt_open on attempt (update_group) where stage <> 'ended';
