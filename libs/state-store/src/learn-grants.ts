// Grants that a restored database forgot, learnt from the log's facts: attempts with their leases, the grant log that rate limits
// count, and how versions fared. Open leases and open attempts are counted from the rows afterwards (`recountLedger`). All of it
// is idempotent: an attempt that is known, or a newer one of its machine, stays as it is.
import { comparePositions, type LeaseEnded, type UpdateGranted } from '@platte/facts';
import { settleAfterMs as defaultSettleAfterMs, type Versioning } from '@platte/rollout';
import { type AttemptRow, openedBy } from './attempt-row.js';
import { endAttempt, type LedgerChanges, noChanges } from './ledger-changes.js';
import { type MachineKey, toReadAttemptsOf } from './locked-groups.js';
import { type LockedGroup, toLockGroups } from './read-ledger.js';
import { sendInOrder } from './statement.js';
import type { Store } from './store.js';
import { type Client, withTransaction } from './transaction.js';
import { toStatements } from './write-ledger.js';

export type GrantFact = UpdateGranted | LeaseEnded;

const readVersionings = `select id, versioning from application where id = any($1::uuid[])`;

// A batch of grants has one time and consecutive numbers. Numbers that the counter has reached are known.
const writeGrants = `
  with told as (
    select g.update_group, g.granted_at, max(g.number) as seq_to, count(distinct g.number)::int as n
    from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as g (update_group, granted_at, number)
    join grant_counter c using (update_group)
    where g.number > c.seq
    group by g.update_group, g.granted_at
  ), logged as (
    insert into grant_log (update_group, granted_at, seq_to, n) select update_group, granted_at, seq_to, n from told
    on conflict do nothing
  )
  update grant_counter c set seq = greatest(c.seq, t.seq), last_grant_at = greatest(c.last_grant_at, t.at)
  from (select update_group, max(seq_to) as seq, max(granted_at) as at from told group by update_group) t
  where c.update_group = t.update_group`;

const writeTallies = `
  insert into rollout_tally as t (rollout, version, succeeded, failed, timed_out)
  select r.id, a.version, a.succeeded, a.failed, a.timed_out
  from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::int[]) as a (rollout, version, succeeded, failed, timed_out)
  join rollout r on r.id = a.rollout
  on conflict (rollout, version) do update set
    succeeded = t.succeeded + excluded.succeeded, failed = t.failed + excluded.failed, timed_out = t.timed_out + excluded.timed_out`;

/** Column of `attempt`, its key in a row, its type. */
const columns = [
  ['application', 'application', 'uuid'],
  ['machine', 'machine', 'text'],
  ['update_group', 'group', 'uuid'],
  ['channel', 'channel', 'uuid'],
  ['rollout', 'rollout', 'uuid'],
  ['package', 'package', 'uuid'],
  ['to_version', 'toVersion', 'text'],
  ['from_version', 'fromVersion', 'text'],
  ['versioning', 'versioning', 'text'],
  ['reboots', 'reboots', 'boolean'],
  ['arch', 'arch', 'text'],
  ['oem', 'oem', 'text'],
  ['test_source', 'testSource', 'text'],
  ['opened_at', 'openedAt', 'bigint'],
  ['opened_n', 'openedN', 'bigint'],
  ['since_at', 'sinceAt', 'bigint'],
  ['since_n', 'sinceN', 'bigint'],
  ['number', 'number', 'bigint'],
  ['granted_at', 'grantedAt', 'bigint'],
  ['forced', 'forced', 'boolean'],
  ['stage', 'stage', 'text'],
  ['due_at', 'dueAt', 'bigint'],
  ['downloading_at', 'downloadingAt', 'bigint'],
  ['downloaded_at', 'downloadedAt', 'bigint'],
  ['installed_at', 'installedAt', 'bigint'],
  ['refused_at', 'refusedAt', 'bigint'],
  ['ended_at', 'endedAt', 'bigint'],
  ['boot', 'boot', 'bigint'],
  ['other_boot', 'otherBoot', 'bigint'],
  ['boot_since', 'bootSince', 'bigint'],
  ['cloned', 'cloned', 'boolean'],
  ['outcome', 'outcome', 'text'],
  ['cause', 'cause', 'text'],
] as const satisfies readonly (readonly [string, keyof AttemptRow, string])[];

const writeAttempts = `
  insert into attempt (${columns.map(([column]) => column).join(', ')})
  select ${columns.map(([, key]) => `"${key}"`).join(', ')}
  from jsonb_to_recordset($1::jsonb) as r (${columns.map(([, key, type]) => `"${key}" ${type}`).join(', ')})
  on conflict (application, machine) do update set
    ${columns
      .slice(2)
      .map(([column]) => `${column} = excluded.${column}`)
      .join(', ')}`;

interface Learning {
  attempts: Map<string, AttemptRow>;
  touched: Set<string>;
  groups: ReadonlySet<string>;
  versionings: ReadonlyMap<string, Versioning>;
  grants: { group: string; grantedAt: number; number: number }[];
  /** What ends change beside the attempts. */
  changes: LedgerChanges;
  opened: number;
  settleAfterMs: number;
}

/** @param facts in the order of the log; groups and applications that the database does not have are left out */
export async function learnGrants(
  store: Store,
  facts: readonly GrantFact[],
  settleAfterMs = defaultSettleAfterMs,
): Promise<{ grants: number; ends: number }> {
  if (facts.length === 0) return { grants: 0, ends: 0 };
  return withTransaction(store.pool, async (client) => {
    const learning = await readLearning(client, facts, settleAfterMs);
    for (const fact of facts) {
      if (fact.kind === 'UpdateGranted') learnGrant(learning, fact);
      else learnEnd(learning, fact);
    }
    await writeLearning(client, learning);
    return { grants: learning.opened, ends: learning.changes.ends.length };
  });
}

