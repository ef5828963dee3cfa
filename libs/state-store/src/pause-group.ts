// Pauses a group: the one command that waits for no lock of a row, so that it works while the group, the catalog or another
// command is stuck.
//
// It takes the group's advisory lock exclusively, which waits for the decisions under way and for nothing else, and writes
// the stop. Every decision that begins after that commit reads the stop. The catalog's log follows in a transaction of its
// own (log-stops.ts), as it needs the catalog's revision. What is true if the process dies between the two: the group is
// paused, and any replica writes the log.
import type { Actor } from '@platte/facts';
import {
  type CatalogCommand,
  decideCatalog,
  isRejection,
  type LockHolder,
  type Rejection,
  type StopChange,
  toPlan,
} from '@platte/rollout';
import type { CommandContext, Executed } from './command-context.js';
import { readState } from './catalog-state.js';
import { writeStop } from './catalog-write.js';
import { describeHolders, findDeciders } from './lock-holders.js';
import { logStops } from './log-stops.js';
import { decisionLock } from './read-ledger.js';
import type { Store } from './store.js';
import { isLockNotAvailable } from './stuck-groups.js';
import { type Client, withTransaction } from './transaction.js';

export type PauseGroup = Extract<CatalogCommand, { kind: 'PauseGroup' }>;

/** Longer than any decision takes. */
const waitMs = 2_000;

const lockDecisions = `select pg_advisory_xact_lock(${decisionLock}, hashtext($1::text))`;
const insertUnlogged = `insert into group_stop_unlogged (actor, actor_kind, change) values ($1, $2, $3)`;

/** The group is paused for all decisions from now on, but one under way has not ended, and may still grant. */
export class DecisionUnderWay extends Error {
  constructor(
    words: string,
    readonly holders: readonly LockHolder[],
    options: ErrorOptions,
  ) {
    super(words, options);
  }
}

/** @throws DecisionUnderWay */
export async function pauseGroup(
  store: Store,
  command: PauseGroup,
  context: CommandContext,
): Promise<Executed | Rejection> {
  const state = await withTransaction(store.pool, (client) => readState(client, command));
  const decided = decideCatalog(command, state, context);
  if (isRejection(decided)) return decided;
  if (context.dryRun === true) return { facts: [], revision: null, plan: toPlan(decided, state) };
  const [change] = decided.filter((one) => one.of === 'stop');
  // Also where the group is paused already: a decision under way may not know it.
  const isPaused = await stop(store, command.group, change, context.actor);
  if (!isPaused) return { facts: [], revision: null };
  const { facts, revision } = await logStops(store, context);
  return { facts, revision };
}

/** Whether this was what paused it. @throws DecisionUnderWay */
async function stop(store: Store, group: string, change: StopChange | undefined, actor: Actor): Promise<boolean> {
  try {
    return await withTransaction(store.pool, async (client) => {
      await client.query(`set local lock_timeout = ${waitMs}`);
      await client.query(lockDecisions, [group]);
      return write(client, change, actor);
    });
  } catch (error) {
    if (!isLockNotAvailable(error)) throw error;
    await withTransaction(store.pool, (client) => write(client, change, actor));
    const holders = await findDeciders(store.pool, group);
    const words = `The group is paused for every decision from now on. But one that began before has not ended within ${waitMs} ms, and may still grant: it is ${describeHolders(holders)}.`;
    throw new DecisionUnderWay(words, holders, { cause: error });
  }
}

/** False: somebody else has paused it meanwhile, or it is paused already. */
async function write(client: Client, change: StopChange | undefined, actor: Actor): Promise<boolean> {
  if (change === undefined || !(await writeStop(client, change.subject, change.after?.stop ?? null))) return false;
  await client.query(insertUnlogged, [actor.name, actor.kind, JSON.stringify(change)]);
  return true;
}
