// Machines that only tests spoke for. Statistics leave them out, so that no table of the history has them: their page and
// their history are read from the archive, which keeps each fact whole. Asked only of ids that those tables do not know.
import { decodeFact, type Fact, isCounted, type MachineCheckedIn, type MachineFact } from '@platte/facts';
import { isSeen, statusOf } from '@platte/fleet';
import type { History } from '../connection.js';
import type { HistoryItem, HistoryKind, HistoryPage } from './machine.js';
import type { MachineState } from './machine-state.js';

/** A prober that asks every minute sends 1,440 a day: its state is in the newest of them. First seen is of these, too. */
const factsMax = 1_000;

const readFacts = `
select fact
from fact_archive final
where app = {app:String} and machine = {machine:String}
  and kind in ('MachineCheckedIn', 'EventReported', 'UpdateGranted', 'LeaseEnded', 'MachineDeleted')
  and (toUnixTimestamp64Milli(at), n) < ({beforeAt:Int64}, {beforeN:UInt64})
order by at desc, n desc
limit {limit:UInt32}`;

interface Asked {
  app: string;
  machine: string;
  before?: { at: number; n: number } | undefined;
}

/** Since its last deletion, newest first. */
async function readUncounted(history: History, { app, machine, before }: Asked, limit: number): Promise<MachineFact[]> {
  const { at: beforeAt, n: beforeN } = before ?? { at: Number.MAX_SAFE_INTEGER, n: 0 };
  const rows = await history.read<{ fact: string }>(readFacts, { app, machine, beforeAt, beforeN, limit });
  const facts = rows.flatMap(({ fact }) => decodeFact(fact) ?? []);
  const deleted = facts.findIndex(({ kind }) => kind === 'MachineDeleted');
  return facts.slice(0, deleted < 0 ? facts.length : deleted).filter(isTold);
}

function isTold(fact: Fact): fact is MachineFact {
  return 'testSource' in fact && !isCounted(fact);
}

/** null: no test spoke for it either, or it was deleted since. */
export async function uncountedState(history: History, asked: Asked): Promise<MachineState | null> {
  const facts = await readUncounted(history, asked, factsMax);
  const seen = facts.filter(isSeen);
  const [newest, oldest] = [seen[0], seen.at(-1)];
  if (newest === undefined || oldest === undefined) return null;
  const checkIns = facts.filter((fact) => fact.kind === 'MachineCheckedIn');
  const { group, channel, arch, version, oem, testSource = '' } = newest;
  return {
    app: asked.app,
    machine: asked.machine,
    group,
    channel,
    arch,
    version,
    oem,
    testSource,
    status: facts.map(statusOf).find((status) => status !== null) ?? 'unknown',
    firstSeen: oldest.at,
    lastSeen: newest.at,
    ...saidBy(checkIns),
    answer: answerOf(checkIns.find(({ answer }) => answer !== undefined)),
    failure: failureOf(facts),
  };
}

function saidBy(checkIns: readonly MachineCheckedIn[]) {
  const [newest] = checkIns;
  const { oemVersion = '', aleph = '', bootId = '', track = '', ip = '' } = newest ?? {};
  return { oemVersion, aleph, bootId, track, ip, alias: checkIns.find(({ alias }) => alias !== '')?.alias ?? '' };
}

function answerOf(checkIn: MachineCheckedIn | undefined): MachineState['answer'] {
  if (checkIn?.answer === undefined) return null;
  const { reason, inputs, until = null } = checkIn.answer;
  return { at: checkIn.at, reason, inputs, until };
}

function failureOf(facts: readonly MachineFact[]): MachineState['failure'] {
  for (const fact of facts) {
    if (fact.kind !== 'EventReported') continue;
    const status = statusOf(fact);
    if (status === 'failed' || status === 'rolled-back') return { at: fact.at, errorCode: fact.errorCode };
  }
  return null;
}

/** Whole, newest first: check-ins that repeat the one before are not left out. */
export async function uncountedHistory(history: History, asked: Asked & { limit: number }): Promise<HistoryPage> {
  const facts = await readUncounted(history, asked, asked.limit + 1);
  const page = facts.slice(0, asked.limit);
  const last = page.at(-1);
  const next = facts.length > asked.limit && last !== undefined ? { at: last.at, n: last.n } : null;
  return { items: page.map(toItem), next };
}

const kinds: Record<MachineFact['kind'], HistoryKind> = {
  MachineCheckedIn: 'check-in',
  SyncerCheckedIn: 'check-in',
  EventReported: 'event',
  UpdateGranted: 'grant',
  LeaseEnded: 'lease-end',
};

function toItem(fact: MachineFact): HistoryItem {
  const { at, n, kind, version, group, channel } = fact;
  const answer = 'answer' in fact ? fact.answer : undefined;
  return {
    at,
    n,
    kind: kinds[kind],
    version,
    group,
    channel,
    status: statusOf(fact),
    reason: answer?.reason ?? null,
    inputs: answer?.inputs ?? null,
    event: eventOf(fact),
    toVersion: 'toVersion' in fact ? fact.toVersion : null,
    outcome: 'outcome' in fact ? fact.outcome : null,
    cause: 'cause' in fact ? fact.cause : null,
    repeats: 1,
  };
}

function eventOf(fact: MachineFact): HistoryItem['event'] {
  if (fact.kind !== 'EventReported') return null;
  const { type, result, errorCode, previousVersion } = fact;
  return { type, result, errorCode, previousVersion };
}
