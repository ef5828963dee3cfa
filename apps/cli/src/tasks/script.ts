import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../repository.js';

/** Runs a script of the repository with this Node, on this terminal; resolves with its exit code. */
export function runScript(path: string, args: string[], env: Record<string, string> = {}): Promise<number> {
  return runProgram(process.execPath, [join(repositoryRoot(), path), ...args], env);
}

/** Runs a program in the repository's root, on this terminal; resolves with its exit code, 1 when a signal ended it. */
export function runProgram(file: string, args: string[], env: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: repositoryRoot(), stdio: 'inherit', env: { ...process.env, ...env } });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
