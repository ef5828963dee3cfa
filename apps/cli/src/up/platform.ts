// A platform that runs on this machine: its servers, its programs, and run.json, which is kept true as they come and go.
import { join } from 'node:path';
import type { RunningServer } from '@platte/backing';
import type { ReadyMessage } from '@platte/service';
import type { DiskPlan } from './disk-plan.js';
import { refuseExamplePackages } from './example-packages.js';
import { keepAdminToken } from './admin-token.js';
import type { Ports } from './ports.js';
import { lastWords, type ProgramSpec, type RunningProgram, startProgram } from './program.js';
import { programSpecs } from './program-specs.js';
import { removeRunFile, type RunFile, writeRunFile } from './run-file.js';
import type { Secrets } from './secrets.js';
import { type Servers, startServers, stopServers } from './servers.js';

export interface PlatformOptions {
  dataDir: string;
  secrets: Secrets;
  ports: Ports;
  /** How much of the disk what may take. */
  plan: DiskPlan;
  /** Where machines reach the Omaha port. */
  host: string;
  /** Whether a first start makes example packages; without it the platform refuses to serve while there are some. */
  examples: boolean;
  verbose: boolean;
  say: (line: string) => void;
  /** Resolves when a person wants it to end: also while it starts. */
  stopping: Promise<void>;
}

/** The start was interrupted by a person; everything was stopped again. */
export class Interrupted extends Error {}

export interface Platform {
  run: RunFile;
  stop(): Promise<void>;
}

/** Starts everything; when something fails for good, stops what had started and throws why. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { dataDir, say } = options;
  const programs: RunningProgram[] = [];
  const run = emptyRun(options.secrets);
  const write = makeWriter(dataDir, run, say);
  const servers = await startServers({
    dataDir,
    sqlPort: options.ports.sql,
    plan: options.plan,
    say,
    onRestart: (name, server) => {
      noteServer(run, name, server);
      void write();
    },
  });
  for (const [name, server] of Object.entries(servers)) noteServer(run, name, server.now);
  run.sql = { ...servers.clickhouse.now.reader, database: 'platte' };

  async function stop(): Promise<void> {
    say('stopping: programs drain first');
    await stopPrograms(programs);
    await stopServers(servers);
    await removeRunFile(dataDir);
    say('stopped');
  }

  try {
    const { adminToken } = await keepAdminToken({ ...options, postgresUrl: servers.postgres.now.url });
    run.token = adminToken;
    await startPrograms(
      { ...options, secrets: { ...options.secrets, adminToken } },
      servers,
      programs,
      (message, pid) => {
        noteProgram(run, message, pid);
        void write();
      },
      run,
    );
    await write();
    return { run, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const sayWhyMs = 10_000;

type OnServing = (message: ReadyMessage, pid: number) => void;

/** policy and analytics make their tables, so they come first; ingress comes last: it is what machines see. */
async function startPrograms(
  options: PlatformOptions,
  servers: Servers,
  programs: RunningProgram[],
  onServing: OnServing,
  run: RunFile,
): Promise<void> {
  const { dataDir, say, verbose } = options;
  const specs = programSpecs({ ...options, servers });
  const start = (spec: ProgramSpec): Promise<ReadyMessage> => {
    const logFile = join(dataDir, 'logs', `${spec.name}.log`);
    const program = startProgram(spec, { logFile, say, verbose, onServing });
    programs.push(program);
    return whileSaying(program.ready, () => say(`${spec.name} still starts: ${lastWords(logFile)}`));
  };
  const interrupted = options.stopping.then(() => Promise.reject(new Interrupted('interrupted while starting')));
  say('starting policy, analytics and api');
  await Promise.race([Promise.all([start(specs.policy), start(specs.analytics), start(specs.api)]), interrupted]);
  if (!options.examples) await refuseExamplePackages(run);
  say('starting ingress');
  await Promise.race([start(specs.ingress), interrupted]);
}

/** A start that takes long says why, every few seconds. */
async function whileSaying<T>(ready: Promise<T>, sayWhy: () => void): Promise<T> {
  const timer = setInterval(sayWhy, sayWhyMs);
  try {
    return await ready;
  } finally {
    clearInterval(timer);
  }
}

/** Machines first, then who serves people, then who works behind them. */
async function stopPrograms(programs: RunningProgram[]): Promise<void> {
  for (const name of ['ingress', 'api', 'policy', 'analytics']) {
    await programs.find((program) => program.name === name)?.stop();
  }
}

function emptyRun(secrets: Secrets): RunFile {
  return {
    pid: process.pid,
    startedAt: new Date().toISOString(),
    urls: { omaha: '', api: '', sql: '' },
    token: secrets.adminToken,
    sql: { user: '', password: '', database: '' },
    programs: {},
    servers: {},
  };
}

function noteServer(run: RunFile, name: string, { pid, url, user, password }: RunningServer): void {
  run.servers[name] = { pid, url, user, password };
  if (name === 'clickhouse') run.urls.sql = url;
}

/** Also after a program was started again, with another pid and other internal ports. */
function noteProgram(run: RunFile, { program, urls }: ReadyMessage, pid: number): void {
  run.programs[program] = { pid, urls };
  run.urls.omaha = urls['omaha'] ?? run.urls.omaha;
  run.urls.api = urls['api'] ?? run.urls.api;
}

/** One write after the other, each with the newest state. */
function makeWriter(dataDir: string, run: RunFile, say: (line: string) => void): () => Promise<void> {
  let writing = Promise.resolve();
  return () => {
    writing = writing
      .then(() => writeRunFile(dataDir, run))
      .catch((error: unknown) => say(`run.json could not be written: ${String(error)}`));
    return writing;
  };
}
