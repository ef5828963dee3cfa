// Where machines that ask are decided: per group one batch at a time; a spent budget refuses without a lock. Every
// machine gets a decision, also when PostgreSQL is away: then it is `policy-unavailable`, never a grant by guess.
import type { Position } from '@platte/facts';
import {
  type AskedMachine,
  type Decision,
  exceptedMax,
  ruleFailed,
  type SnapshotIndex,
  type SpentNotice,
} from '@platte/rollout';
import type { Log, Metrics } from '@platte/service';
import {
  type BatchOutcome,
  findSpent,
  grantBatch,
  GroupLocked,
  refuseSpent,
  type SpentBudget,
  type Store,
  workApart,
} from '@platte/state-store';
import { announceFreed, followFreed } from './freed-budgets.js';
import { type GroupQueue, makeGroupQueue } from './group-queue.js';
import { isNobodysFault } from './nobodys-fault.js';
import type { Parts } from './parts.js';
import type { OutboxRelay } from './relay-outbox.js';
import type { RestoreGate } from './restore-gate.js';
import { makeSpentNotices, type SpentNotices } from './spent-notices.js';

export interface GrantDesk {
  /** The decisions in the order of the machines. Never rejects. */
  decide: (asked: readonly AskedMachine[]) => Promise<Decision[]>;
  /** What can be said of the groups of these machines, so that the next ones need not be asked for. */
  noticesFor: (asked: readonly AskedMachine[]) => SpentNotice[];
  /** A slot of the group was freed, here or in another replica. */
  noteFreed: (group: string) => void;
}

export interface GrantDeskOptions {
  store: Store;
  catalog: Map<string, SnapshotIndex>;
  position: (now: number) => Position;
  /** The clock of decisions, as far as this process knows it. */
  now: () => number;
  announceFreed: (groups: readonly string[]) => void;
  /** A transaction wrote facts: the outbox is worth a look. */
  onWritten: () => void;
  /** Why no grants are made now; null: they are. */
  closedBecause?: (() => string | null) | undefined;
  log: Log;
  metrics: Metrics;
}

/** Grants per transaction: larger ones gain little and hold the lock longer. */
const batchMax = 512;
/** What a group can decide in the time that ingress waits, at the slowest that was ever measured. */
const waitingMax = 16_384;
/** A little less than ingress waits (500 ms): a decision that nobody waits for would only use up budget. */
const waitMaxMs = 400;
/**
 * Every statement of a batch has its own limit, and a batch that meets a silent connection ends after one of them (12 s) and
 * a wait for another connection (5 s). This is for what has no limit.
 */
const decideMaxMs = 30_000;
/** Queues of groups that nobody asks for are dropped when there are more than this. */
const queuesMax = 10_000;

const unavailable: Decision = { answer: { reason: 'policy-unavailable', inputs: {} } };

/** The desk of this program: told of freed slots by every replica. */
export function openGrantDesk(
  parts: Parts,
  catalog: Map<string, SnapshotIndex>,
  relay: OutboxRelay,
  gate: Pick<RestoreGate, 'closedBecause'> = { closedBecause: () => null },
): GrantDesk {
  const { store, nats, clock, nextPosition, log, metrics, stopper } = parts;
  const desk = makeGrantDesk({
    store,
    catalog,
    position: nextPosition,
    now: clock.now,
    announceFreed: (groups) => announceFreed(nats, groups),
    onWritten: relay.wake,
    closedBecause: gate.closedBecause,
    log,
    metrics,
  });
  stopper.add('freed budgets', followFreed(nats, desk.noteFreed));
  return desk;
}

