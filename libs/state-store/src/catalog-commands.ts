// Executes a command of the catalog: one transaction that locks the groups which it changes, reads, decides, writes, logs, and
// puts the facts into the outbox. What is true if the process dies: before the commit nothing happened; after it the change, its log and its
// facts are there together, and the bell wakes whoever publishes the snapshot.
import {
  type CatalogChange,
  type CatalogCommand,
  decideCatalog,
  groupsToLock,
  groupsTouched,
  isRejection,
  refuse,
  type Rejection,
  type RejectionReason,
  snapshotBytesMax,
  toFact,
  toPlan,
} from '@platte/rollout';
import { endAttemptsOfDeleted } from './catalog-group.js';
import { logChanges } from './catalog-log.js';
import { applyMachineChange } from './catalog-machine.js';
import { applyRolloutChange } from './catalog-rollout.js';
import { takeRevision } from './catalog-revision.js';
import { buildSnapshot } from './catalog-snapshots.js';
import { readState } from './catalog-state.js';
import { writeChange } from './catalog-write.js';
import { putIntoOutbox } from './outbox.js';
import { CommandBlocked } from './command-blocked.js';
import type { CommandContext, Executed } from './command-context.js';
import { type LockedTransaction, withCommandLocks } from './command-locks.js';
import { logStops } from './log-stops.js';
import { DecisionUnderWay, pauseGroup } from './pause-group.js';
import type { Store } from './store.js';
import { type Client, withTransaction } from './transaction.js';

/** Carries a rejection, or the result of a dry run, through the rollback. */
class Undone extends Error {
  constructor(readonly result: Executed | Rejection) {
    super('rolled back on purpose');
  }
}

const touchAll = `update update_group set revision = $2 where application = $1`;
const touchOfChannel = `update update_group set revision = $2 where channel = $1`;
const touchOfPackage = `
  update update_group set revision = $2
  where channel in (select id from channel where package = $1 union all select channel from channel_mark where package = $1)`;
const touchOne = `update update_group set revision = $2 where id = $1`;

/** @throws CommandBlocked, DecisionUnderWay */
export async function executeCatalogCommand(
  store: Store,
  command: CatalogCommand,
  context: CommandContext,
): Promise<Executed | Rejection> {
  try {
    if (command.kind === 'PauseGroup') return await pauseGroup(store, command, context);
    // So that the log has the pause before what ends it.
    if (command.kind === 'ResumeGroup') await logStops(store, context);
    return await executeLocked(store, command, context);
  } catch (error) {
    if (error instanceof Undone) return error.result;
    if (error instanceof DecisionUnderWay || error instanceof CommandBlocked) throw error;
    const rejection = toRejection(error);
    if (rejection === null) throw new Error(`${command.kind} could not be executed`, { cause: error });
    return rejection;
  }
}

/** Groups may change channels, and machines groups, while their locks are waited for. */
const triesMax = 5;

/** Decides without locks, to know them; then under the locks, for good. @throws Undone, CommandBlocked */
async function executeLocked(store: Store, command: CatalogCommand, context: CommandContext): Promise<Executed> {
  const application = command.kind === 'CreateApplication' ? command.cloneOf : command.application;
  const withIds = makeRepeatedIds(context);
  let groups = await withTransaction(store.pool, async (client) => {
    const state = await readState(client, command);
    const changes = decideCatalog(command, state, withIds());
    return isRejection(changes) ? [] : groupsToLock(changes, state.application);
  });
  for (let tries = 1; tries <= triesMax; tries++) {
    const executed = await withCommandLocks(store, { application, groups }, async ({ client, last }) =>
      execute(client, command, withIds(), { groups, last }),
    );
    if (!('alsoLock' in executed)) return executed;
    groups = [...new Set([...groups, ...executed.alsoLock])].toSorted();
  }
  throw new Error(`the groups that ${command.kind} is about changed ${triesMax} times while it was executed`);
}

/** Deciding again draws the same ids: what is new has one. */
function makeRepeatedIds(context: CommandContext): () => CommandContext {
  const drawn: string[] = [];
  return () => {
    let next = 0;
    return { ...context, newId: () => (drawn[next++] ??= context.newId()) };
  };
}

const selectRevision = `select revision from catalog_revision`;
const lockRevision = `select revision from catalog_revision for update`;

/**
 * Executes commands in an empty catalog: all of them or none. Null where the catalog is not empty, also when another
 * replica was faster.
 */
