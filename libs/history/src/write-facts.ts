// Facts become rows. The archive goes first: what is in the tables that answer questions is in the archive too, whenever
// this dies. All of it may be repeated, in other batches and in any order: every table keeps a fact once, by its identity.
//
// Facts of tests are archived only, so that no question can count them and none has to leave them out.
import {
  type CatalogFact,
  type EventReported,
  type Fact,
  isCounted,
  type LeaseEnded,
  type MachineCheckedIn,
  type UnknownFact,
  type UpdateGranted,
} from '@platte/facts';
import { statusOf } from '@platte/fleet';
import type { History } from './connection.js';
import { int32s, int8s, renderBlock, repeatedTexts, texts, uint32s, uint64Column } from './native-block.js';

/** One message of the log. */
export interface ArrivedBatch {
  /** Its number in FACTS. */
  sequence: number;
  facts: readonly Fact[];
  /** Of kinds that this program does not know: they are archived whole. */
  unknown?: readonly UnknownFact[];
}

/** A machine's dense number, known for every machine that `machinesOf` names. */
export type NumberOf = (app: string, machine: string) => number;

export interface WriteOptions {
  /** Whether each fact is kept whole as well: on, except where a measurement says so. */
  archive: boolean;
  /**
   * Facts of machines from before this moment (ms) are archived only. Rows of that age are taken away, so that nothing
   * could be folded around them: a late one would undo what facts said that are there no longer.
   */
  oldest?: number | undefined;
}

/** A fact of a machine, as the history keeps it. */
type HistoryFact = MachineCheckedIn | EventReported | UpdateGranted | LeaseEnded | MachineDeleted;
type MachineDeleted = CatalogFact & { kind: 'MachineDeleted' };

const kinds = { MachineCheckedIn: 1, EventReported: 2, UpdateGranted: 3, LeaseEnded: 4, MachineDeleted: 5 } as const;

const kindType = "Enum8('check-in' = 1, 'event' = 2, 'grant' = 3, 'lease-end' = 4, 'deletion' = 5)";
const timeType = "DateTime64(3, 'UTC')";
const insertFacts = 'insert into fact_in format Native';
const insertArchive = 'insert into fact_archive format Native';

/** @returns how many facts of machines were too late to become rows */
export async function writeFacts(
  history: History,
  batches: readonly ArrivedBatch[],
  numberOf: NumberOf,
  { archive, oldest = 0 }: WriteOptions = { archive: true },
): Promise<{ late: number }> {
  const facts = batches.reduce((sum, batch) => sum + batch.facts.length + (batch.unknown?.length ?? 0), 0);
  if (archive && facts > 0) await history.insert(insertArchive, renderArchive(batches, facts));
  const { block, rows, late } = renderFacts(batches, { rowsMax: facts, oldest }, numberOf);
  if (rows > 0) await history.insert(insertFacts, block);
  return { late };
}

/** Machines that need a number before their facts can be written, with repetitions. */
export function machinesOf(batches: readonly ArrivedBatch[]): { app: string; machine: string }[] {
  return batches.flatMap(({ facts }) => facts.filter(isHistoryFact));
}

function isHistoryFact(fact: Fact): fact is HistoryFact {
  return fact.kind in kinds && fact.machine !== '' && isCounted(fact);
}

function renderArchive(batches: readonly ArrivedBatch[], rows: number): Uint8Array {
  const columns = {
    app: repeatedTexts('app', rows),
    machine: texts('machine', rows),
    at: uint64Column('at', timeType, rows),
    n: uint64Column('n', 'UInt64', rows),
    kind: repeatedTexts('kind', rows),
    fact: texts('fact', rows),
  };
  const put = (fact: Fact | UnknownFact): void => {
    columns.app.put(fact.app);
    columns.machine.put(fact.machine);
    columns.at.put(fact.at);
    columns.n.put(fact.n);
    columns.kind.put(fact.kind);
    columns.fact.put(JSON.stringify(fact));
  };
  for (const { facts, unknown = [] } of batches) {
    for (const fact of facts) put(fact);
    for (const fact of unknown) put(fact);
  }
  return renderBlock(Object.values(columns), rows);
}

function renderFacts(
  batches: readonly ArrivedBatch[],
  { rowsMax, oldest }: { rowsMax: number; oldest: number },
  numberOf: NumberOf,
): { block: Uint8Array; rows: number; late: number } {
  const columns = makeColumns(rowsMax);
  let rows = 0;
  let late = 0;
  for (const { sequence, facts } of batches) {
    for (const fact of facts) {
      if (!isHistoryFact(fact)) continue;
      if (fact.at < oldest) {
        late += 1;
        continue;
      }
      rows += 1;
      columns.seq.put(sequence);
      columns.inst.put(numberOf(fact.app, fact.machine));
      putIdentity(columns, fact);
      putState(columns, fact);
      putCheckIn(columns, fact);
      putEvent(columns, fact);
      putGrant(columns, fact);
    }
  }
  return { block: renderBlock(Object.values(columns), rows), rows, late };
}

