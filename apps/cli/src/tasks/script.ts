import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../repository.js';

/** Runs a script of test/ (measurements, the fuzzer), built first: the wrapper builds only the programs. */
export async function runTestScript(path: string, args: string[]): Promise<number> {
  const built = await runProgram(join(repositoryRoot(), 'node_modules/.bin/tsc'), ['-b', 'test']);
  return built === 0 ? runScript(join('test/dist', path), args) : built;
}

/** Runs a script of the repository with this Node, on this terminal; resolves with its exit code. */
export function runScript(path: string, args: string[]): Promise<number> {
  return runProgram(process.execPath, [join(repositoryRoot(), path), ...args]);
}

/** Runs a program in the repository's root, on this terminal; resolves with its exit code, 1 when a signal ended it. */
function runProgram(file: string, args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: repositoryRoot(), stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
