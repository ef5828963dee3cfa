// What the log tells of attempts: events and check-ins advance them and end them, each once, however often and in
// whatever order they are delivered. Decisions fold the events of asking machines before; their later delivery finds
// nothing to do here.
//
// Marks (downloading, downloaded, refused) decide nothing and are written without a lock. Ends free slots and count, so
// they are decided under their group's lock, on rows that are read again: one transaction per group. Where somebody else
// keeps a group locked, its facts are put aside (deferred-facts.ts), and the other groups go on.
import { comparePositions, type EventReported, type Fact, type MachineCheckedIn, type Position } from '@platte/facts';
import type { Sign } from '@platte/fleet';
import { bootMarkOf, settleAfterMs as defaultSettleAfterMs } from '@platte/rollout';
import { type ApplyContext, applySaid, newsOf } from './apply-sign.js';
import { toArrayLiteral, toColumns } from './array-literal.js';
import type { AttemptRow } from './attempt-row.js';
import { deferFacts } from './deferred-facts.js';
import { type Moment, noChanges } from './ledger-changes.js';
import { freedGroups, haltIfFailed, type MachineKey, toReadAttemptsOf, withLockedGroup } from './locked-groups.js';
import { sendTogether, type Statement } from './statement.js';
import type { Store } from './store.js';
import { GroupLocked } from './stuck-groups.js';
import { toStatements } from './write-ledger.js';

export type Said = MachineCheckedIn | EventReported;

export function isSaid(fact: Fact): fact is Said {
  return fact.kind === 'MachineCheckedIn' || fact.kind === 'EventReported';
}

export interface FoldContext {
  position: (now: number) => Position;
  settleAfterMs?: number;
}

export interface FoldedAttempts {
  /** Groups with a freed slot: to be announced. */
  freed: string[];
  /** Groups whose rollout safe mode halted. */
  halted: string[];
  /** Groups that somebody else keeps locked: what ends there waits. */
  locked: GroupLocked[];
}

/** A machine may move between groups while we wait for a lock: then it is folded again, in its new one. */
const roundsMax = 4;
/** Groups that are folded at a time: most of a transaction is waiting for the disk. */
const groupsAtOnce = 3;

const writeMarks = `
  update attempt a set
    downloading_at = coalesce(a.downloading_at, m.downloading_at), downloaded_at = coalesce(a.downloaded_at, m.downloaded_at),
    refused_at = coalesce(a.refused_at, m.refused_at)
  from unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
    as m (application, machine, since_at, since_n, downloading_at, downloaded_at, refused_at)
  where a.application = m.application and a.machine = m.machine and a.stage <> 'ended'
    and a.since_at = m.since_at and a.since_n = m.since_n`;

/** @param said what machines said that may have an open attempt: a few per batch of facts */
export async function foldAttempts(store: Store, context: FoldContext, said: readonly Said[]): Promise<FoldedAttempts> {
  const folded: FoldedAttempts = { freed: [], halted: [], locked: [] };
  await foldSaid(store, context, said, {
    onFolded: (one) => void (folded.freed.push(...one.freed), folded.halted.push(...one.halted)),
    onLocked: async (error, facts) => {
      for (const group of error.groups) await deferFacts(store, group, facts);
      folded.locked.push(error);
    },
  });
  return folded;
}

export type GroupFold = Pick<FoldedAttempts, 'freed' | 'halted'>;

export interface FoldHooks {
  onFolded: (one: GroupFold) => void;
  /** The group of these facts is locked: they are not folded. */
  onLocked: (error: GroupLocked, facts: Said[]) => Promise<void>;
}

/** Folds what machines reported, group by group; `hooks` learn of each group. */
export async function foldSaid(
  store: Store,
  context: FoldContext,
  said: readonly Said[],
  hooks: FoldHooks,
): Promise<void> {
  if (said.length === 0) return;
  const byMachine = toByMachine(said);
  const { rows: attempts } = await store.hot.query<AttemptRow>(toReadAttemptsOf(keysOf(said)));
  const news = attempts.map((attempt) => ({ attempt, ...findNews(attempt, byMachine) }));
  const marked = news.filter(({ signs }) => signs.some(isMark));
  if (marked.length > 0) await store.hot.query(toWriteMarks(marked));
  const ended = news.filter(({ signs, isBoot }) => isBoot || !signs.every(isMark)).map(({ attempt }) => attempt);
  await foldEnds(store, context, byMachine, ended, hooks);
}