type Columns = ReturnType<typeof makeColumns>;

/** The columns of fact_in, by their names there. */
function makeColumns(rowsMax: number) {
  return {
    seq: uint64Column('seq', 'UInt64', rowsMax),
    app: repeatedTexts('app', rowsMax),
    inst: uint32s('inst', rowsMax),
    machine: texts('machine', rowsMax),
    at: uint64Column('at', timeType, rowsMax),
    n: uint64Column('n', 'UInt64', rowsMax),
    kind: int8s('kind', kindType, rowsMax),
    version: repeatedTexts('version', rowsMax),
    grp: repeatedTexts('grp', rowsMax),
    channel: repeatedTexts('channel', rowsMax),
    arch: repeatedTexts('arch', rowsMax),
    oem: repeatedTexts('oem', rowsMax),
    rollout: repeatedTexts('rollout', rowsMax),
    status: repeatedTexts('status', rowsMax),
    reason: repeatedTexts('reason', rowsMax),
    until: uint64Column('until', timeType, rowsMax),
    inputs: texts('inputs', rowsMax),
    track: repeatedTexts('track', rowsMax),
    ip: texts('ip', rowsMax),
    alias: texts('alias', rowsMax),
    oemVersion: repeatedTexts('oem_version', rowsMax),
    aleph: repeatedTexts('aleph', rowsMax),
    bootId: texts('boot_id', rowsMax),
    eventType: int32s('event_type', rowsMax),
    eventResult: int32s('event_result', rowsMax),
    errorCode: repeatedTexts('error_code', rowsMax),
    previousVersion: repeatedTexts('previous_version', rowsMax),
    toVersion: repeatedTexts('to_version', rowsMax),
    outcome: repeatedTexts('outcome', rowsMax),
    cause: texts('cause', rowsMax),
  };
}

function putIdentity(columns: Columns, fact: HistoryFact): void {
  columns.app.put(fact.app);
  columns.machine.put(fact.machine);
  columns.at.put(fact.at);
  columns.n.put(fact.n);
  columns.kind.put(kinds[fact.kind]);
}

function putState(columns: Columns, fact: HistoryFact): void {
  const told = fact.kind === 'MachineDeleted' ? nothingTold : fact;
  columns.version.put(told.version);
  columns.grp.put(told.group ?? '');
  columns.channel.put(told.channel ?? '');
  columns.arch.put(told.arch);
  columns.oem.put(told.oem);
  columns.rollout.put(told.rollout ?? '');
  // A machine that was deleted begins anew when it comes back.
  columns.status.put(fact.kind === 'MachineDeleted' ? 'unknown' : (statusOf(fact) ?? ''));
}

function putCheckIn(columns: Columns, fact: HistoryFact): void {
  const said = fact.kind === 'MachineCheckedIn' ? fact : nothingSaid;
  const { answer } = said;
  columns.reason.put(answer?.reason ?? '');
  columns.until.put(answer?.until ?? 0);
  columns.inputs.put(answer ? JSON.stringify(answer.inputs) : '');
  columns.track.put(said.track);
  columns.ip.put(said.ip);
  columns.alias.put(said.alias);
  columns.oemVersion.put(said.oemVersion);
  columns.aleph.put(said.aleph);
  columns.bootId.put(said.bootId);
}

function putEvent(columns: Columns, fact: HistoryFact): void {
  const event = fact.kind === 'EventReported' ? fact : noEvent;
  columns.eventType.put(event.type);
  columns.eventResult.put(event.result);
  columns.errorCode.put(event.errorCode);
  columns.previousVersion.put(event.previousVersion);
}

function putGrant(columns: Columns, fact: HistoryFact): void {
  columns.toVersion.put(fact.kind === 'UpdateGranted' || fact.kind === 'LeaseEnded' ? fact.toVersion : '');
  columns.outcome.put(fact.kind === 'LeaseEnded' ? fact.outcome : '');
  columns.cause.put(fact.kind === 'LeaseEnded' ? fact.cause : '');
}

const nothingTold = { version: '', group: null, channel: null, arch: '', oem: '', rollout: null };
const nothingSaid = {
  answer: undefined,
  track: '',
  ip: '',
  alias: '',
  oemVersion: '',
  aleph: '',
  bootId: '',
} satisfies Partial<MachineCheckedIn>;
const noEvent = { type: 0, result: 0, errorCode: '', previousVersion: '' };
