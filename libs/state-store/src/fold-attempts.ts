// What the log tells of attempts: events and check-ins advance them and end them, each once, however often and in
// whatever order they are delivered. Decisions fold the events of asking machines before; their later delivery finds
// nothing to do here.
//
// Marks (downloading, downloaded, refused) decide nothing and are written without a lock. Ends free slots and count, so
// they are decided under the groups' locks, on rows that are read again.
import { comparePositions, type EventReported, type MachineCheckedIn, type Position } from '@platte/facts';
import type { Sign } from '@platte/fleet';
import { bootMarkOf, settleAfterMs as defaultSettleAfterMs } from '@platte/rollout';
import { type ApplyContext, applySaid, newsOf } from './apply-sign.js';
import { toArrayLiteral, toColumns } from './array-literal.js';
import type { AttemptRow } from './attempt-row.js';
import { type Moment, noChanges } from './ledger-changes.js';
import { freedGroups, haltFailed, lockGroups, type MachineKey, toReadAttemptsOf } from './locked-groups.js';
import { sendTogether, type Statement } from './statement.js';
import type { Store } from './store.js';
import { rollBack, withHotClient } from './transaction.js';
import { toStatements } from './write-ledger.js';

export type Said = MachineCheckedIn | EventReported;

export interface FoldContext {
  position: (now: number) => Position;
  settleAfterMs?: number;
}

export interface FoldedAttempts {
  /** Groups with a freed slot: to be announced. */
  freed: string[];
  /** Groups whose rollout safe mode halted. */
  halted: string[];
}

const nothing: FoldedAttempts = { freed: [], halted: [] };
/** A machine may move between groups while we wait for locks: then all is read again, with the new ones. */
const triesMax = 4;

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
  if (said.length === 0) return nothing;
  const byMachine = toByMachine(said);
  const { rows: attempts } = await store.hot.query<AttemptRow>(toReadAttemptsOf(keysOf(said)));
  const news = attempts.map((attempt) => ({ attempt, ...findNews(attempt, byMachine) }));
  const marked = news.filter(({ signs }) => signs.some(isMark));
  if (marked.length > 0) await store.hot.query(toWriteMarks(marked));
  const ended = news.filter(({ signs, isBoot }) => isBoot || !signs.every(isMark)).map(({ attempt }) => attempt);
  return ended.length === 0
    ? nothing
    : endLocked(store, context, byMachine, ended, new Set(ended.map(({ group }) => group)));
}

async function endLocked(
  store: Store,
  context: FoldContext,
  byMachine: SaidByMachine,
  machines: readonly MachineKey[],
  groups: Set<string>,
): Promise<FoldedAttempts> {
  for (let tries = 1; tries <= triesMax; tries++) {
    const folded = await withHotClient(store.hot, async (client) => {
      const locked = await lockGroups(client, [...groups], machines, store.clockOffsetMs());
      const elsewhere = locked.attempts.filter(({ group, stage }) => stage !== 'ended' && !groups.has(group));
      if (elsewhere.length > 0) {
        for (const { group } of elsewhere) groups.add(group);
        await rollBack(client);
        return null;
      }
      const changes = noChanges();
      const moment: Moment = { now: locked.now, position: () => context.position(locked.now) };
      const { settleAfterMs = defaultSettleAfterMs } = context;
      for (const attempt of locked.attempts) foldOne({ changes, moment, settleAfterMs }, attempt, byMachine);
      const halted = await haltFailed(client, changes, locked, moment);
      await sendTogether(client, [...toStatements(changes), { name: 'commit', text: 'commit', values: [] }]);
      return { freed: freedGroups(changes), halted };
    });
    if (folded !== null) return folded;
  }
  throw new Error(
    `${machines.length} machines moved between groups ${triesMax} times while their attempts were folded`,
  );
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