export async function executeFirstCommands(
  store: Store,
  commands: readonly CatalogCommand[],
  context: CommandContext,
): Promise<Executed | null> {
  const known = await store.pool.query<{ revision: number }>(selectRevision);
  if (known.rows[0]?.revision !== 0) return null;
  return withTransaction(store.pool, async (client) => {
    const { rows } = await client.query<{ revision: number }>(lockRevision);
    if (rows[0]?.revision !== 0) return null;
    const done: Executed = { facts: [], revision: 0 };
    for (const command of commands) {
      const executed = await execute(client, command, context, { groups: 'all', last: (take) => take() });
      if ('alsoLock' in executed) throw new Error('an empty catalog has groups');
      const { facts, revision } = executed;
      done.facts.push(...facts);
      done.revision = revision ?? done.revision;
    }
    return done;
  });
}

interface Held {
  /** Whose rows are locked. */
  groups: readonly string[] | 'all';
  last: LockedTransaction['last'];
}

/** In the caller's transaction. `alsoLock`: it changes groups that are not locked, and has done nothing. @throws Undone */
async function execute(
  client: Client,
  command: CatalogCommand,
  context: CommandContext,
  { groups, last }: Held,
): Promise<Executed | { alsoLock: string[] }> {
  const state = await readState(client, command);
  const changes = decideCatalog(command, state, context);
  if (isRejection(changes)) throw new Undone(changes);
  if (changes.length === 0)
    return { facts: [], revision: null, ...(context.dryRun === true && { plan: toPlan([], state) }) };
  const alsoLock = groupsToLock(changes, state.application).filter((id) => groups !== 'all' && !groups.includes(id));
  if (alsoLock.length > 0) return { alsoLock };
  const revision = await last(() => takeRevision(client));
  for (const change of changes) await write(client, change, revision, context);
  await refuseLargeSnapshot(client, changes, revision);
  const facts = changes.map((change) => toFact(change, { ...context, revision }));
  await logChanges(client, changes, { revision, at: context.now, actor: context.actor });
  await putIntoOutbox(client, facts);
  if (context.dryRun === true) throw new Undone({ facts, revision: null, plan: toPlan(changes, state) });
  return { facts, revision };
}

async function write(client: Client, change: CatalogChange, revision: number, context: CommandContext): Promise<void> {
  const { now, position, actor } = context;
  await endAttemptsOfDeleted(client, change, actor, { now, position });
  await writeChange(client, change, revision);
  if (change.of === 'machine') await applyMachineChange(client, change, actor, { now, position });
  if (change.of === 'rollout') await applyRolloutChange(client, change, { now, position });
  const touched = groupsTouched(change);
  switch (touched.kind) {
    case 'none':
      return;
    case 'all':
      await client.query(touchAll, [change.application, revision]);
      return;
    case 'channel':
      await client.query(touchOfChannel, [touched.id, revision]);
      return;
    case 'package':
      await client.query(touchOfPackage, [touched.id, revision]);
      return;
    case 'group':
      await client.query(touchOne, [touched.id, revision]);
      return;
    default:
      touched satisfies never;
  }
}

/** What followers could not be sent must not become true. */
async function refuseLargeSnapshot(client: Client, changes: readonly CatalogChange[], revision: number): Promise<void> {
  const application = changes[0]?.application ?? '';
  const snapshot = await buildSnapshot(client, application, revision);
  const bytes = snapshot === null ? 0 : Buffer.byteLength(JSON.stringify(snapshot));
  if (bytes <= snapshotBytesMax) return;
  const words = `With this, what every replica holds of the application would be ${bytes} bytes; at most ${snapshotBytesMax} fit. Delete groups, channels or floors that are not needed, or make another application.`;
  throw new Undone(refuse('snapshot-too-large', words));
}

/** Two commands that create the same name at once: the second meets the constraint instead of the state. */
const reasonOfConstraint: Record<string, RejectionReason> = {
  application_pkey: 'id-taken',
  package_pkey: 'id-taken',
  channel_pkey: 'id-taken',
  update_group_pkey: 'id-taken',
  application_name_taken: 'name-taken',
  application_product_id_taken: 'product-id-taken',
  channel_name_taken: 'name-taken',
  group_name_taken: 'name-taken',
  package_version_taken: 'version-taken',
  group_track_taken: 'track-taken',
};

function toRejection(error: unknown): Rejection | null {
  if (!(error instanceof Error) || !('constraint' in error) || typeof error.constraint !== 'string') return null;
  const reason = reasonOfConstraint[error.constraint];
  return reason === undefined
    ? null
    : refuse(reason, 'Somebody else took it just now: read again, then choose another one.');
}
