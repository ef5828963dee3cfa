// ClickHouse's engine as a library. It is half a gigabyte and not served for every platform by every registry, so it is no
// dependency of the workspace (its lock would fail there) but is installed once into the cache.
import { randomBytes } from 'node:crypto';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from './errors.js';
import { runCommand } from './run-command.js';

export const chdbVersion = '3.4.0';
/** The ClickHouse whose engine that is. */
export const chdbClickhouse = '26.7';

export const clickhouseInstallHint =
  'Install ClickHouse (https://clickhouse.com/docs/install) and put `clickhouse` on PATH: a real server is used instead.';

const engines: Readonly<Record<string, string>> = {
  'linux-x64': '@chdb/lib-linux-x64-gnu',
  'linux-arm64': '@chdb/lib-linux-arm64-gnu',
  'darwin-x64': '@chdb/lib-darwin-x64',
  'darwin-arm64': '@chdb/lib-darwin-arm64',
};

/** 150 MB compressed on a line of 200 kB/s. */
const installMsMax = 900_000;
const progressMs = 15_000;

export function chdbFolder(cacheDir: string): string {
  return join(cacheDir, `chdb-${chdbVersion}`);
}

export async function isChdbInstalled(cacheDir: string): Promise<boolean> {
  const engine = engines[`${process.platform}-${process.arch}`];
  if (engine === undefined) return false;
  const modules = join(chdbFolder(cacheDir), 'node_modules');
  return (await exists(join(modules, 'chdb', 'index.js'))) && (await exists(join(modules, engine, 'libchdb.so')));
}

/** @throws what to do instead when it is not served for this platform */
export async function installChdb(cacheDir: string, say: (line: string) => void): Promise<void> {
  if (await isChdbInstalled(cacheDir)) return;
  const draft = join(cacheDir, `chdb-draft-${randomBytes(6).toString('hex')}`);
  await mkdir(draft, { recursive: true });
  say(`getting ClickHouse's engine, chdb ${chdbVersion}, from npm (once; 550 MB on disk)`);
  const begun = Date.now();
  const progress = setInterval(() => say(`still getting it: ${Math.round((Date.now() - begun) / 1000)} s`), progressMs);
  try {
    await npmInstall(draft);
    await rm(chdbFolder(cacheDir), { recursive: true, force: true });
    await rename(draft, chdbFolder(cacheDir));
  } finally {
    clearInterval(progress);
    await rm(draft, { recursive: true, force: true });
  }
  if (!(await isChdbInstalled(cacheDir))) {
    throw new Error(
      `The npm registry serves no chdb ${chdbVersion} for ${process.platform}-${process.arch}. ${clickhouseInstallHint}`,
    );
  }
}

/** Its install script does nothing (the engine is a package of its own), so that none is run. */
async function npmInstall(folder: string): Promise<void> {
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const what = ['--include=optional', '--omit=peer', '--prefix', folder, `chdb@${chdbVersion}`];
  try {
    await runCommand('npm', ['install', ...quiet, ...what], { timeoutMs: installMsMax });
  } catch (error) {
    throw new Error(`chdb could not be installed: ${messageOf(error)}. ${clickhouseInstallHint}`, {
      cause: error,
    });
  }
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
