// Writes what a transaction changes in the ledger: only the statements that it needs.
import type { Tally } from '@platte/rollout';
import { toArrayLiteral, toColumns } from './array-literal.js';
import type { AttemptRow } from './attempt-row.js';
import type { FailureChange, LedgerChanges } from './ledger-changes.js';
import { toOutbox } from './outbox.js';
import type { Statement } from './statement.js';

const insertAttempts = `
  insert into attempt (
    application, machine, update_group, channel, rollout, package, to_version, from_version, versioning, reboots, arch,
    oem, opened_at, opened_n, since_at, since_n, number, granted_at, forced, test_source, boot, other_boot, boot_since, stage, due_at
  )
  select $1, machine, $2, $3, $4, package, to_version, from_version, $5, $6, arch, oem, at, n, at, n, number, $7, forced, test_source, boot, other_boot, at, 'leased', $8
  from unnest(
    $9::text[], $10::uuid[], $11::text[], $12::text[], $13::text[], $14::text[], $15::bigint[], $16::bigint[],
    $17::bigint[], $18::boolean[], $19::text[], $20::bigint[], $21::bigint[]
  ) as opened (machine, package, to_version, from_version, arch, oem, at, n, number, forced, test_source, boot, other_boot)`;

// A machine that was granted before has a row already, and the group's lock keeps it as it was read. Should another group
// have opened an attempt of the machine since, the stage becomes null, which the table refuses (as it refuses a second
// row above), and the whole batch is decided anew.
const reopenRows = `
  on conflict (application, machine) do update set
    update_group = excluded.update_group, channel = excluded.channel, rollout = excluded.rollout,
    package = excluded.package, to_version = excluded.to_version, from_version = excluded.from_version,
    versioning = excluded.versioning, reboots = excluded.reboots, arch = excluded.arch, oem = excluded.oem,
    opened_at = excluded.opened_at, opened_n = excluded.opened_n, since_at = excluded.since_at,
    since_n = excluded.since_n, number = excluded.number, granted_at = excluded.granted_at, forced = excluded.forced,
    test_source = excluded.test_source, boot = excluded.boot,
    other_boot = excluded.other_boot, boot_since = excluded.boot_since, cloned = false, stage = case when attempt.stage = 'ended' then excluded.stage end, due_at = excluded.due_at,
    downloading_at = null, downloaded_at = null, installed_at = null, refused_at = null, ended_at = null,
    outcome = null, cause = null`;

// Marks are also written without the group's lock (fold-marks.ts): one that came in between is kept, unless the attempt
// is reopened.
const mark = (name: string) =>
  `${name} = case when (c.since_at, c.since_n) = (a.since_at, a.since_n) then coalesce(a.${name}, c.${name}) else c.${name} end`;
const changeAttempts = `
  update attempt a set
    since_at = c.since_at, since_n = c.since_n, stage = c.stage, due_at = c.due_at, ${mark('downloading_at')},
    ${mark('downloaded_at')}, ${mark('refused_at')}, installed_at = c.installed_at, ended_at = c.ended_at,
    outcome = c.outcome, cause = c.cause, boot = c.boot, other_boot = c.other_boot, boot_since = c.boot_since, cloned = c.cloned
  from unnest(
    $1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::bigint[], $15::bigint[], $16::bigint[], $17::boolean[]
  ) as c (
    application, machine, since_at, since_n, stage, due_at, downloading_at, downloaded_at, installed_at, refused_at,
    ended_at, outcome, cause, boot, other_boot, boot_since, cloned
  )
  where a.application = c.application and a.machine = c.machine`;

// The number of the newest grant, and where in time it lies: a window's grants are a difference of two such numbers.
const count = `
  with counted as (
    update grant_counter c set
      open_leases = c.open_leases + s.slots, seq = c.seq + s.grants, last_grant_at = greatest(c.last_grant_at, s.granted_at)
    from unnest($1::uuid[], $2::int[], $3::int[], $4::bigint[]) as s (update_group, slots, grants, granted_at)
    where c.update_group = s.update_group
    returning c.update_group, s.granted_at, c.seq, s.grants
  )
  insert into grant_log (update_group, granted_at, seq_to, n)
  select update_group, granted_at, seq, grants from counted where grants > 0`;

// A row is made by the first grant; ends find it there.
const openTallies = `
  insert into rollout_tally as t (rollout, version, open)
  select * from unnest($1::uuid[], $2::text[], $3::int[])
  on conflict (rollout, version) do update set open = t.open + excluded.open`;

const addTallies = `
  update rollout_tally t set
    open = t.open + a.open, succeeded = t.succeeded + a.succeeded, failed = t.failed + a.failed,
    timed_out = t.timed_out + a.timed_out
  from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::int[], $6::int[])
    as a (rollout, version, open, succeeded, failed, timed_out)
  where t.rollout = a.rollout and t.version = a.version`;

