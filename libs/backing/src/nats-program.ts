// Where nats-server comes from: installed, in the cache, or fetched once into the cache. Ways to fetch are tried in order,
// each only for seconds where a network refuses it; a program that was fetched is used by every later start.
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from './errors.js';
import { type FetchWay, type FetchWayName, fetchNatsBy } from './nats-fetch.js';
import { natsArchiveVersion, natsFloor, natsGoVersion, natsWheelVersion } from './nats-releases.js';
import { findOnPath, isExecutable, runCommand } from './run-command.js';
import { isAtLeast, parseVersion } from './versions.js';

export interface Program {
  file: string;
  version: string;
  /** For people: `PATH`, or which fetch brought it. */
  source: string;
}

export interface ResolveOptions {
  cacheDir: string;
  env?: NodeJS.ProcessEnv | undefined;
  say?: ((line: string) => void) | undefined;
  /** Whether the system's package manager may install software. */
  mayInstallPackages?: boolean | undefined;
  /** Only these ways to fetch, for a machine whose network is known; all, when undefined. */
  onlyFetchBy?: readonly FetchWayName[] | undefined;
}

export const natsInstallHint =
  'Install nats-server 2.10 or newer (https://github.com/nats-io/nats-server/releases) and put it on PATH.';

/** A program that does not tell its version in that time is not a nats-server. */
const versionMsMax = 10_000;

/** @throws one error that says what to install when no way works */
export async function resolveNats(options: ResolveOptions): Promise<Program> {
  const here = await findNats(options);
  if (here.status === 'found') return here.program;
  const failures = here.status === 'too-old' ? [here.reason] : [];
  for (const way of fetchNatsBy) {
    if (!isAllowed(way, options)) continue;
    options.say?.(`getting nats-server: ${way.name}`);
    try {
      return await fetchInto(options, way);
    } catch (error) {
      failures.push(`${way.name}: ${messageOf(error)}`);
    }
  }
  throw new Error(`No nats-server.\n${failures.map((line) => `  ${line}`).join('\n')}\n${natsInstallHint}`);
}

function isAllowed(way: FetchWay, { onlyFetchBy, mayInstallPackages }: ResolveOptions): boolean {
  if (onlyFetchBy !== undefined && !onlyFetchBy.includes(way.name)) return false;
  return !way.needsPermission || mayInstallPackages === true;
}

export type Found =
  | { status: 'found'; program: Program }
  | { status: 'too-old'; reason: string }
  | { status: 'missing' };

/** Looks only: on PATH, then in the cache. An installed one that is too old is passed over, and said. */
export async function findNats({ cacheDir, env, say }: ResolveOptions): Promise<Found> {
  let tooOld: string | undefined;
  const onPath = await findOnPath('nats-server', env);
  if (onPath !== undefined) {
    const version = await natsVersionOf(onPath);
    if (isNewEnough(version)) return { status: 'found', program: { file: onPath, version, source: 'PATH' } };
    tooOld = `${onPath} is ${version}, and nats-server 2.10 is the oldest that works`;
    say?.(tooOld);
  }
  for (const version of [natsGoVersion, natsWheelVersion, natsArchiveVersion]) {
    const file = cachedNats(cacheDir, version);
    if (await isExecutable(file)) return { status: 'found', program: { file, version, source: 'cache' } };
  }
  return tooOld === undefined ? { status: 'missing' } : { status: 'too-old', reason: tooOld };
}

function cachedNats(cacheDir: string, version: string): string {
  return join(cacheDir, `nats-${version}`, 'nats-server');
}

/** Fetched beside its place and moved there when it has shown that it runs: a cut fetch leaves no broken cache. */
async function fetchInto(options: ResolveOptions, way: FetchWay): Promise<Program> {
  const draft = join(options.cacheDir, `nats-draft-${randomBytes(6).toString('hex')}`);
  await mkdir(draft, { recursive: true });
  try {
    const fetched = await way.fetch({ folder: draft, env: options.env ?? process.env });
    const version = await natsVersionOf(fetched.file);
    if (!isNewEnough(version)) throw new Error(`it brought ${version}, and 2.10 is the oldest that works`);
    if (fetched.status === 'installed') return { file: fetched.file, version, source: way.name };
    const file = cachedNats(options.cacheDir, version);
    await mkdir(join(file, '..'), { recursive: true });
    await rename(fetched.file, file);
    return { file, version, source: way.name };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function natsVersionOf(file: string): Promise<string> {
  const version = parseVersion(await runCommand(file, ['--version'], { timeoutMs: versionMsMax }));
  if (version === undefined) throw new Error(`${file} --version tells no version`);
  return version.join('.');
}

function isNewEnough(version: string): boolean {
  return isAtLeast(parseVersion(version) ?? [], natsFloor);
}
