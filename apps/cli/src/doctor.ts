// `./platte doctor`: what was found, where, which version, and what is missing with the command that would install it.
import { resolve } from 'node:path';
import { inspectBacking, inspectConfinement } from '@platte/backing';
import pc from 'picocolors';
import { exitCodes } from './exit-codes.js';
import type { Finding } from './finding.js';
import { repositoryRoot } from './repository.js';
import { inspectProgram } from './program-health.js';
import { describePlan, toGibibytes } from './up/disk-plan.js';
import { readDiskRoom, toRefusal } from './up/disk-room.js';
import { readRunFile } from './up/run-file.js';
import { cacheDir } from './up/servers.js';

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
    ...(await inspectEngine()),
    await inspectDisk(resolve(data)),
    ...(await inspectPlatform(data)),
  ];
  for (const finding of findings) printFinding(finding);
  return findings.every(({ ok }) => ok) ? exitCodes.ok : exitCodes.failed;
}

/** People send SQL to the embedded engine: a second fence, behind what the SQL port refuses, is its process's own. */
async function inspectEngine(): Promise<Finding[]> {
  const confinement = await inspectConfinement(cacheDir());
  if (confinement === undefined) return [];
  const { kind, text } = confinement;
  const next =
    'allow namespaces (unshare, mount), or run a ClickHouse server; see docs/decisions/0018-confined-engine.md';
  return [{ name: 'SQL engine', ok: true, text, ...(kind === 'none' ? { isWarning: true, next } : {}) }];
}

/** Uses the same rule as `up`: fails where `up` would refuse to start, and prints the sizes that `up` would choose. */
async function inspectDisk(dataDir: string): Promise<Finding> {
  const { freeBytes, judgement } = await readDiskRoom(dataDir, process.env);
  if (judgement.status === 'too-little') return { name: 'disk', ok: false, text: toRefusal(dataDir, judgement.why) };
  const text = `${toGibibytes(freeBytes)} free for ${dataDir}: ${describePlan(judgement.plan)}`;
  return { name: 'disk', ok: true, text };
}

async function inspectPlatform(data: string): Promise<Finding[]> {
  const run = readRunFile(resolve(data));
  if (run === undefined)
    return [{ name: 'platform', ok: true, text: `none runs on ${data}; start one with ./platte up` }];
  const platform = {
    name: 'platform',
    ok: true,
    text: `runs on ${data} since ${run.startedAt} (process ${run.pid}): machines ${run.urls.omaha}, API ${run.urls.api}`,
  };
  const programs = Object.entries(run.programs).map(([name, { urls }]) => inspectProgram(name, urls['internal']));
  return [platform, ...(await Promise.all(programs)).flat()];
}

function printFinding({ name, ok, isWarning = false, text, next }: Finding): void {
  const mark = isWarning ? pc.yellow('WARNING') : ok ? pc.green('ok     ') : pc.red('MISSING');
  console.log(`${mark} ${name.padEnd(12)} ${text}`);
  if (next !== undefined) console.log(`        ${' '.repeat(12)} ${next}`);
}