// A rollback that a person forgave since is not told again by a late delivery.
const addFailures = `
  insert into machine_failure as f (application, machine, version, failures, failed_at, rolled_back_at)
  select * from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::bigint[])
  on conflict (application, machine, version) do update set
    failures = f.failures + excluded.failures,
    failed_at = greatest(f.failed_at, excluded.failed_at),
    rolled_back_at = case
      when excluded.rolled_back_at > f.forgiven_at then greatest(f.rolled_back_at, excluded.rolled_back_at)
      else f.rolled_back_at
    end`;

const forgetFailures = `
  delete from machine_failure f
  using unnest($1::uuid[], $2::text[], $3::text[]) as d (application, machine, version)
  where f.application = d.application and f.machine = d.machine and f.version = d.version`;

/** Ends before openings: a machine may end one attempt and get the next in one batch. */
export function toStatements(changes: LedgerChanges): Statement[] {
  const { opened, changed, counters, tallies, failures, forgotten, facts } = changes;
  const statements: Statement[] = [];
  if (changed.size > 0) statements.push(toChangeAttempts([...changed.values()]));
  for (const again of [false, true])
    statements.push(
      ...toOpenAttempts(
        opened.filter((one) => one.again === again),
        again,
      ),
    );
  if (counters.size > 0) statements.push(toCount(counters));
  if (tallies.size > 0) statements.push(...toTallies([...tallies.values()]));
  if (failures.size > 0) statements.push(toAddFailures([...failures.values()]));
  if (forgotten.length > 0) statements.push(toForgetFailures(forgotten));
  if (facts.length > 0) statements.push(...toOutbox(facts));
  return statements;
}

/** The opened attempts of one group and moment share all that the first one says below. */
function toOpenAttempts(opened: LedgerChanges['opened'], again: boolean): Statement[] {
  const rows = opened.map(({ attempt }) => attempt);
  const [first] = rows;
  if (first === undefined) return [];
  const { application, group, channel, rollout, versioning, reboots, grantedAt, dueAt } = first;
  const shared = [application, group, channel, rollout, versioning, reboots, grantedAt, dueAt];
  const said = ['machine', 'package', 'toVersion', 'fromVersion', 'arch', 'oem'] as const;
  const values = [
    ...shared,
    ...toColumns(rows, [...said, 'openedAt', 'openedN', 'number', 'forced', 'testSource', 'boot', 'otherBoot']),
  ];
  if (again) return [{ name: 'open-attempts-again', text: insertAttempts + reopenRows, values }];
  return [{ name: 'open-attempts', text: insertAttempts, values }];
}

function toCount(counters: LedgerChanges['counters']): Statement {
  const columns = toColumns([...counters.values()], ['slots', 'grants', 'grantedAt']);
  return { name: 'count', text: count, values: [toArrayLiteral([...counters.keys()]), ...columns] };
}

function toChangeAttempts(rows: AttemptRow[]): Statement {
  const since = ['application', 'machine', 'sinceAt', 'sinceN', 'stage', 'dueAt'] as const;
  const marks = ['downloadingAt', 'downloadedAt', 'installedAt', 'refusedAt', 'endedAt', 'outcome', 'cause'] as const;
  const boots = ['boot', 'otherBoot', 'bootSince', 'cloned'] as const;
  return { name: 'change-attempts', text: changeAttempts, values: toColumns(rows, [...since, ...marks, ...boots]) };
}

function toTallies(tallies: readonly { rollout: string; version: string; add: Tally }[]): Statement[] {
  const rows = tallies.map(({ rollout, version, add }) => ({ rollout, version, ...add }));
  const isOpening = ({ open, succeeded, failed, timedOut }: Tally) => open >= 0 && succeeded + failed + timedOut === 0;
  const opening = toColumns(rows.filter(isOpening), ['rollout', 'version', 'open']);
  const others = rows.filter((row) => !isOpening(row));
  const added = toColumns(others, ['rollout', 'version', 'open', 'succeeded', 'failed', 'timedOut']);
  const statements: Statement[] = [];
  if (others.length < rows.length) statements.push({ name: 'open-tallies', text: openTallies, values: opening });
  if (others.length > 0) statements.push({ name: 'add-tallies', text: addTallies, values: added });
  return statements;
}

function toAddFailures(failures: FailureChange[]): Statement {
  const keys = ['application', 'machine', 'version', 'failures', 'failedAt', 'rolledBackAt'] as const;
  return { name: 'add-failures', text: addFailures, values: toColumns(failures, keys) };
}

function toForgetFailures(forgotten: LedgerChanges['forgotten']): Statement {
  return {
    name: 'forget-failures',
    text: forgetFailures,
    values: toColumns(forgotten, ['application', 'machine', 'version']),
  };
}
