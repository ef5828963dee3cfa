// A PostgreSQL for one machine: TCP on loopback, passwords by SCRAM, every commit on disk before it is answered.
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askPostgres } from './ask-server.js';
import type { Guarded } from './guard.js';
import { type PostgresPrograms, resolvePostgres } from './postgres-programs.js';
import { choosePostgresUser, type ServerUser } from './postgres-user.js';
import { runCommand } from './run-command.js';
import { keepSecret } from './secrets.js';
import { type RunningServer, type StartOptions, startUntilReady, withPort } from './server.js';

const superuser = 'platte';
const database = 'platte';
/** A fast shutdown ends sessions and writes a checkpoint. */
const graceSeconds = 20;
/** initdb takes half a second; a slow disk ten. */
const initdbMsMax = 120_000;

/** Fit for a laptop beside other things; the working set of a small fleet fits in shared buffers many times over. */
const settings: Readonly<Record<string, string>> = {
  shared_buffers: '128MB',
  max_connections: '100',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  // No socket file: TCP on loopback is all that anybody uses, and a folder for it would have to be shared with root.
  unix_socket_directories: '',
  // Plans here take microseconds; compiling them takes milliseconds.
  jit: 'off',
  lc_messages: 'C',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/**
 * @returns the server once it accepts connections; `user` is a superuser, and `url` names the database `platte` that is
 * made with the data folder
 */
export async function startPostgres(options: StartOptions): Promise<RunningServer> {
  const { dataDir, host = '127.0.0.1', port = 0, say = () => {}, log = () => {} } = options;
  // Root's folder must let the unprivileged user pass, or it needs more rights.
  await mkdir(dataDir, { recursive: true, mode: 0o711 });
  const cluster = join(dataDir, 'cluster');
  const major = await majorOf(cluster);
  const programs = await resolvePostgres({ major, env: options.env });
  const runAs = await choosePostgresUser({ bin: programs.bin, cluster });
  const password = await keepSecret({ dataDir }, 'password');
  if (major === undefined) {
    say(`making a PostgreSQL ${programs.major} database in ${cluster}`);
    await initialise({ dataDir, cluster, programs, runAs, password });
  }
  return withPort({ host, port }, async (port) => {
    const server = await startServer({ dataDir, cluster, programs, runAs, host, port, log });
    const url = `postgres://${superuser}:${password}@${host}:${port}/${database}`;
    const { version, source } = programs;
    const ask = askPostgres({ host, port });
    return { ...server, ask, url, host, port, user: superuser, password, version, source };
  });
}

/** The major version that made the data folder; undefined when there is none yet. */
async function majorOf(cluster: string): Promise<number | undefined> {
  const text = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Number(text);
}

interface Cluster {
  dataDir: string;
  cluster: string;
  programs: PostgresPrograms;
  runAs: ServerUser;
}

/** Made beside its place and moved there when it is whole: a first start that is cut short leaves nothing half made. */
async function initialise({
  dataDir,
  cluster,
  programs,
  runAs,
  password,
}: Cluster & { password: string }): Promise<void> {
  const draft = join(dataDir, `draft-${randomBytes(6).toString('hex')}`);
  const passwordFile = `${draft}-password`;
  try {
    await mkdir(draft, { mode: 0o700 });
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    for (const path of runAs.owner === undefined ? [] : [draft, passwordFile]) {
      await chown(path, runAs.owner!.uid, runAs.owner!.gid);
    }
    const how = ['--auth=scram-sha-256', `--username=${superuser}`, `--pwfile=${passwordFile}`, '--encoding=UTF8'];
    const locale = ['--locale=C', '--no-instructions'];
    await runAsUser(runAs, join(programs.bin, 'initdb'), [`--pgdata=${draft}`, ...how, ...locale]);
    await runAsUser(runAs, '/bin/sh', ['-c', makeDatabase, 'make-database', join(programs.bin, 'postgres'), draft]);
    await rename(draft, cluster);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(draft, { recursive: true, force: true });
  }
}

/** In single-user mode: needs no server, no port and no driver. */
const makeDatabase = `echo 'create database ${database}' | "$1" --single -D "$2" template1`;

function runAsUser({ startAs, prefix }: ServerUser, command: string, args: readonly string[]): Promise<string> {
  const [first, ...rest] = [...prefix, command, ...args];
  return runCommand(first!, rest, { timeoutMs: initdbMsMax, cwd: '/', ...startAs });
}

interface Launch extends Cluster {
  host: string;
  port: number;
  log: (line: string) => void;
}

async function startServer({ dataDir, cluster, programs, runAs, host, port, log }: Launch): Promise<Guarded> {
  const asked = { ...settings, listen_addresses: host, port: String(port) };
  const flags = Object.entries(asked).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [command, ...args] = [...runAs.prefix, join(programs.bin, 'postgres'), '-D', cluster, ...flags];
  return startUntilReady(
    'PostgreSQL',
    { dataDir, command: command!, args, cwd: '/', ...runAs.startAs, stopSignal: 'INT', graceSeconds, log },
    (line) => /database system is ready to accept (read-only )?connections/.test(line),
  );
}
