// `platte sql`: one statement against ClickHouse's HTTP interface, as the read-only user of the context or of run.json.
import { stringify } from 'yaml';
import { exitCodes } from '../../exit-codes.js';
import { argument, option, type Call } from '../call.js';
import { CliError } from '../cli-error.js';
import { renderTable } from '../print/table.js';
import { readText } from './body.js';

interface Result {
  meta: { name: string; type: string }[];
  data: Record<string, unknown>[];
}

export async function runSql(call: Call): Promise<void> {
  const given = argument(call, 0);
  const query = given === '-' ? readText('-') : given;
  switch (call.options['output']) {
    case 'csv':
      return call.io.out((await ask(call, query, 'CSVWithNames')).trimEnd());
    case 'tsv':
      return call.io.out((await ask(call, query, 'TabSeparatedWithNames')).trimEnd());
    default:
      return printResult(call, JSON.parse(await ask(call, query, 'JSON')) as Result);
  }
}

async function ask(call: Call, query: string, format: string): Promise<string> {
  const sql = findSql(call);
  const database = option(call, 'database') ?? sql.database;
  const url = `${sql.url.replace(/\/$/, '')}/?${new URLSearchParams({ database, default_format: format }).toString()}`;
  const authorization = `Basic ${Buffer.from(`${sql.user}:${sql.password}`).toString('base64')}`;
  const timeoutMs = Number(option(call, 'timeout') ?? 30) * 1000;
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { authorization },
      body: query,
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (cause) {
    throw new CliError(`No answer from ${sql.url}: ${toCause(cause)}`, exitCodes.failed);
  }
  const text = await response.text();
  if (response.ok) return text;
  // The engine's first line says what is wrong; what follows is for its authors.
  throw new CliError(text.split('\n')[0] || `the engine answered ${response.status}`, toExitCode(response.status));
}

const toExitCode = (status: number): number =>
  status === 401 || status === 403 ? exitCodes.auth : status < 500 ? exitCodes.usage : exitCodes.failed;

function toCause(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return inner instanceof Error ? inner.message : String(inner);
}

function findSql(call: Call) {
  const { target } = call.open();
  if (target.sql) return target.sql;
  throw new CliError(
    `${target.from} does not say where the SQL port is. A context keeps it: ` +
      '`platte context set NAME --sql-url URL --sql-user USER --sql-password-file FILE`.',
  );
}

function printResult({ io, options }: Call, { meta, data }: Result): void {
  if (options['output'] === 'json') return io.out(JSON.stringify(data, null, 2));
  if (options['output'] === 'yaml') return io.out(stringify(data).trimEnd());
  const columns = meta.map(({ name, type }) => ({
    name,
    cell: (row: Record<string, unknown>) => toCell(row[name]),
    ...(/^(Nullable\()?(U?Int|Float|Decimal)/.test(type) && { align: 'right' as const }),
  }));
  if (data.length === 0) return io.say('No rows.');
  io.out(renderTable(data, columns, { now: io.now(), width: io.width, isWide: true, bold: io.colours.bold }));
}

function toCell(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
