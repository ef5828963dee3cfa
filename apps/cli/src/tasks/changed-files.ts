// Which files a change touches, for CI. Git knows, given the revision that the change began from:
//
//   PLATTE_TEST_BASE   that revision, where somebody knows it: the commit before a push, the target of a pull request
//   else               where this branch left origin/main; a branch that is origin/main itself has no beginning to find
//
// Unknown is an answer: a shallow clone has no history, and a clone of main no base. All kinds of test run then.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type Changed = { status: 'known'; base: string; files: string[] } | { status: 'unknown'; reason: string };

export async function readChangedFiles(root: string, env: NodeJS.ProcessEnv = process.env): Promise<Changed> {
  const given = env['PLATTE_TEST_BASE'] ?? '';
  const git = async (...args: string[]): Promise<string> => (await run('git', args, { cwd: root })).stdout.trim();
  try {
    const base = await git('merge-base', given === '' ? 'origin/main' : given, 'HEAD');
    if (given === '' && base === (await git('rev-parse', 'HEAD')))
      return { status: 'unknown', reason: 'this is origin/main, and PLATTE_TEST_BASE is not set' };
    const lists = await Promise.all([
      git('diff', '--name-only', '--no-renames', base),
      git('ls-files', '--others', '--exclude-standard'),
    ]);
    const files = lists.flatMap((list) => list.split('\n')).filter((file) => file !== '');
    return { status: 'known', base: base.slice(0, 12), files };
  } catch (error) {
    return { status: 'unknown', reason: firstLine(error) };
  }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return text.trim().split('\n')[0] ?? '';
}
