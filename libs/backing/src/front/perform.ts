// Runs one query and sends what comes of it.
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { Answer } from './answer.js';
import { spool } from './body.js';
import { ClickhouseError } from './clickhouse-error.js';
import { type Engine, type EngineSummary, quote, type Work } from './engine.js';
import { fallbackFormat, isReaderFormat, isStreamable } from './formats.js';
import type { Query } from './query.js';
import type { QueryRequest } from './request.js';
import { assertReaderMay, isSystemDatabase } from './reader-rules.js';
import { assertAlone, toReaderStatement } from './statement-rules.js';
import { readSyntaxTree } from './syntax-tree.js';
import { settingsFor, type User } from './users.js';

export interface Job {
  engine: Engine;
  user: User;
  asked: QueryRequest;
  /** A GET changes nothing, whoever asks. */
  readOnly: boolean;
  query: Query;
  answer: Answer;
  signal: AbortSignal;
}

export async function perform(job: Job): Promise<void> {
  const { query } = job;
  if (query.kind === 'insert') return insert(job, query);
  assertAlone(query.sql);
  if (query.statement.kind === 'empty') throw new ClickhouseError(62, 'SYNTAX_ERROR', 'Empty query');
  const format = query.statement.format ?? job.asked.defaultFormat ?? fallbackFormat;
  const leavesTraces = query.statement.kind !== 'read';
  const asWritten = toWork(job, { sql: query.sql, format, parameters: query.parameters, leavesTraces });
  const work = job.user.access === 'read-only' ? toReaderWork(job, query, asWritten) : asWritten;
  if (query.statement.kind === 'read') return read(job, work, query.statement.isQuery);
  const { bytes, summary } = await job.engine.run(work, 'write');
  job.answer.end(bytes, format, { ...noRows, ...summary });
}

/** First the words, then what the engine makes of them; the programs' statements pay for neither. */
function toReaderWork({ engine, user: { name } }: Job, query: Extract<Query, { kind: 'text' }>, work: Work): Work {
  const context = { user: name, engineFunctions: engine.functionNames };
  if (isSystemDatabase(work.database ?? '')) {
    const what = `${name}: Not enough privileges to choose the database ${work.database}. Name its tables in full`;
    throw new ClickhouseError(497, 'ACCESS_DENIED', what);
  }
  if (!isReaderFormat(work.format)) {
    throw new ClickhouseError(497, 'ACCESS_DENIED', `${name}: Not enough privileges to use the format ${work.format}`);
  }
  return {
    ...work,
    sql: toReaderStatement(name, query.sql, query.statement),
    inspect: (tree) => assertReaderMay(readSyntaxTree(tree), context),
  };
}

const noRows = { readRows: 0, readBytes: 0, writtenRows: 0, writtenBytes: 0 };

async function read({ engine, answer, asked, user }: Job, work: Work, isQuery: boolean): Promise<void> {
  const isReader = user.access === 'read-only';
  const lane = isReader ? 'people' : 'read';
  // chdb analyses a statement that it streams on our event loop, and a scalar subquery runs while it is analysed: only
  // programs stream. A reader's result is small enough to be made whole.
  const wantsWhole = isReader || asked.waitForEnd || asked.settings.has('result_overflow_mode');
  if (isQuery && isStreamable(work.format) && !wantsWhole) {
    await engine.stream(work, lane, (piece) => answer.write(piece, work.format));
    return answer.finish(work.format);
  }
  const { bytes, summary } = await engine.run(work, lane);
  answer.end(bytes, work.format, { ...noRows, ...summary });
}

async function insert(job: Job, { statement, head, rest }: Extract<Query, { kind: 'insert' }>): Promise<void> {
  const { target, settings, format } = statement;
  if (job.user.access === 'read-only' || job.readOnly) throw readOnlyMode(job.user.name);
  assertAlone(`${target} ${settings}`);
  const file = `insert-${randomBytes(8).toString('hex')}`;
  try {
    const bytes = await spool(file, head, rest);
    const sql = `${target} from infile ${quote(file)} compression 'none' ${settings} format ${format}`;
    const work = toWork(job, { sql, format: fallbackFormat, parameters: job.asked.parameters, leavesTraces: false });
    const { summary } = await job.engine.run(work, 'write');
    job.answer.end(new Uint8Array(0), format, {
      ...toWritten(summary),
      writtenBytes: summary.readBytes === 0 ? bytes : summary.readBytes,
    });
  } finally {
    await rm(file, { force: true });
  }
}

/** What the engine read from the file is what it wrote to the table. */
function toWritten({ readRows, readBytes, elapsedSeconds }: EngineSummary) {
  return { readRows, readBytes, writtenRows: readRows, elapsedSeconds };
}

function toWork(
  { asked, user, readOnly, signal }: Job,
  statement: { sql: string; format: string; parameters: Map<string, string>; leavesTraces: boolean },
): Work {
  const settings = settingsFor(user, asked.settings);
  // 2 lets the request still set what it sets; only reading is left.
  const withMode = readOnly && user.access === 'full' ? new Map([...settings, ['readonly', '2']]) : settings;
  return { ...statement, queryId: asked.queryId, database: asked.database, settings: withMode, signal };
}

function readOnlyMode(name: string): ClickhouseError {
  return new ClickhouseError(164, 'READONLY', `${name}: Cannot execute query in readonly mode`);
}
