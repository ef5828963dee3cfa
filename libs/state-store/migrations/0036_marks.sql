-- Up Migration
-- What each table is to the log: the one place that says so, read by `platte verify` and `platte replay`, which name no table.
-- [fold] follows from the facts; [authority] follows from nothing that is kept elsewhere, and is never touched. [hint] on a
-- column of a fold: it depends on which facts came in one batch, so that it may be older than the newest fact, and is not compared.
comment on table schema_migration is '[authority]';
comment on table catalog_revision is '[authority]';
comment on table application is '[authority]';
comment on table package is '[authority]';
comment on table channel is '[authority]';
comment on table channel_mark is '[authority]';
comment on table dead_end is '[authority]';
comment on table update_group is '[authority]';
comment on table rollout is '[authority]';
comment on table machine_hold is '[authority]';
comment on table machine_force is '[authority]';
comment on table machine_card is '[authority]';
comment on table catalog_change is '[authority]';
comment on table grant_counter is '[authority]';
comment on table grant_log is '[authority]';
comment on table attempt is '[authority]';
comment on table machine_failure is '[authority]';
comment on table rollout_tally is '[authority]';
comment on table outbox is '[authority]';
comment on table instance is '[fold] What each machine said of itself';
comment on table machine_number is '[authority]';
comment on table access_token is '[authority]';
comment on table idempotency_key is '[authority]';
comment on table access_change is '[authority]';
comment on table session is '[authority]';
comment on table sign_in is '[authority]';
comment on table command_line_code is '[authority]';
comment on column instance.first_seen_at is '[hint]';
comment on column instance.seen_at is '[hint]';
comment on column instance.seen_n is '[hint]';
comment on column instance.status_at is '[hint]';
comment on column instance.status_n is '[hint]';
