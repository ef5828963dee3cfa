// One batch of decisions of one group: one transaction, two round trips.
//
//   begin; lock the group; read stop, holds, budget, tallies, attempts, failures, forces    -> decided in TypeScript
//   write attempts, log, counter, tallies, outbox; commit
//
// What is true if the process dies: before the commit nothing was granted; after it the leases stand, their facts are in
// the outbox, and a machine that got no answer asks again and is offered the same.
import type { Position } from '@platte/facts';
import {
  type AskedMachine,
  type Decision,
  decideGrants,
  type GrantDecision,
  type GroupLedger,
  type IndexedGroup,
  settleAfterMs as defaultSettleAfterMs,
  type Tally,
} from '@platte/rollout';
import { applyDecisions } from './apply-decisions.js';
import type { AttemptRow } from './attempt-row.js';
import { ledgerAfter, withChanges } from './batch-ledger.js';
import { failuresAfter, foldAsked, forcesOf, toAsking } from './fold-asked.js';
import { type HeldCatalog, indexOf, reloadIndex } from './held-catalog.js';
import { findHalt, haltRollout } from './halt-rollout.js';
import { type LedgerChanges, type Moment, noChanges } from './ledger-changes.js';
import { freedGroups } from './locked-groups.js';
import { toOffers } from './offers.js';
import {
  type Budget,
  type FailureRow,
  type ForceRow,
  type LockedGroup,
  type TallyRow,
  type PeopleRow,
  toLockToDecide,
  toReadAttempts,
  toReadBudget,
  toReadFailures,
  toReadForces,
  toReadPeople,
  toReadTallies,
} from './read-ledger.js';
import { inOnePacket, sendTogether, type Statement } from './statement.js';
import type { Store } from './store.js';
import { GroupLocked, withGroupLocks } from './stuck-groups.js';
import { type Client, rollBack, withHotClient } from './transaction.js';
import { useForces } from './use-forces.js';
import { withPeople } from './with-people.js';
import { toStatements } from './write-ledger.js';

export interface GrantContext {
  /** The catalog as this process holds it: replaced when the group's revision says that it is older. */
  catalog: HeldCatalog;
  /** Names the facts that follow. */
  position: (now: number) => Position;
  settleAfterMs?: number;
}

export interface BatchOutcome {
  /** In the order of the asked machines. */
  decisions: Decision[];
  /** Groups in which a slot or a probe was freed: to be announced. */
  freed: string[];
  /** The group and its ledger after this batch: what a caller may refuse by for a while. null: the group is gone. */
  after: { group: IndexedGroup; ledger: GroupLedger } | null;
}

/** What a transaction has read under the locks. */
interface Reading {
  /** null: the group is gone. */
  revision: number | null;
  budget: Budget | null;
  tallies: ReadonlyMap<string, Tally>;
  people: PeopleRow;
  attempts: AttemptRow[];
  failures: FailureRow[];
  forces: ForceRow[];
}

interface Fresh {
  index: IndexedGroup;
  reading: Reading;
  budget: Budget;
}

const commit: Statement = { name: 'commit', text: 'commit', values: [] };
// A batch that changes nothing held a row lock all the same, and its commit would wait for the disk to say so.
const rollback: Statement = { name: 'rollback', text: 'rollback', values: [] };
const unknownGroup = { reason: 'unknown-group', inputs: {} } as const;
const unavailable = { reason: 'policy-unavailable', inputs: {} } as const;

/** Another group may open an attempt of the same machine in between, or one of the groups may move: then all is read again. */
const triesMax = 4;

/**
 * Machines that hold an attempt in another group, which somebody else keeps locked, are answered `policy-unavailable`.
 *
 * @param asked all of this group; at most a few hundred
 * @throws GroupLocked when it is this group that is locked
 */
export async function grantBatch(
  store: Store,
  context: GrantContext,
  group: string,
  asked: readonly AskedMachine[],
): Promise<BatchOutcome> {
  const elsewhere = new Map<string, string>();
  let left = asked;
  for (let tries = 1; tries <= triesMax; tries++) {
    const groups = [...new Set([group, ...elsewhere.values()])];
    // Where it is not known which of them is locked, the next try shows whether it is this one.
    const suspects = groups.length > 1 ? groups.slice(1) : groups;
    try {
      const run = () =>
        withHotClient(store.hot, (client) => decideLocked(client, { store, context, group, groups, asked: left }));
      const outcome = await withGroupLocks(store.stuck, groups, run, suspects);
      if (!('alsoLock' in outcome)) return withUnavailable(outcome, asked, left);
      for (const one of outcome.alsoLock) elsewhere.set(one.machine, one.group);
    } catch (error) {
      if (error instanceof GroupLocked && groups.length > 1) {
        left = left.filter(({ machine }) => !elsewhere.has(machine));
        elsewhere.clear();
        if (left.length === 0) return { decisions: asked.map(() => ({ answer: unavailable })), freed: [], after: null };
      } else if (tries === triesMax || !isRetryable(error)) throw error;
    }
  }
  throw new Error(`machines of group ${group} moved between groups ${triesMax} times while they were decided`);
}

