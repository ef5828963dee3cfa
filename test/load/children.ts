// The processes that a bench starts: one that ends unasked ends the bench with a word, because nobody would ever answer those who
// wait for it; and none is left when the bench ends, however it ends.
import { type ChildProcess, fork, type ForkOptions } from 'node:child_process';
import { once } from 'node:events';

/** Those that nobody has asked to end. */
const alive = new Set<ChildProcess>();
const fallen: string[] = [];
process.on('exit', () => alive.forEach((child) => child.kill('SIGTERM')));

export function forkChild(file: string, args: string[] = [], options: ForkOptions = {}): ChildProcess {
  const child = fork(file, args, options);
  alive.add(child);
  child.once('exit', (code, signal) => {
    if (alive.delete(child)) fallen.push(`${nameOf(child)} ended while it was needed: ${signal ?? `code ${code}`}`);
  });
  return child;
}

/** For those who wait for something that a child does without being asked. @throws when one has ended unasked */
export function assertNoneFell(): void {
  if (fallen.length > 0) throw new Error(fallen.join('; '));
}

/**
 * What the child says next; to be asked for at once, because what is said before is lost.
 *
 * @throws when it ends without a word
 */
export async function nextMessage(child: ChildProcess): Promise<unknown> {
  const heard = new AbortController();
  const ended = once(child, 'exit', { signal: heard.signal }).then(([code, signal]) => {
    throw new Error(`${nameOf(child)} ended without a word: ${signal ?? `code ${code}`}`);
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
  alive.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** The programs' files are all called main.js: `policy/dist/main.js`. */
function nameOf(child: ChildProcess): string {
  const file = child.spawnargs.slice(1).find((argument) => argument.endsWith('.js'));
  return (file ?? '').split('/').slice(-3).join('/');
}
