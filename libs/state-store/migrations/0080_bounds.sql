-- Up Migration
-- The bounds of libs/rollout/src/bounds.ts for what versions before them have stored: durations are ten years at most and
-- counts a billion. A deadline beyond is no date of four digits, or no exact number: its row could not be read.

-- All at once: who waits for one of these tables holds none of the others.
lock table update_group, rollout, attempt in access exclusive mode;

create function bounded(fields jsonb) returns jsonb language sql immutable as $$
  select fields || coalesce(jsonb_object_agg(key, bound), '{}')
  from (values
    ('updateTimeoutMs', 315360000000), ('backoffMs', 315360000000), ('backoffMaxMs', 315360000000),
    ('periodMs', 315360000000), ('max', 1000000000), ('concurrencyLimit', 1000000000), ('quarantineAfter', 1000000000)
  ) as bounds (key, bound)
  where (fields ->> key)::numeric > bound
$$;
create function bounded_policy(policy jsonb) returns jsonb language sql immutable as $$
  select bounded(policy) || case when jsonb_typeof(policy -> 'rateLimit') = 'object'
    then jsonb_build_object('rateLimit', bounded(policy -> 'rateLimit')) else '{}' end
$$;

-- The revisions are raised, so that replicas of the version before reload what they decide by.
update catalog_revision set revision = revision + 1
where exists (select from update_group where policy <> bounded_policy(policy));
update update_group set
  policy = bounded_policy(policy), revision = revision + 1, changed = (select revision from catalog_revision)
where policy <> bounded_policy(policy);
drop function bounded_policy, bounded;
alter table update_group add constraint group_policy_bounds check (
  (policy ->> 'updateTimeoutMs')::numeric <= 315360000000
  and (policy ->> 'backoffMs')::numeric <= 315360000000
  and (policy ->> 'backoffMaxMs')::numeric <= 315360000000
  and (policy ->> 'concurrencyLimit')::numeric <= 1000000000
  and (policy ->> 'quarantineAfter')::numeric <= 1000000000
  and (policy -> 'rateLimit' ->> 'periodMs')::numeric <= 315360000000
  and (policy -> 'rateLimit' ->> 'max')::numeric <= 1000000000
);

update rollout set earlier_leases_until = started_at + 315360000000
where earlier_leases_until > 253402300799999;
alter table rollout add constraint rollout_time_bounds check (earlier_leases_until <= 253402300799999);

update attempt set due_at = granted_at + 315360000000 where due_at > 253402300799999;
-- Not checked against the rows that are there: they were just made right, and there is one per machine.
alter table attempt add constraint attempt_time_bounds check (due_at <= 253402300799999) not valid;