/** The decisions on all that asked, where some were left out. */
function withUnavailable(
  outcome: BatchOutcome,
  asked: readonly AskedMachine[],
  decided: readonly AskedMachine[],
): BatchOutcome {
  if (decided.length === asked.length) return outcome;
  const decisions = outcome.decisions.values();
  const included = new Set(decided);
  const take = (one: AskedMachine) => (included.has(one) ? decisions.next().value : undefined);
  return { ...outcome, decisions: asked.map((one) => take(one) ?? { answer: unavailable }) };
}

interface Deciding {
  store: Store;
  context: GrantContext;
  group: string;
  /** To lock: the group's own, and those that hold open attempts of these machines. */
  groups: readonly string[];
  asked: readonly AskedMachine[];
}

async function decideLocked(client: Client, deciding: Deciding): Promise<BatchOutcome | { alsoLock: Elsewhere[] }> {
  const { context, group, groups, asked } = deciding;
  const application = asked[0]?.app ?? '';
  const held = indexOf(context.catalog, application)?.groups.get(group);
  const reading = await readLocked(client, deciding, application, needsOf(held, asked));
  const alsoLock = otherGroups(reading.attempts, groups);
  if (alsoLock.length > 0) {
    await rollBack(client);
    return { alsoLock };
  }
  const fresh = await reloadIfOlder(client, deciding, application, reading, held);
  if (fresh === undefined) {
    await rollBack(client);
    return { decisions: asked.map(() => ({ answer: unknownGroup })), freed: [], after: null };
  }
  return decideRead(client, deciding, fresh);
}

/** What is worth reading: a group without safe mode needs no tallies, and few applications have forced machines. */
interface Needs {
  /** Of the rate limit. */
  periodMs: number | null;
  tallies: boolean;
  forces: boolean;
}

function needsOf(index: IndexedGroup | undefined, asked: readonly AskedMachine[]): Needs {
  const { rateLimit = null, safeMode = false } = index?.group.policy ?? {};
  // Ingress may have heard of a force before this process did.
  const forces = (index?.forced.size ?? 0) > 0 || asked.some(({ forced }) => forced);
  return { periodMs: rateLimit?.periodMs ?? null, tallies: safeMode, forces };
}

function areSame(a: Needs, b: Needs): boolean {
  return a.periodMs === b.periodMs && a.tallies === b.tallies && a.forces === b.forces;
}

/** The first round trip. */
async function readLocked(client: Client, deciding: Deciding, application: string, needs: Needs): Promise<Reading> {
  const { store, group, groups, asked } = deciding;
  const machines = asked.map(({ machine }) => machine);
  const [, locked, people, rest, attempts, failures] = await inOnePacket(client, () =>
    Promise.all([
      client.query('begin'),
      client.query<LockedGroup>(toLockToDecide(groups, !groups.some((one) => store.stuck.has(one)))),
      client.query<PeopleRow>(toReadPeople(group, application, machines)),
      readNeeded(client, deciding, application, needs),
      client.query<AttemptRow>(toReadAttempts(application, machines)),
      client.query<FailureRow>(toReadFailures(application, machines)),
    ]),
  );
  const revision = locked.rows.find(({ id }) => id === group)?.revision ?? null;
  const [said = { stop: null, holds: null }] = people.rows;
  return { revision, ...rest, people: said, attempts: attempts.rows, failures: failures.rows };
}

type Needed = Pick<Reading, 'budget' | 'tallies' | 'forces'>;

async function readNeeded(client: Client, deciding: Deciding, application: string, needs: Needs): Promise<Needed> {
  const { store, group, asked } = deciding;
  const machines = needs.forces ? asked.map(({ machine }) => machine) : [];
  const [budget, tallies, forces] = await Promise.all([
    client.query<Budget>(toReadBudget(group, store.clockOffsetMs(), needs.periodMs)),
    needs.tallies ? client.query<TallyRow>(toReadTallies(group)) : null,
    needs.forces ? client.query<ForceRow>(toReadForces(application, machines)) : null,
  ]);
  return {
    budget: budget.rows[0] ?? null,
    tallies: new Map((tallies?.rows ?? []).map(({ version, ...tally }) => [version, tally])),
    forces: forces?.rows ?? [],
  };
}

