// `./platte check`: everything that can be said of the code without running it. Every rule is an error or absent.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { exitCodes } from '../exit-codes.js';
import { repositoryRoot } from '../repository.js';

interface Step {
  name: string;
  command: string[];
  /** What to run to mend it, or to see more. */
  mend: string;
}

const places = ['apps', 'libs', 'tools', 'test'];
const bin = (name: string) => join('node_modules', '.bin', name);

const steps: Step[] = [
  { name: 'format', command: [bin('oxfmt'), '--check', ...places], mend: './platte check --fix' },
  { name: 'types', command: [bin('tsc'), '-b'], mend: 'node_modules/.bin/tsc -b' },
  {
    name: 'lint',
    command: [bin('oxlint'), '--type-aware', ...places],
    mend: 'node_modules/.bin/oxlint --type-aware --fix apps libs',
  },
  {
    name: 'boundaries',
    command: [bin('depcruise'), '--config', '.dependency-cruiser.cjs', 'apps', 'libs'],
    mend: 'docs/architecture.md says who may import whom',
  },
  { name: 'unused code', command: [bin('knip')], mend: 'delete what nothing uses' },
  {
    name: 'lock',
    command: [process.execPath, 'tools/check-lock.ts'],
    mend: 'pin a release whose whole platform set is served',
  },
  {
    name: 'openapi',
    command: [process.execPath, 'tools/lint-openapi.ts'],
    mend: 'libs/api-contract describes the operations; npx vitest run --project unit libs/api-contract -u writes the document',
  },
  { name: 'tidy', command: [process.execPath, 'tools/tidy.ts'], mend: 'tools/tidy.ts says each rule and its reason' },
];

/** Runs all steps, also after a failure: one look shows everything that is wrong. */
export async function runChecks({ fix }: { fix: boolean }): Promise<number> {
  if (fix) await run([bin('oxfmt'), ...places]);
  const failed: Step[] = [];
  for (const step of steps) {
    const begun = Date.now();
    const { code, output } = await run(step.command);
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${step.name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
    if (code === 0) continue;
    failed.push(step);
    console.log(output.trimEnd());
  }
  for (const step of failed) console.log(`${step.name}: ${step.mend}`);
  return failed.length === 0 ? exitCodes.ok : exitCodes.failed;
}

function run([file, ...args]: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(file!, args, { cwd: repositoryRoot(), stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() }));
  });
}
