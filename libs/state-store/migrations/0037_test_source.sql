-- Up Migration
-- What the request that opened the attempt said it is a test of (Omaha's `testsource`); empty: of nothing. Such an attempt
-- holds a slot and counts for limits, but neither succeeds nor fails for its version. A constant default rewrites no row.
alter table attempt add column test_source text not null default '';
