// What the servers need on this machine: looked for (inspectBacking), and fetched where it is missing (installBacking).
import { mkdir } from 'node:fs/promises';
import { clickhouseInstallHint } from './chdb-install.js';
import { findClickhouse, resolveClickhouse } from './clickhouse-program.js';
import { messageOf } from './errors.js';
import { findNats, natsInstallHint, resolveNats } from './nats-program.js';
import { findPostgres, postgresInstallHint, resolvePostgres } from './postgres-programs.js';

export type Inspected =
  | { name: string; status: 'found'; version: string; where: string }
  /** `install` says what to run or to get. */
  | { name: string; status: 'missing'; reason: string; install: string };

export interface InstallOptions {
  cacheDir: string;
  /** Progress for people. */
  say?: ((line: string) => void) | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  /** Whether the system's package manager may install nats-server when nothing else worked. */
  mayInstallPackages?: boolean | undefined;
}

/** Gets what is missing. Needs no network when all is there. @throws one error that names all that could not be got */
export async function installBacking(options: InstallOptions): Promise<void> {
  await mkdir(options.cacheDir, { recursive: true });
  const outcomes = await Promise.allSettled([
    resolveNats(options),
    resolvePostgres(options),
    resolveClickhouse(options),
  ]);
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [messageOf(outcome.reason)] : []));
  if (failures.length > 0) throw new Error(failures.join('\n'));
}

/** Looks only, and never at the network. */
export function inspectBacking(options: Omit<InstallOptions, 'say'>): Promise<Inspected[]> {
  return Promise.all([inspectNats(options), inspectPostgres(options), inspectClickhouse(options)]);
}

const byUs = 'It is fetched at the first ./platte up. To do it yourself: ';

async function inspectNats(options: InstallOptions): Promise<Inspected> {
  const name = 'nats-server';
  const found = await findNats(options);
  if (found.status === 'found') {
    const { version, file, source } = found.program;
    return { name, status: 'found', version, where: `${file} (${source})` };
  }
  const reason = found.status === 'too-old' ? found.reason : 'neither on PATH nor in the cache';
  return { name, status: 'missing', reason, install: byUs + natsInstallHint };
}

async function inspectPostgres({ env }: InstallOptions): Promise<Inspected> {
  const name = 'PostgreSQL';
  try {
    const { version, bin } = await resolvePostgres({ env });
    return { name, status: 'found', version, where: bin };
  } catch {
    const have = await findPostgres(env);
    const reason = have.length === 0 ? 'none that runs here' : `only ${have.map(({ version }) => version).join(', ')}`;
    return { name, status: 'missing', reason, install: postgresInstallHint };
  }
}

async function inspectClickhouse({ cacheDir, env }: InstallOptions): Promise<Inspected> {
  const name = 'ClickHouse';
  const found = await findClickhouse(cacheDir, env);
  if (found === undefined) {
    const reason = 'no server on PATH, and the embedded engine is not in the cache';
    return { name, status: 'missing', reason, install: byUs + clickhouseInstallHint };
  }
  const where = found.kind === 'server' ? found.command : `${found.folder} (the embedded engine, ${found.source})`;
  return { name, status: 'found', version: found.version, where };
}