type Elsewhere = Pick<AttemptRow, 'machine' | 'group'>;

/** Machines whose open attempt is in a group that is not locked. */
function otherGroups(attempts: readonly AttemptRow[], locked: readonly string[]): Elsewhere[] {
  return attempts.filter(({ stage, group }) => stage !== 'ended' && !locked.includes(group));
}

/** The group as it is under the lock; undefined when it is gone. Another revision than the held one: reload first. */
async function reloadIfOlder(
  client: Client,
  deciding: Deciding,
  application: string,
  reading: Reading,
  held: IndexedGroup | undefined,
): Promise<Fresh | undefined> {
  const { context, group } = deciding;
  if (reading.revision === null) return undefined;
  const isHeld = held?.group.revision === reading.revision;
  const index = isHeld ? held : (await reloadIndex(client, context.catalog, application))?.groups.get(group);
  if (index === undefined) return undefined;
  const needed = areSame(needsOf(index, deciding.asked), needsOf(held, deciding.asked))
    ? reading
    : await readNeeded(client, deciding, application, needsOf(index, deciding.asked));
  const { budget } = needed;
  if (budget === null) return undefined;
  return { index: withPeople(index, reading.people), reading: { ...reading, ...needed }, budget };
}

async function decideRead(client: Client, deciding: Deciding, fresh: Fresh): Promise<BatchOutcome> {
  const { context, asked } = deciding;
  const { budget, reading } = fresh;
  const changes = noChanges();
  const moment: Moment = { now: budget.now, position: () => context.position(budget.now) };
  const { settleAfterMs = defaultSettleAfterMs } = context;
  const attempts = foldAsked({ changes, moment, settleAfterMs }, reading.attempts, asked);
  const index = await haltIfFailed(client, deciding, reading, fresh.index, changes, moment);
  const ledger = withChanges(budget, reading.tallies, fresh.index, changes);
  const failures = failuresAfter(reading.failures, changes);
  const forces = forcesOf(reading.forces);
  const rollout = index.rollout?.id ?? null;
  const decisions = decideGrants(
    index,
    ledger,
    asked.map((machine) => toAsking(machine, attempts.get(machine.machine), failures, forces, rollout)),
  );
  const freed = freedGroups(changes);
  applyDecisions(changes, { group: index, asked, decisions, attempts }, moment);
  const offered = await toOffers(client, index, decisions);
  await useForces(client, changes, usedForces(asked, decisions, forces), moment);
  await finish(client, toStatements(changes));
  return { decisions: offered, freed, after: { group: index, ledger: ledgerAfter(ledger, decisions) } };
}

/** The second round trip. */
async function finish(client: Client, statements: readonly Statement[]): Promise<void> {
  await sendTogether(client, statements.length === 0 ? [rollback] : [...statements, commit]);
}

/** Ends that were folded just now can halt the rollout: then these machines are decided by what it is after that. */
async function haltIfFailed(
  client: Client,
  { context }: Deciding,
  { tallies, people }: Reading,
  index: IndexedGroup,
  changes: LedgerChanges,
  moment: Moment,
): Promise<IndexedGroup> {
  const rollout = index.rollout?.id ?? null;
  const ends = changes.ends.filter(({ attempt }) => attempt.group === index.group.id);
  const cause = findHalt({ policy: index.group.policy, rollout, tallies }, ends);
  if (cause === null || rollout === null) return index;
  await haltRollout(client, changes, rollout, cause, moment.position());
  const reloaded = (await reloadIndex(client, context.catalog, index.application.id))?.groups.get(index.group.id);
  return reloaded === undefined ? index : withPeople(reloaded, people);
}

/** Machines whose force their grant uses up. */
function usedForces(
  asked: readonly AskedMachine[],
  decisions: readonly GrantDecision[],
  forces: ReadonlyMap<string, number>,
) {
  const used = asked.filter(({ machine }, index) => decisions[index]?.kind === 'grant' && forces.has(machine));
  return { application: asked[0]?.app ?? '', machines: used.map(({ machine }) => machine) };
}

/** A serialization that PostgreSQL asks to repeat, or a machine that another group granted first. */
const retryableCodes = new Set(['40001', '40P01', '23502', '23505']);

function isRetryable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && retryableCodes.has(error.code);
}