async function foldEnds(
  store: Store,
  context: FoldContext,
  byMachine: SaidByMachine,
  ended: readonly AttemptRow[],
  { onFolded, onLocked }: FoldHooks,
): Promise<void> {
  let left = ended;
  for (let round = 1; left.length > 0; round++) {
    if (round > roundsMax)
      throw new Error(`${left.length} machines moved between groups ${roundsMax} times while they were folded`);
    const moved: AttemptRow[] = [];
    await forEachAtOnce(toGroups(left), groupsAtOnce, async ([group, attempts]) => {
      try {
        const one = await foldGroup(store, context, byMachine, group, attempts);
        moved.push(...one.moved);
        onFolded(one);
      } catch (error) {
        if (!(error instanceof GroupLocked)) throw error;
        await onLocked(
          error,
          attempts.flatMap((attempt) => ofMachine(byMachine, attempt)),
        );
      }
    });
    left = moved;
  }
}

/** @throws GroupLocked */
function foldGroup(
  store: Store,
  context: FoldContext,
  byMachine: SaidByMachine,
  group: string,
  machines: readonly MachineKey[],
): Promise<GroupFold & { moved: AttemptRow[] }> {
  return withLockedGroup(store, group, machines, async (client, locked) => {
    const changes = noChanges();
    const moment: Moment = { now: locked.now, position: () => context.position(locked.now) };
    const { settleAfterMs = defaultSettleAfterMs } = context;
    const own = locked.attempts.filter((attempt) => attempt.group === group);
    for (const attempt of own) foldOne({ changes, moment, settleAfterMs }, attempt, byMachine);
    const isHalted = await haltIfFailed(client, changes, locked, moment);
    await sendTogether(client, [...toStatements(changes), { name: 'commit', text: 'commit', values: [] }]);
    const moved = locked.attempts.filter((attempt) => attempt.group !== group);
    return { freed: freedGroups(changes), halted: isHalted ? [group] : [], moved };
  });
}

function toGroups(attempts: readonly AttemptRow[]): [string, AttemptRow[]][] {
  return [...Map.groupBy(attempts, ({ group }) => group)];
}

/** Ends with the first error, after the work that has begun. */
async function forEachAtOnce<T>(items: readonly T[], max: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const run = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(max, items.length) }, run));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** In time order: the first end of an attempt is the one that counts. */
function foldOne(context: ApplyContext, attempt: AttemptRow, byMachine: SaidByMachine): void {
  let folded = attempt;
  for (const fact of ofMachine(byMachine, attempt)) folded = applySaid(context, folded, fact, bootMarkOf(fact.bootId));
}

/** `isBoot`: a boot was heard that changes whose attempt it is. */
function findNews(attempt: AttemptRow, byMachine: SaidByMachine): { signs: Sign[]; isBoot: boolean } {
  const news = ofMachine(byMachine, attempt).map((fact) => newsOf(attempt, fact, bootMarkOf(fact.bootId)));
  return {
    signs: news.flatMap(({ sign }) => (sign === null ? [] : [sign])),
    isBoot: news.some(({ isBoot }) => isBoot),
  };
}

type SaidByMachine = ReadonlyMap<string, Said[]>;

function toByMachine(said: readonly Said[]): SaidByMachine {
  const byMachine = new Map<string, Said[]>();
  for (const fact of said.toSorted(comparePositions)) {
    const key = `${fact.app} ${fact.machine}`;
    const known = byMachine.get(key);
    if (known === undefined) byMachine.set(key, [fact]);
    else known.push(fact);
  }
  return byMachine;
}

function ofMachine(byMachine: SaidByMachine, { application, machine }: MachineKey): Said[] {
  return byMachine.get(`${application} ${machine}`) ?? [];
}

function isMark({ kind }: Sign): boolean {
  return kind === 'downloading' || kind === 'downloaded' || kind === 'refused';
}

/** One row per attempt: of each kind its first sign. */
function toWriteMarks(marked: readonly { attempt: AttemptRow; signs: readonly Sign[] }[]): Statement {
  const keys = ['application', 'machine', 'sinceAt', 'sinceN'] as const;
  const first = (kind: Sign['kind']) => marked.map(({ signs }) => signs.find((sign) => sign.kind === kind)?.at ?? null);
  const marks = [first('downloading'), first('downloaded'), first('refused')];
  const values = [
    ...toColumns(
      marked.map(({ attempt }) => attempt),
      keys,
    ),
    ...marks.map(toArrayLiteral),
  ];
  return { name: 'write-marks', text: writeMarks, values };
}

function keysOf(said: readonly Said[]): MachineKey[] {
  const keys = new Map(said.map(({ app, machine }) => [`${app} ${machine}`, { application: app, machine }]));
  return [...keys.values()];
}