async function readLearning(client: Client, facts: readonly GrantFact[], settleAfterMs: number): Promise<Learning> {
  const machines = new Map(facts.map(({ app, machine }) => [`${app} ${machine}`, { application: app, machine }]));
  const named = [...new Set(facts.flatMap(({ group }) => group ?? []))];
  const locked = await client.query<LockedGroup>(toLockGroups(named));
  const { rows } = await client.query<AttemptRow>(toReadAttemptsOf([...machines.values()]));
  const apps = [...new Set(facts.map(({ app }) => app))];
  const found = await client.query<{ id: string; versioning: Versioning }>(readVersionings, [apps]);
  return {
    attempts: new Map(rows.map((row) => [keyOf(row), row])),
    touched: new Set(),
    groups: new Set(locked.rows.map(({ id }) => id)),
    versionings: new Map(found.rows.map(({ id, versioning }) => [id, versioning])),
    grants: [],
    changes: noChanges(),
    opened: 0,
    settleAfterMs,
  };
}

const keyOf = ({ application, machine }: MachineKey): string => `${application} ${machine}`;

function learnGrant(learning: Learning, fact: UpdateGranted): void {
  const { attempts, groups, versionings, grants } = learning;
  const { group, rollout, app, machine, grantedAt, number } = fact;
  const versioning = versionings.get(app);
  if (group === null || rollout === null || versioning === undefined || !groups.has(group)) return;
  grants.push({ group, grantedAt, number });
  const key = keyOf({ application: app, machine });
  const known = attempts.get(key);
  if (known !== undefined && comparePositions(openedBy(known), fact.attempt) >= 0) return;
  attempts.set(key, toAttempt(fact, { group, rollout, versioning }));
  learning.touched.add(key);
  learning.opened += 1;
}

function toAttempt(fact: UpdateGranted, known: { group: string; rollout: string; versioning: Versioning }): AttemptRow {
  const { app: application, machine, channel, package: pack, toVersion, version, reboots, arch, oem } = fact;
  const { at, n } = fact.attempt;
  return {
    application,
    machine,
    channel,
    ...known,
    package: pack,
    toVersion,
    fromVersion: version,
    reboots,
    arch,
    oem,
    testSource: fact.testSource ?? '',
    openedAt: at,
    openedN: n,
    sinceAt: at,
    sinceN: n,
    number: fact.number,
    grantedAt: fact.grantedAt,
    forced: fact.forced,
    stage: 'leased',
    dueAt: fact.deadline,
    downloadingAt: null,
    downloadedAt: null,
    installedAt: null,
    refusedAt: null,
    endedAt: null,
    boot: 0,
    otherBoot: 0,
    bootSince: at,
    cloned: false,
    outcome: null,
    cause: null,
  };
}

/** As policy did when it ended. Its fact is in the log already. */
function learnEnd(learning: Learning, fact: LeaseEnded): void {
  const { attempts, changes, settleAfterMs } = learning;
  const key = keyOf({ application: fact.app, machine: fact.machine });
  const known = attempts.get(key);
  if (known === undefined || comparePositions(openedBy(known), fact.attempt) !== 0) return;
  const { outcome, cause, version, at, n } = fact;
  const moment = { now: at, position: () => ({ at, n }) };
  const ended = endAttempt(changes, known, { outcome, cause, version }, moment, settleAfterMs);
  if (ended === known) return;
  attempts.set(key, ended);
  learning.touched.add(key);
}

async function writeLearning(client: Client, learning: Learning): Promise<void> {
  const { attempts, touched, grants, changes } = learning;
  const rows = [...touched].flatMap((key) => attempts.get(key) ?? []);
  if (rows.length > 0) await client.query(writeAttempts, [JSON.stringify(rows)]);
  const columnsOf = [
    grants.map(({ group }) => group),
    grants.map(({ grantedAt }) => grantedAt),
    grants.map(({ number }) => number),
  ];
  if (grants.length > 0) await client.query(writeGrants, columnsOf);
  await writeEvidence(client, rows, changes);
  const { failures, forgotten } = changes;
  await sendInOrder(client, toStatements({ ...noChanges(), failures, forgotten }));
}

/** A row for every version that was granted, so that its open attempts can be counted into it. */
async function writeEvidence(client: Client, rows: readonly AttemptRow[], changes: LedgerChanges): Promise<void> {
  const none = { succeeded: 0, failed: 0, timedOut: 0 };
  const all = new Map(
    rows.map(({ rollout, toVersion: version }) => [`${rollout} ${version}`, { rollout, version, ...none }]),
  );
  for (const { rollout, version, add } of changes.tallies.values()) {
    const { succeeded, failed, timedOut } = add;
    all.set(`${rollout} ${version}`, { rollout, version, succeeded, failed, timedOut });
  }
  const tallies = [...all.values()];
  if (tallies.length === 0) return;
  await client.query(writeTallies, [
    tallies.map(({ rollout }) => rollout),
    tallies.map(({ version }) => version),
    tallies.map(({ succeeded }) => succeeded),
    tallies.map(({ failed }) => failed),
    tallies.map(({ timedOut }) => timedOut),
  ]);
}
