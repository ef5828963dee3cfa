// Facts become rows. The archive goes first: what is in the tables that answer questions is in the archive too, whenever
// this dies. All of it may be repeated, in other batches and in any order: every table keeps a fact once, by its identity.
import type {
  CatalogFact,
  EventReported,
  Fact,
  LeaseEnded,
  MachineCheckedIn,
  UnknownFact,
  UpdateGranted,
} from '@platte/facts';
import { statusOf } from '@platte/fleet';
import type { History } from './connection.js';
import { RowBinary } from './row-binary.js';

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
}

/** A fact of a machine, as the history keeps it. */
type HistoryFact = MachineCheckedIn | EventReported | UpdateGranted | LeaseEnded | MachineDeleted;
type MachineDeleted = CatalogFact & { kind: 'MachineDeleted' };

const kinds = { MachineCheckedIn: 1, EventReported: 2, UpdateGranted: 3, LeaseEnded: 4, MachineDeleted: 5 } as const;

const insertFacts = `
insert into fact_in (seq, app, inst, machine, at, n, kind, version, grp, channel, arch, oem, rollout, status, reason, until,
  inputs, track, ip, alias, oem_version, aleph, boot_id, event_type, event_result, error_code, previous_version,
  to_version, outcome, cause) format RowBinary`;
const insertArchive = 'insert into fact_archive (app, machine, at, n, kind, fact) format RowBinary';

/** A check-in's row with its texts. */
const rowBytesHint = 320;

export async function writeFacts(
  history: History,
  batches: readonly ArrivedBatch[],
  numberOf: NumberOf,
  { archive }: WriteOptions = { archive: true },
): Promise<void> {
  if (archive) await insertRows(history, insertArchive, renderArchive(batches));
  await insertRows(history, insertFacts, renderFacts(batches, numberOf));
}

/** Machines that need a number before their facts can be written, with repetitions. */
export function machinesOf(batches: readonly ArrivedBatch[]): { app: string; machine: string }[] {
  return batches.flatMap(({ facts }) => facts.filter(isHistoryFact));
}

async function insertRows(history: History, statement: string, rows: RowBinary): Promise<void> {
  if (rows.byteLength > 0) await history.insert(statement, rows.rows);
}

function renderArchive(batches: readonly ArrivedBatch[]): RowBinary {
  const rows = new RowBinary(countFacts(batches) * rowBytesHint * 2);
  for (const { facts, unknown = [] } of batches) {
    for (const fact of [...facts, ...unknown]) {
      rows.string(fact.app);
      rows.string(fact.machine);
      rows.uint64(fact.at);
      rows.uint64(fact.n);
      rows.string(fact.kind);
      rows.string(JSON.stringify(fact));
    }
  }
  return rows;
}

function renderFacts(batches: readonly ArrivedBatch[], numberOf: NumberOf): RowBinary {
  const rows = new RowBinary(countFacts(batches) * rowBytesHint);
  for (const { sequence, facts } of batches) {
    for (const fact of facts) {
      if (isHistoryFact(fact)) renderFact(rows, sequence, fact, numberOf(fact.app, fact.machine));
    }
  }
  return rows;
}

function countFacts(batches: readonly ArrivedBatch[]): number {
  return batches.reduce((sum, { facts }) => sum + facts.length, 0);
}

function isHistoryFact(fact: Fact): fact is HistoryFact {
  return fact.kind in kinds && fact.machine !== '';
}

function renderFact(rows: RowBinary, seq: number, fact: HistoryFact, inst: number): void {
  rows.uint64(seq);
  rows.string(fact.app);
  rows.uint32(inst);
  rows.string(fact.machine);
  rows.uint64(fact.at);
  rows.uint64(fact.n);
  rows.int8(kinds[fact.kind]);
  if (fact.kind === 'MachineDeleted') return renderDeletion(rows);
  rows.string(fact.version);
  rows.string(fact.group ?? '');
  rows.string(fact.channel ?? '');
  rows.string(fact.arch);
  rows.string(fact.oem);
  rows.string(fact.rollout ?? '');
  rows.string(statusOf(fact) ?? '');
  renderCheckIn(rows, fact);
  renderEvent(rows, fact);
  renderGrant(rows, fact);
}

/** A deletion brings the status `unknown`: who comes back begins anew. */
function renderDeletion(rows: RowBinary): void {
  for (let field = 0; field < 6; field++) rows.string('');
  rows.string('unknown');
  renderNoCheckIn(rows, '');
  renderNoEvent(rows);
  renderNoGrant(rows);
}

function renderCheckIn(rows: RowBinary, fact: Exclude<HistoryFact, MachineDeleted>): void {
  if (fact.kind !== 'MachineCheckedIn') return renderNoCheckIn(rows, fact.kind === 'EventReported' ? fact.bootId : '');
  rows.string(fact.answer?.reason ?? '');
  rows.uint64(fact.answer?.until ?? 0);
  rows.string(fact.answer ? JSON.stringify(fact.answer.inputs) : '');
  rows.string(fact.track);
  rows.string(fact.ip);
  rows.string(fact.alias);
  rows.string(fact.oemVersion);
  rows.string(fact.aleph);
  rows.string(fact.bootId);
}

function renderNoCheckIn(rows: RowBinary, bootId: string): void {
  rows.string('');
  rows.uint64(0);
  for (let field = 0; field < 6; field++) rows.string('');
  rows.string(bootId);
}

function renderEvent(rows: RowBinary, fact: Exclude<HistoryFact, MachineDeleted>): void {
  if (fact.kind !== 'EventReported') return renderNoEvent(rows);
  rows.int32(fact.type);
  rows.int32(fact.result);
  rows.string(fact.errorCode);
  rows.string(fact.previousVersion);
}

function renderNoEvent(rows: RowBinary): void {
  rows.int32(0);
  rows.int32(0);
  rows.string('');
  rows.string('');
}

function renderGrant(rows: RowBinary, fact: Exclude<HistoryFact, MachineDeleted>): void {
  if (fact.kind !== 'UpdateGranted' && fact.kind !== 'LeaseEnded') return renderNoGrant(rows);
  rows.string(fact.toVersion);
  rows.string(fact.kind === 'LeaseEnded' ? fact.outcome : '');
  rows.string(fact.kind === 'LeaseEnded' ? fact.cause : '');
}

function renderNoGrant(rows: RowBinary): void {
  for (let field = 0; field < 3; field++) rows.string('');
}
