// Safe mode's brake: an end that must halt its rollout does so in its own transaction, so that no later decision can
// miss it. The group's lock is held; its revision is bumped, and every process reloads before it decides again.
import { platte, type Position } from '@platte/facts';
import { haltCause, type Policy, type Rollout, type Tally, toFact } from '@platte/rollout';
import { logChanges } from './catalog-log.js';
import { takeRevision } from './catalog-revision.js';
import type { LedgerChanges } from './ledger-changes.js';
import type { Client } from './transaction.js';

/** What is known of a group whose attempts ended. */
export interface HaltCase {
  policy: Pick<Policy, 'safeMode'>;
  /** The group's rollout now; ends of earlier ones halt nothing. */
  rollout: string | null;
  /** By version, as they were before the ends. */
  tallies: ReadonlyMap<string, Tally>;
}

const noTally: Tally = { open: 0, succeeded: 0, failed: 0, timedOut: 0 };

/** Why the group's rollout must halt after these ends, the first reason; null when it need not. */
export function findHalt(seen: HaltCase, ends: LedgerChanges['ends']): string | null {
  const tallies = new Map(seen.tallies);
  for (const { attempt, outcome } of ends) {
    if (attempt.rollout !== seen.rollout || attempt.testSource !== '') continue;
    const before = tallies.get(attempt.toVersion) ?? noTally;
    const cause = haltCause(seen.policy, before, attempt.machine, attempt.toVersion, outcome);
    if (cause !== null) return cause;
    tallies.set(attempt.toVersion, { ...before, succeeded: before.succeeded + (outcome === 'complete' ? 1 : 0) });
  }
  return null;
}

// A rollout that has halted meanwhile, or is superseded, stays as it is: then no row comes back.
const halt = `
  with before as (
    select id, state, cause from rollout where id = $1
  )
  update rollout r set state = 'halted', cause = $2
  from before
  where r.id = before.id and r.state in ('running', 'paused', 'finished')
  returning before.state as "oldState", before.cause as "oldCause", r.id, r.update_group as "group", r.package,
    r.to_version as "toVersion", r.state, r.cause, r.salt, r.waves, r.open_wave as "openWave",
    r.started_at as "startedAt", r.earlier_leases_until as "earlierLeasesUntil"`;

const touchGroup = `update update_group set revision = $2, changed = $2 where id = $1 returning application`;

type HaltedRow = Rollout & { oldState: Rollout['state']; oldCause: string };

/** Whether it was halted now. The fact goes into the changes, for the outbox; the bell rings for the snapshots. */
export async function haltRollout(
  client: Client,
  changes: LedgerChanges,
  rollout: string,
  cause: string,
  position: Position,
): Promise<boolean> {
  const row = (await client.query<HaltedRow>(halt, [rollout, cause])).rows[0];
  if (row === undefined) return false;
  const { oldState, oldCause, ...after } = row;
  const before = { ...after, state: oldState, cause: oldCause };
  const revision = await takeRevision(client);
  const { group } = after;
  const touched = await client.query<{ application: string }>(touchGroup, [group, revision]);
  const application = touched.rows[0]?.application ?? '';
  const change = {
    of: 'rollout',
    kind: 'RolloutHalted',
    application,
    group,
    machine: '',
    subject: rollout,
    cause,
    before,
    after,
  } as const;
  await logChanges(client, [change], { revision, at: position.at, actor: platte });
  changes.facts.push(toFact(change, { actor: platte, revision, position: () => position }));
  return true;
}
