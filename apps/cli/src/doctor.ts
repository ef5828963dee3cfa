// `./platte doctor`: what was found, where, which version, and what is missing with the command that would install it.
import { statfsSync } from 'node:fs';
import { resolve } from 'node:path';
import { inspectBacking } from '@platte/backing';
import pc from 'picocolors';
import { exitCodes } from './exit-codes.js';
import { repositoryRoot } from './repository.js';
import { readRunFile } from './up/run-file.js';
import { cacheDir } from './up/servers.js';

interface Finding {
  name: string;
  ok: boolean;
  text: string;
  /** What to run or get when it is not well. */
  next?: string;
}

/** Under this much free space a log fills while nobody looks: a day of a large fleet's facts. */
const freeBytesMin = 5 * 1024 ** 3;

/** @returns 0 when all is well, 1 when something is missing */
export async function doctor({ data }: { data: string }): Promise<number> {
  const backing = await inspectBacking({ cacheDir: cacheDir() });
  const findings: Finding[] = [
    { name: 'Node', ok: true, text: `${process.versions.node} at ${process.execPath}` },
    { name: 'checkout', ok: true, text: repositoryRoot() },
    { name: 'cache', ok: true, text: cacheDir() },
    ...backing.map((inspected): Finding => {
      const { name } = inspected;
      return inspected.status === 'found'
        ? { name, ok: true, text: `${inspected.version} at ${inspected.where}` }
        : { name, ok: false, text: `missing: ${inspected.reason}`, next: inspected.install };
    }),
    inspectDisk(),
    inspectPlatform(data),
  ];
  for (const finding of findings) printFinding(finding);
  return findings.every(({ ok }) => ok) ? exitCodes.ok : exitCodes.failed;
}

function inspectDisk(): Finding {
  const { bavail, bsize } = statfsSync(process.cwd());
  const free = bavail * bsize;
  const ok = free > freeBytesMin;
  const text = `${(free / 1024 ** 3).toFixed(1)} GiB free here`;
  return ok
    ? { name: 'disk', ok, text }
    : { name: 'disk', ok, text, next: 'free some space, or name another folder with --data' };
}

function inspectPlatform(data: string): Finding {
  const run = readRunFile(resolve(data));
  if (run === undefined)
    return { name: 'platform', ok: true, text: `none runs on ${data}; start one with ./platte up` };
  return {
    name: 'platform',
    ok: true,
    text: `runs on ${data} since ${run.startedAt} (process ${run.pid}): machines ${run.urls.omaha}, API ${run.urls.api}`,
  };
}

function printFinding({ name, ok, text, next }: Finding): void {
  console.log(`${ok ? pc.green('ok     ') : pc.red('MISSING')} ${name.padEnd(12)} ${text}`);
  if (next !== undefined) console.log(`        ${' '.repeat(12)} ${next}`);
}
