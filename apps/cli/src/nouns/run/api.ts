// `platte api`: any operation by its name, for what has no command of its own.
import { ApiError, getOperation, operationIds, Problem, toRequest, type OperationId } from '@platte/api-contract';
import { stringify } from 'yaml';
import { exitCodes } from '../../exit-codes.js';
import { argument, argumentsFrom, option, type Call } from '../call.js';
import { CliError } from '../cli-error.js';
import { renderTable } from '../print/table.js';
import { escapeControls } from '../print/width.js';
import { readObject } from './body.js';

export async function callApi(call: Call): Promise<void> {
  if (call.args[0] === undefined) return listOperations(call);
  const id = findOperation(argument(call, 0));
  const operation = getOperation(id);
  const given = readGiven(call, id);
  const { connection } = call.open();
  const { url, init } = toRequest(connection, operation, given);
  const response = await (connection.fetch ?? fetch)(url, {
    ...init,
    signal: AbortSignal.timeout(connection.timeoutMs ?? 30_000),
  });
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('application/problem+json')) throw new ApiError(Problem.parse(await response.json()));
  if (!type.startsWith('application/json')) return printRaw(call, response);
  const answer: unknown = await response.json();
  call.io.out(call.options['output'] === 'yaml' ? stringify(answer).trimEnd() : JSON.stringify(answer, null, 2));
}

function findOperation(name: string): OperationId {
  const id = operationIds.find((one) => one.toLowerCase() === name.toLowerCase());
  if (id === undefined)
    throw new CliError(`There is no operation ${name}: \`platte api\` lists them.`, exitCodes.notFound);
  return id;
}

/** `name=value` goes where the operation has that name: into the path, else into the query. */
function readGiven(call: Call, id: OperationId) {
  const operation = getOperation(id);
  const params = new Map<string, string>();
  const query = new Map<string, string>();
  const named = new Set(Object.keys(operation.params?.shape ?? {}));
  for (const text of argumentsFrom(call, 1)) {
    const at = text.indexOf('=');
    if (at < 1) throw new CliError(`${text} is no parameter: they are name=value.`);
    const name = text.slice(0, at);
    (named.has(name) ? params : query).set(name, text.slice(at + 1));
  }
  const missing = [...named].filter((name) => !params.has(name));
  if (missing.length > 0) throw new CliError(`${id} needs ${missing.map((name) => `${name}=…`).join(' ')}.`);
  const [file, ifMatch] = [option(call, 'file'), option(call, 'ifMatch')];
  return {
    params: Object.fromEntries(params),
    query: Object.fromEntries(query),
    ...(file !== undefined && { body: readObject(file) }),
    ...(ifMatch !== undefined && { ifMatch: Number(ifMatch) }),
  };
}

async function printRaw({ io }: Call, response: Response): Promise<void> {
  if (!response.ok) throw new CliError(`${response.url} answered ${response.status}.`, exitCodes.failed);
  const decoder = new TextDecoder();
  const { body } = response;
  if (!body) return;
  const toShown = io.isTerminal ? escapeControls : (text: string) => text;
  for await (const chunk of body) process.stdout.write(toShown(decoder.decode(chunk as Uint8Array, { stream: true })));
  io.out('');
}

function listOperations({ io }: Call): void {
  const columns = [
    { name: 'OPERATION', cell: (id: OperationId) => id },
    { name: 'METHOD', cell: (id: OperationId) => getOperation(id).method },
    { name: 'PATH', cell: (id: OperationId) => getOperation(id).path },
    { name: 'ROLE', cell: (id: OperationId) => getOperation(id).role },
    { name: 'WHAT', cell: (id: OperationId) => getOperation(id).summary },
  ];
  io.out(renderTable(operationIds, columns, { now: io.now(), width: io.width, isWide: false, bold: io.colours.bold }));
}
