// Safe mode's brake: an end that must halt its rollout does so in its own transaction, so that no later decision can
// miss it. The group's lock is held; its revision is bumped, and every process reloads before it decides again.
import type { Position, RolloutFact } from '@platte/facts';
import { haltCause, type Policy, type Tally } from '@platte/rollout';
import type { PoolClient } from 'pg';
import { takeRevision } from './catalog-revision.js';
import type { LedgerChanges } from './ledger-changes.js';

/** What is known of a group whose attempts ended. */
export interface HaltCase {
  policy: Pick<Policy, 'safeMode'>;
  /** The group's rollout now; ends of earlier ones halt nothing. */
  rollout: string | null;
  /** By version, as they were before the ends. */
  tallies: ReadonlyMap<string, Tally>;
}

/** Why the group's rollout must halt after these ends, the first reason; null when it need not. */
export function findHalt(seen: HaltCase, ends: LedgerChanges['ends']): string | null {
  const tallies = new Map(seen.tallies);
  for (const { attempt, outcome } of ends) {
    if (attempt.rollout !== seen.rollout) continue;
    const before = tallies.get(attempt.toVersion) ?? { open: 0, succeeded: 0, failed: 0, timedOut: 0 };
    const cause = haltCause(seen.policy, before, attempt.machine, attempt.toVersion, outcome);
    if (cause !== null) return cause;
    tallies.set(attempt.toVersion, { ...before, succeeded: before.succeeded + (outcome === 'complete' ? 1 : 0) });
  }
  return null;
}

const rolloutAsJson = (r: string) => `jsonb_build_object(
  'id', ${r}.id, 'group', ${r}.update_group, 'package', ${r}.package, 'toVersion', ${r}.to_version, 'state', ${r}.state,
  'cause', ${r}.cause, 'salt', ${r}.salt, 'waves', ${r}.waves, 'openWave', ${r}.open_wave, 'startedAt', ${r}.started_at,
  'earlierLeasesUntil', ${r}.earlier_leases_until)`;

// A rollout that has halted meanwhile, or is superseded, stays as it is: then no row comes back.
const halt = `
  with before as (
    select r.id, ${rolloutAsJson('r')} as entity from rollout r where r.id = $1
  )
  update rollout r set state = 'halted', cause = $2
  from before
  where r.id = before.id and r.state in ('running', 'paused', 'finished')
  returning r.update_group as "group", r.package, r.to_version as "toVersion", before.entity as before,
    ${rolloutAsJson('r')} as after`;

const touchGroup = `update update_group set revision = $2, changed = $2 where id = $1 returning application as app`;

const logHalt = `
  insert into catalog_change (revision, number, at, actor, kind, application, update_group, machine, subject, cause, before, after)
  values ($1, 0, $2, $3, 'RolloutHalted', $4, $5, '', $6, $7, $8, $9)`;

/** Who halts when no person does. */
const actor = 'platte';

interface Halted {
  group: string;
  package: string;
  toVersion: string;
  before: object;
  after: object;
}

/** Whether it was halted now. The fact goes into the changes, for the outbox; the bell wakes whoever publishes snapshots. */
export async function haltRollout(
  client: PoolClient,
  changes: LedgerChanges,
  rollout: string,
  cause: string,
  { at, n }: Position,
): Promise<boolean> {
  const halted = (await client.query<Halted>(halt, [rollout, cause])).rows[0];
  if (halted === undefined) return false;
  const { group, package: pack, toVersion, before, after } = halted;
  const revision = await takeRevision(client);
  const touched = await client.query<{ app: string }>(touchGroup, [group, revision]);
  const app = touched.rows[0]?.app ?? '';
  await client.query(logHalt, [revision, at, actor, app, group, rollout, cause, before, after]);
  const fact: RolloutFact = {
    kind: 'RolloutHalted',
    v: 1,
    app,
    machine: '',
    at,
    n,
    group,
    rollout,
    package: pack,
    toVersion,
    actor,
    cause,
  };
  changes.facts.push(fact);
  return true;
}
