// Facts become rows. The archive goes first: what is in the tables that answer questions is in the archive too, whenever
// this dies. All of it may be repeated, in other batches and in any order: every table keeps a fact once, by its identity.
//
// Rows are made as messages arrive, so that no fact is held decoded until its batch is written: held, the facts of a batch were
// most of what the garbage collector had to copy.
//
// Facts of tests are archived only, so that no question can count them and none has to leave them out.
import {
  type CatalogFact,
  encodeFact,
  type EventReported,
  type Fact,
  isCounted,
  type LeaseEnded,
  type MachineCheckedIn,
  type UnknownFact,
  type UpdateGranted,
  type WrittenFact,
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
  /** Each fact with its text, which the archive takes; without it they are written again. */
  written?: readonly WrittenFact[] | undefined;
}

/** A machine's dense number, known for every machine that `machinesOf` names. */
export type NumberOf = (app: string, machine: string) => number;

interface Machine {
  app: string;
  machine: string;
}

/** Machines' numbers where they are not all known. */
export interface Numbering {
  known: (app: string, machine: string) => number | undefined;
  of: (machines: readonly Machine[]) => Promise<NumberOf>;
}

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

/** Rows that are made and not yet written. */
export interface FactRows {
  /** @throws Error when a fact has not the shape of its kind: then nothing of the message is kept here. */
  put: (batch: ArrivedBatch) => void;
  /** May be repeated, also after a failure. @returns how many facts of machines were too late to become rows */
  write: (history: History, numbering: Pick<Numbering, 'of'>) => Promise<{ late: number }>;
}

/** @param known the number of a machine; those that it does not know are asked for when the rows are written */
export function makeFactRows(known: Numbering['known'], { archive, oldest = 0 }: WriteOptions): FactRows {
  const archived = archive ? makeArchiveRows() : undefined;
  const columns = makeColumns();
  const unnumbered: (Machine & { row: number })[] = [];
  let rows = 0;
  let late = 0;

  function putFact(sequence: number, fact: HistoryFact): void {
    columns.seq.put(sequence);
    const number = known(fact.app, fact.machine);
    if (number === undefined) unnumbered.push({ app: fact.app, machine: fact.machine, row: rows });
    columns.inst.put(number ?? 0);
    putIdentity(columns, fact);
    putState(columns, fact);
    putCheckIn(columns, fact);
    putEvent(columns, fact);
    putGrant(columns, fact);
    rows += 1;
  }
  function putAll({ sequence, facts }: ArrivedBatch): void {
    for (const fact of facts) {
      if (!isHistoryFact(fact)) continue;
      if (fact.at < oldest) late += 1;
      else putFact(sequence, fact);
    }
  }

  return {
    put(batch) {
      const before = { rows, late, archived: archived?.rows() };
      try {
        archived?.put(batch);
        putAll(batch);
      } catch (cause) {
        ({ rows, late } = before);
        for (const column of Object.values(columns)) column.cut(rows);
        while ((unnumbered.at(-1)?.row ?? -1) >= rows) unnumbered.pop();
        if (before.archived !== undefined) archived?.cut(before.archived);
        throw new Error('a fact has not the shape of its kind', { cause });
      }
    },
    async write(history, numbering) {
      if (unnumbered.length > 0) {
        const numberOf = await numbering.of(unnumbered);
        for (const { app, machine, row } of unnumbered) columns.inst.set(row, numberOf(app, machine));
      }
      if (archived !== undefined && archived.rows() > 0) await history.insert(insertArchive, archived.toBlock());
      if (rows > 0) await history.insert(insertFacts, renderBlock(Object.values(columns), rows));
      return { late };
    },
  };
}

/**
 * Of machines that are all known.
 *
 * @returns how many facts of machines were too late to become rows
 */
export function writeFacts(
  history: History,
  batches: readonly ArrivedBatch[],
  numberOf: NumberOf,
  options: WriteOptions = { archive: true },
): Promise<{ late: number }> {
  const rows = makeFactRows(numberOf, options);
  for (const batch of batches) rows.put(batch);
  return rows.write(history, { of: () => Promise.resolve(numberOf) });
}

/** Machines that need a number before their facts can be written, with repetitions. */
export function machinesOf(batches: readonly ArrivedBatch[]): Machine[] {
  return batches.flatMap(({ facts }) => facts.filter(isHistoryFact));
}

function isHistoryFact(fact: Fact): fact is HistoryFact {
  return fact.kind in kinds && fact.machine !== '' && isCounted(fact);
}

function makeArchiveRows() {
  const columns = {
    app: repeatedTexts('app'),
    machine: texts('machine'),
    at: uint64Column('at', timeType),
    n: uint64Column('n', 'UInt64'),
    kind: repeatedTexts('kind'),
    fact: texts('fact'),
  };
  let rows = 0;
  function putIdentity(fact: Fact | UnknownFact): void {
    columns.app.put(fact.app);
    columns.machine.put(fact.machine);
    columns.at.put(fact.at);
    columns.n.put(fact.n);
    columns.kind.put(fact.kind);
    rows += 1;
  }
  function putAgain(fact: Fact | UnknownFact): void {
    columns.fact.put(encodeFact(fact));
    putIdentity(fact);
  }
  return {
    rows: () => rows,
    put({ facts, unknown = [], written }: ArrivedBatch): void {
      for (const { fact, text } of written ?? []) {
        columns.fact.putWritten(text);
        putIdentity(fact);
      }
      if (written !== undefined) return;
      facts.forEach(putAgain);
      unknown.forEach(putAgain);
    },
    cut(kept: number): void {
      rows = kept;
      for (const column of Object.values(columns)) column.cut(kept);
    },
    toBlock: () => renderBlock(Object.values(columns), rows),
  };
}

type Columns = ReturnType<typeof makeColumns>;

/** The columns of fact_in, by their names there. */
function makeColumns() {
  return {
    seq: uint64Column('seq', 'UInt64'),
    app: repeatedTexts('app'),
    inst: uint32s('inst'),
    machine: texts('machine'),
    at: uint64Column('at', timeType),
    n: uint64Column('n', 'UInt64'),
    kind: int8s('kind', kindType),
    version: repeatedTexts('version'),
    grp: repeatedTexts('grp'),
    channel: repeatedTexts('channel'),
    arch: repeatedTexts('arch'),
    oem: repeatedTexts('oem'),
    rollout: repeatedTexts('rollout'),
    status: repeatedTexts('status'),
    reason: repeatedTexts('reason'),
    until: uint64Column('until', timeType),
    inputs: texts('inputs'),
    track: repeatedTexts('track'),
    ip: texts('ip'),
    alias: texts('alias'),
    oemVersion: repeatedTexts('oem_version'),
    aleph: repeatedTexts('aleph'),
    bootId: texts('boot_id'),
    eventType: int32s('event_type'),
    eventResult: int32s('event_result'),
    errorCode: repeatedTexts('error_code'),
    previousVersion: repeatedTexts('previous_version'),
    toVersion: repeatedTexts('to_version'),
    outcome: repeatedTexts('outcome'),
    cause: texts('cause'),
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
