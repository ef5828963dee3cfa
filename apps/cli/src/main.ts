// `platte`: the command line.
import { CommanderError } from 'commander';
import { exitCodes } from './exit-codes.js';
import { makeProgram } from './program.js';

// The wrapper sets it for us. What we start (programs, tests that measure coverage) starts as it would anywhere.
delete process.env['NODE_COMPILE_CACHE'];

// `platte … | head` closes our output early: that is the reader's right, and no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  throw error;
});

try {
  await makeProgram().parseAsync();
} catch (error) {
  process.exitCode = await toExitCode(error);
}

async function toExitCode(error: unknown): Promise<number> {
  // Commander has said it already; its own code for help and version is 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const { hideCredentials } = await import('@platte/service/hide-credentials');
  console.error(hideCredentials(`platte: ${error instanceof Error ? error.message : String(error)}`));
  return exitCodes.failed;
}
