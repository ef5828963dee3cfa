import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, vi } from 'vitest';
import { openSpool } from '@platte/fact-log';
import { withTemporaryFolder } from './fixture.js';

/** Node runs TypeScript as it is; only the `.js` of our imports must be read as `.ts`. */
const readTypeScript = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({ resolve: (name, context, next) =>
    next(name.startsWith('.') && context.parentURL?.endsWith('.ts') ? name.replace(/\\.js$/, '.ts') : name, context) });
`)}`;

interface Child {
  process: ChildProcess;
  safe: string[];
  refused: string[];
}

/** `limit` is a line of shell before the child: what its files may be. */
function startChild(folder: string, { bodyBytes = 1000, limit = '' } = {}): Child {
  const command = `${limit} exec "$@"`;
  const script = join(import.meta.dirname, 'spool-child.ts');
  const args = ['--conditions=@platte/source', '--import', readTypeScript, script, folder, String(bodyBytes)];
  const child = spawn('/bin/sh', ['-c', command, 'sh', process.execPath, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const started: Child = { process: child, safe: [], refused: [] };
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [word, id = ''] = line.split(' ');
    (word === 'safe' ? started.safe : started.refused).push(id);
  });
  return started;
}

async function killChild({ process: child }: Child): Promise<void> {
  const gone = once(child, 'close');
  child.kill('SIGKILL');
  await gone;
}

async function readIds(folder: string): Promise<Set<string>> {
  const spool = await openSpool({ folder, bytesMax: 1_000_000_000 });
  const ids = new Set<string>();
  for (let segment = await spool.readOldest(); segment !== undefined; segment = await spool.readOldest()) {
    for (const { id } of segment.records) ids.add(id);
    await spool.removeOldest(segment);
  }
  await spool.close();
  return ids;
}

describe('a spool whose process dies', () => {
  it('holds every record that was called safe, over several kills', async () => {
    await withTemporaryFolder(async (folder) => {
      const safe: string[] = [];
      for (let round = 0; round < 3; round++) {
        const child = startChild(folder);
        await vi.waitFor(() => expect(child.safe.length).toBeGreaterThan(500), { timeout: 20_000 });
        await killChild(child);
        safe.push(...child.safe);
      }
      const found = await readIds(folder);
      expect(safe.filter((id) => !found.has(id))).toEqual([]);
    });
  });

  it('says so when the disk refuses, loses nothing that was called safe, and goes on when it can', async () => {
    await withTemporaryFolder(async (folder) => {
      // In blocks of 512 bytes: no file may grow beyond 50 kB, as if the disk were full.
      const child = startChild(folder, { bodyBytes: 5000, limit: "trap '' XFSZ; ulimit -f 100;" });
      await vi.waitFor(() => expect(Math.min(child.safe.length, child.refused.length)).toBeGreaterThan(50), {
        timeout: 20_000,
      });
      await killChild(child);
      const found = await readIds(folder);
      expect(child.safe.filter((id) => !found.has(id))).toEqual([]);
      expect(child.refused.filter((id) => found.has(id))).toEqual([]);
    });
  });
});
