// Runs a program to its end, for at most so long: a network that refuses must cost seconds, not minutes.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

export interface CommandOptions {
  timeoutMs: number;
  cwd?: string | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
}

/** Enough for the last words of npm, pip, go and initdb. */
const outputBytesMax = 16 * 1024 * 1024;

/** @throws with the end of what it wrote when it fails or takes too long */
export function runCommand(command: string, args: readonly string[], options: CommandOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      command,
      [...args],
      {
        cwd: options.cwd,
        env: options.env ?? process.env,
        ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.gid }),
        timeout: options.timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: outputBytesMax,
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(sayFailure(command, error, `${stdout}\n${stderr}`, options.timeoutMs)));
      },
    );
  });
}

function sayFailure(
  command: string,
  error: Error & { killed?: boolean; code?: unknown },
  output: string,
  timeoutMs: number,
): string {
  if (error.code === 'ENOENT') return `${command} is not installed`;
  const words = output.trim().split('\n').slice(-3).join('; ').slice(-400);
  const how = error.killed === true ? `took longer than ${timeoutMs / 1000} s` : `failed`;
  return words === '' ? `${command} ${how}` : `${command} ${how}: ${words}`;
}

/** Where the shell would find it; undefined when it would not. */
export async function findOnPath(command: string, env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
  for (const folder of folders) {
    const file = join(folder, command);
    if (await isExecutable(file)) return file;
  }
  return undefined;
}

export async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
