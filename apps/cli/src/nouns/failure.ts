// What went wrong, for people: a problem with its detail, the fields it points at, what to do and the request id.
import { hideCredentials } from '@platte/service/hide-credentials';
import { ApiError, ConnectionError, type Problem } from '@platte/api-contract';
import { withoutHidden } from '@platte/rollout';
import { exitCodes } from '../exit-codes.js';
import { CliError } from './cli-error.js';
import type { Target } from './target.js';

interface Failure {
  text: string;
  exitCode: number;
}

type Asked = Pick<Target, 'server' | 'token' | 'tokenFrom' | 'from'>;

/** Without credentials of URLs: an error of a driver or of `fetch` has the URL that it was given. */
export function describeFailure(error: unknown, asked?: Asked): Failure {
  const { text, exitCode } = describeAsIs(error, asked);
  return { text: hideCredentials(text), exitCode };
}

function describeAsIs(error: unknown, asked?: Asked): Failure {
  if (error instanceof ApiError)
    return { text: describeProblem(error.problem, asked), exitCode: toExitCode(error.problem.status) };
  if (error instanceof ConnectionError)
    return { text: `platte: ${error.message}${describeServer(asked?.from)}`, exitCode: exitCodes.failed };
  if (error instanceof CliError) return { text: `platte: ${error.message}`, exitCode: error.exitCode };
  return { text: `platte: ${error instanceof Error ? error.message : String(error)}`, exitCode: exitCodes.failed };
}

function describeServer(server: string | undefined): string {
  return server === undefined ? '' : `\n  The server comes from ${server}; \`platte context list\` shows others.`;
}

export function describeProblem(problem: Problem, asked?: Asked): string {
  const { title, detail, errors = [], reason, uses = [], applications = [], requestId } = problem;
  const remedy = problem.status === 401 && asked ? describeSignIn(asked) : problem.remedy;
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
  return [`platte: ${title}`, ...lines.map((line) => `  ${withoutHidden(line)}`)].join('\n');
}

/** What the API says is for whoever writes a client; a person has `login`. */
function describeSignIn({ server, token, tokenFrom, from }: Asked): string {
  if (tokenFrom !== undefined)
    return `the token comes from ${tokenFrom}: give one that is neither expired nor revoked.`;
  if (from.startsWith('the platform')) return 'the platform may have been started anew: run the command again.';
  const context = /^context (.+)$/.exec(from)?.[1];
  const words = context === undefined ? `platte login --server ${server}` : `platte login --context ${context}`;
  return `sign in${token === undefined ? '' : ' again'}: \`${words}\`, or with a token: \`${words} --token\`.`;
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
