// Who decided what a machine was answered with: the newest change that, at the time of the answer, had brought its reason about.
import type { Actor, ActorKind, AnswerInputs } from '@platte/facts';
import type pg from 'pg';
import { actorKind } from './actor-kind.js';

type Db = Pick<pg.Pool, 'query'>;

/** Reasons that a person, or a rule in their place, brought about by a change of the catalog. */
export const decidedReasons = ['updates-disabled', 'rollout-paused', 'rollout-halted', 'held'] as const;
export type DecidedReason = (typeof decidedReasons)[number];

export interface DecisionView {
  kind: string;
  actor: Actor;
  /** Milliseconds since the epoch. */
  at: number;
  cause: string;
}

type DecisionRow = Omit<DecisionView, 'actor'> & { actor: string; actorKind: ActorKind };

// A group has its updates off from its creation, by its policy, or by a pause: whatever turned them off. Pauses of before
// stops existed changed the policy too. $6: null, or what the answer says of who refused.
const selectDecision = `
  select kind, actor, ${actorKind('actor', 'actor_kind')} as "actorKind", at, cause
  from catalog_change
  where application = $1 and at <= $5
    and case $4
      when 'updates-disabled' then update_group = $2 and (
        (kind = 'GroupPaused' and coalesce($6, 'pause') <> 'policy')
        or (coalesce($6, 'policy') <> 'pause' and after->'policy'->>'updatesEnabled' = 'false'
          and before->'policy'->>'updatesEnabled' is distinct from 'false'))
      when 'rollout-paused' then update_group = $2 and kind = 'RolloutPaused'
      when 'rollout-halted' then update_group = $2 and kind = 'RolloutHalted'
      when 'held' then machine = $3 and kind = 'MachineHeld'
    end
  order by revision desc, number desc
  limit 1`;

export interface DecidedAbout {
  application: string;
  group: string | null;
  machine: string;
  reason: DecidedReason;
  /** Of the answer's inputs; unknown of answers of before. */
  refusedBy?: AnswerInputs['refusedBy'];
  /** Milliseconds since the epoch, by the clock of whoever answered: up to a second apart from that of changes. */
  at: number;
}

const clockSlackMs = 1000;

/** Undefined where no change is known that did it. */
export async function findDecision(
  db: Db,
  { application, group, machine, reason, refusedBy, at }: DecidedAbout,
): Promise<DecisionView | undefined> {
  if (refusedBy === 'machine') return undefined;
  const parameters = [application, group, machine, reason, at + clockSlackMs, refusedBy ?? null];
  const { rows } = await db.query<DecisionRow>(selectDecision, parameters);
  const [row] = rows;
  return row && { ...row, actor: { kind: row.actorKind, name: row.actor } };
}
