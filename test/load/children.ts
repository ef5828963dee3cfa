// The processes that a bench starts: one that ends before it is ready ends the bench with a word, and none is left when the bench ends,
// however it ends.
import { type ChildProcess, fork, type ForkOptions } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';

const alive = new Set<ChildProcess>();
process.on('exit', () => alive.forEach((child) => child.kill('SIGTERM')));

export function forkChild(file: string, args: string[] = [], options: ForkOptions = {}): ChildProcess {
  const child = fork(file, args, options);
  alive.add(child);
  child.once('exit', () => alive.delete(child));
  return child;
}

/**
 * What the child says first; to be asked for at once, because what is said before is lost.
 *
 * @throws when it ends without a word
 */
export async function firstMessage(child: ChildProcess): Promise<unknown> {
  const heard = new AbortController();
  const ended = once(child, 'exit', { signal: heard.signal }).then(([code, signal]) => {
    const name = child.spawnargs.slice(1).find((argument) => argument.endsWith('.js'));
    throw new Error(`${basename(name ?? '')} ended before it was ready: ${signal ?? `code ${code}`}`);
  });
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal: heard.signal }), ended])) as [unknown];
    return message;
  } finally {
    ended.catch(() => {});
    heard.abort();
  }
}

export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