export function makeGrantDesk(options: GrantDeskOptions): GrantDesk {
  const { log } = options;
  const queues = new Map<string, GroupQueue<AskedMachine, Decision>>();
  const spent: SpentGroups = { budgets: new Map(), notices: makeSpentNotices(options.store) };
  const decisions = options.metrics.counter({
    name: 'platte_policy_decisions_total',
    help: 'Decisions on machines that asked, by reason.',
    labels: ['reason'],
  });

  function queueOf(group: string): GroupQueue<AskedMachine, Decision> {
    const known = queues.get(group);
    if (known !== undefined) return known;
    if (queues.size >= queuesMax) for (const [id, queue] of queues) if (queue.isIdle) queues.delete(id);
    const decide = (items: AskedMachine[]) => decideApart(options, spent, group, items);
    const queue = makeGroupQueue({ decide, batchMax, waitingMax, waitMaxMs, decideMaxMs });
    queues.set(group, queue);
    return queue;
  }

  async function decideSafely(group: string, asked: readonly AskedMachine[]): Promise<readonly Decision[]> {
    try {
      return (await queueOf(group).put(asked)) ?? asked.map(() => unavailable);
    } catch (error) {
      // Reported once by whoever watches locked groups, not with every batch.
      if (!(error instanceof GroupLocked))
        log.warn(
          { err: error, group, machines: asked.length },
          'a batch could not be decided: its machines are refused',
        );
      return asked.map(() => unavailable);
    }
  }
  /** A mistake of ours, of which the machine's answer has the words. */
  function noteFailedRules(asked: readonly AskedMachine[], decided: readonly Decision[]): void {
    for (const [index, { answer }] of decided.entries()) {
      if (answer.reason !== 'rule-failed') continue;
      const { app, group, machine } = asked[index] ?? {};
      log.error({ app, group, machine, note: answer.inputs.note }, 'a machine could not be decided: a mistake of ours');
    }
  }

  return {
    noteFreed: (group) => {
      spent.budgets.delete(group);
      spent.notices.drop(group);
    },
    noticesFor: (asked) => findNotices(spent, asked),
    async decide(asked) {
      const closed = options.closedBecause?.() ?? null;
      if (closed !== null) {
        decisions.inc({ reason: unavailable.answer.reason }, asked.length);
        return asked.map(() => ({ answer: { ...unavailable.answer, inputs: { note: closed } } }));
      }
      const decided = asked.map((): Decision => unavailable);
      await Promise.all(
        [...toGroups(asked)].map(async ([group, places]) => {
          const machines = places.flatMap((place) => asked[place] ?? []);
          const found = await decideSafely(group, machines);
          for (const [index, place] of places.entries()) decided[place] = found[index] ?? unavailable;
        }),
      );
      for (const { answer } of decided) decisions.inc({ reason: answer.reason });
      noteFailedRules(asked, decided);
      return decided;
    },
  };
}

interface SpentGroups {
  budgets: Map<string, SpentBudget>;
  notices: SpentNotices;
}

/** All together name no more machines than one may: a message has a bound. */
function findNotices({ budgets, notices }: SpentGroups, asked: readonly AskedMachine[]): SpentNotice[] {
  const found: SpentNotice[] = [];
  let excepted = 0;
  for (const group of new Set(asked.map((one) => one.group))) {
    const budget = budgets.get(group);
    const notice = budget && notices.find(group, budget.revision);
    if (notice === undefined || excepted + notice.except.length > exceptedMax) continue;
    excepted += notice.except.length;
    found.push(notice);
  }
  return found;
}

/** Places in the question, by group: each group's in their order. */
function toGroups(asked: readonly AskedMachine[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [place, { group }] of asked.entries()) {
    const known = groups.get(group);
    if (known === undefined) groups.set(group, [place]);
    else known.push(place);
  }
  return groups;
}

/** A machine whose rows cannot be read or written costs the others of its batch nothing. */
async function decideApart(
  options: GrantDeskOptions,
  spent: SpentGroups,
  group: string,
  asked: readonly AskedMachine[],
): Promise<Decision[]> {
  const decide = (some: readonly AskedMachine[]) => decideGroup(options, spent, group, some);
  const parts = await workApart(asked, decide, { isOutage: isNobodysFault });
  return parts.flatMap((part) => part.result ?? part.items.map(() => ({ answer: ruleFailed(part.error) })));
}

/** One batch of one group: those that a spent budget refuses, and the rest under the lock. */
async function decideGroup(
  options: GrantDeskOptions,
  spent: SpentGroups,
  group: string,
  asked: readonly AskedMachine[],
): Promise<Decision[]> {
  const refusals = await refuseBySpent(options, spent, group, asked);
  const locked = asked.filter((_, index) => refusals[index] === null);
  if (locked.length === 0) return refusals.map((refusal) => refusal ?? unavailable);
  const outcome = await grantBatch(options.store, options, group, locked);
  tellOutcome(options, spent.budgets, group, outcome);
  const rest = outcome.decisions.values();
  return refusals.map((refusal) => refusal ?? rest.next().value ?? unavailable);
}

/** null where a machine must be decided under the lock. */
async function refuseBySpent(
  { store, catalog, now }: GrantDeskOptions,
  { budgets, notices }: SpentGroups,
  group: string,
  asked: readonly AskedMachine[],
): Promise<(Decision | null)[]> {
  const budget = budgets.get(group);
  const index = catalog.get(asked[0]?.app ?? '')?.groups.get(group);
  if (budget && index) {
    const [refusals] = await Promise.all([
      refuseSpent(store, index, budget, asked, now()),
      notices.keep(index, budget),
    ]);
    if (refusals) return refusals;
  }
  budgets.delete(group);
  return asked.map(() => null);
}

function tellOutcome(
  options: GrantDeskOptions,
  spent: Map<string, SpentBudget>,
  group: string,
  { after, freed }: BatchOutcome,
): void {
  const budget = after && findSpent(after.group, after.ledger);
  if (budget) spent.set(group, budget);
  else spent.delete(group);
  options.announceFreed(freed);
  options.onWritten();
}
