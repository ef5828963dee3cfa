// What went wrong, for people: a problem with its detail, the fields it points at, what to do and the request id.
import { ApiError, ConnectionError, type Problem } from '@platte/api-contract';
import { exitCodes } from '../exit-codes.js';
import { CliError } from './cli-error.js';

interface Failure {
  text: string;
  exitCode: number;
}

export function describeFailure(error: unknown, server?: string): Failure {
  if (error instanceof ApiError)
    return { text: describeProblem(error.problem), exitCode: toExitCode(error.problem.status) };
  if (error instanceof ConnectionError)
    return { text: `platte: ${error.message}${describeServer(server)}`, exitCode: exitCodes.failed };
  if (error instanceof CliError) return { text: `platte: ${error.message}`, exitCode: error.exitCode };
  return { text: `platte: ${error instanceof Error ? error.message : String(error)}`, exitCode: exitCodes.failed };
}

function describeServer(server: string | undefined): string {
  return server === undefined ? '' : `\n  The server comes from ${server}; \`platte context list\` shows others.`;
}

export function describeProblem(problem: Problem): string {
  const { title, detail, errors = [], reason, uses = [], applications = [], remedy, requestId } = problem;
  const lines = [
    ...(detail !== '' && detail !== title ? [detail] : []),
    ...errors
      .filter((one) => !detail.endsWith(one.detail))
      .map((one) => (one.pointer === '' ? one.detail : `${one.pointer}: ${one.detail}`)),
    ...uses.map(({ kind, id, name }) => `used by ${kind} ${name} (${id})`),
    ...applications.map((id) => `known to application ${id}: --app ${id}`),
    ...(reason === undefined ? [] : [`reason: ${reason}`]),
    `to do: ${remedy}`,
    `request: ${requestId}`,
  ];
  return [`platte: ${title}`, ...lines.map((line) => `  ${line}`)].join('\n');
}

function toExitCode(status: number): number {
  switch (status) {
    case 401:
    case 403:
      return exitCodes.auth;
    case 404:
      return exitCodes.notFound;
    case 409:
    case 412:
    case 428:
      return exitCodes.conflict;
    case 400:
    case 413:
    case 422:
      return exitCodes.usage;
    default:
      return exitCodes.failed;
  }
}
