// Runs one command: opens its session when it asks for it, and turns what goes wrong into words and an exit code.
import { resolve } from 'node:path';
import { makeClient } from '@platte/api-contract';
import { exitCodes } from '../exit-codes.js';
import { readRunFile } from '../up/run-file.js';
import { option, type Call, type Session } from './call.js';
import { CliError } from './cli-error.js';
import type { VerbSpec } from './command-spec.js';
import { contextsPath, readContexts, warnOfOpenFile } from './contexts.js';
import { fetchPlans, isDryRunStop } from './dry-run.js';
import { describeFailure } from './failure.js';
import { makeIo, type Io } from './io.js';
import { chooseTarget } from './target.js';

interface Invocation {
  verb: VerbSpec;
  words: string;
  args: Call['args'];
  options: Record<string, unknown>;
}

/** @returns the process's exit code */
export async function invoke({ verb, words, args, options }: Invocation, io: Io = makeIo()): Promise<number> {
  let session: Session | undefined;
  const { fields = [] } = verb;
  const call: Call = { args, options, words, fields, io, notes: [], open: () => (session ??= openSession(call)) };
  try {
    const run = await verb.load();
    const exitCode = (await run(call)) ?? exitCodes.ok;
    for (const note of call.notes) io.say(note);
    return exitCode;
  } catch (error) {
    if (isDryRunStop(error)) return exitCodes.ok;
    const { text, exitCode } = describeFailure(error, session?.target);
    io.say(text);
    return exitCode;
  }
}

function openSession(call: Call): Session {
  const path = contextsPath(process.env);
  const warning = warnOfOpenFile(path);
  if (warning) call.io.say(`platte: ${warning}`);
  const target = chooseTarget({
    flags: call.options,
    env: process.env,
    contexts: readContexts(path),
    readRun: (data) => readRunFile(resolve(data)),
  });
  const connection = {
    url: target.server,
    timeoutMs: toTimeoutMs(option(call, 'timeout')),
    ...(target.token !== undefined && { token: target.token }),
    ...(call.options['dryRun'] === true && { fetch: fetchPlans(call) }),
  };
  return { client: makeClient(connection), connection, target };
}

function toTimeoutMs(text = '30'): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 3600)) throw new CliError('--timeout is a number of seconds, 1 to 3600.');
  return seconds * 1000;
}
