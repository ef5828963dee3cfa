// What every server has in common: a URL, credentials, and a life that is watched.
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ask } from './ask-server.js';
import { type Guarded, type GuardOptions, type ServerExit, spawnGuarded } from './guard.js';
import { parseJson } from './json.js';
import { identify, isAlive, isProcessIdentity, type ProcessIdentity } from './process-identity.js';

export interface RunningServer {
  /** Where it listens. With credentials where drivers take them from there (PostgreSQL), else without. */
  url: string;
  user: string;
  password: string;
  host: string;
  port: number;
  version: string;
  /** Where its program came from, for people. */
  source: string;
  pid: number;
  /** Resolves when the server is gone, however it ended. */
  exited: Promise<ServerExit>;
  /** Whether it answers, not only is there. */
  ask: Ask;
  stop(): Promise<ServerExit>;
}

export interface StartOptions {
  /** This server's own folder: data, secrets, configuration. */
  dataDir: string;
  /** Where ClickHouse's passwords are kept, because people send it SQL; its own folder when nothing is said. */
  secretsDir?: string | undefined;
  /** Folders of ours above it, which another user of the server may be let through, not into. */
  passes?: readonly string[] | undefined;
  /** Where downloaded programs are kept for all checkouts of this user. */
  cacheDir: string;
  /** Loopback unless somebody knows better. */
  host?: string | undefined;
  /** 0, the default, takes a free one. */
  port?: number | undefined;
  /** Whose PATH is searched for installed programs. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Each line that the server writes. */
  log?: ((line: string) => void) | undefined;
  /** Progress for people: what takes long, and why. */
  say?: ((line: string) => void) | undefined;
}

export class ServerFailed extends Error {
  readonly lastLines: readonly string[];
  constructor(what: string, { code, lastLines }: ServerExit) {
    const words = lastLines.length === 0 ? 'It wrote nothing.' : `Its last lines:\n  ${lastLines.join('\n  ')}`;
    super(`${what} ended with code ${code} before it was ready. ${words}`);
    this.name = 'ServerFailed';
    this.lastLines = lastLines;
  }
}

/** A server that is slower than this hangs: the slowest seen is a PostgreSQL that recovers after a crash. */
const readyMsMax = 60_000;

/**
 * Starts a server and waits for its word that it is ready. What ran on the same data before is gone first.
 * @param isReady sees each line the server writes
 * @throws ServerFailed when it ends before
 */
export async function startUntilReady(
  what: string,
  options: GuardOptions & { dataDir: string },
  isReady: (line: string) => boolean,
): Promise<Guarded> {
  await outlivePredecessor(what, options);
  const ready = Promise.withResolvers<void>();
  const log = (line: string): void => {
    options.log(line);
    if (isReady(line)) ready.resolve();
  };
  const server = await spawnGuarded({ ...options, log });
  await writeFile(join(options.dataDir, pidFile), JSON.stringify(identify(server.pid)), { mode: 0o600 });
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`${what} was not ready after ${readyMsMax / 1000} s`)),
    readyMsMax,
  );
  try {
    await Promise.race([ready.promise, late.promise, server.exited.then((exit) => failed(what, exit))]);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function failed(what: string, exit: ServerExit): never {
  throw new ServerFailed(what, exit);
}

const pidFile = 'server.json';

/**
 * After a crash of its owner a server may still be stopping under its guard, and not every server locks its data. One that
 * is still there after the grace has lost its guard, and is killed: two servers on the same data lose it.
 */
async function outlivePredecessor(
  what: string,
  { dataDir, graceSeconds, log }: GuardOptions & { dataDir: string },
): Promise<void> {
  const predecessor = await readPredecessor(dataDir);
  if (predecessor === undefined || !isAlive(predecessor)) return;
  log(`waiting for the previous ${what} (pid ${predecessor.pid}) to stop`);
  if (await isGoneWithin(predecessor, (graceSeconds + 1) * 1000)) return;
  process.kill(predecessor.pid, 'SIGKILL');
  if (!(await isGoneWithin(predecessor, 5000)))
    throw new Error(`the previous ${what} (pid ${predecessor.pid}) does not stop`);
}

async function readPredecessor(dataDir: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(join(dataDir, pidFile), 'utf8').catch(() => '');
  return parseJson(text, isProcessIdentity);
}

async function isGoneWithin(process: ProcessIdentity, limitMs: number): Promise<boolean> {
  const end = Date.now() + limitMs;
  while (isAlive(process)) {
    if (Date.now() > end) return false;
    await sleep(20);
  }
  return true;
}

/** A port may be taken between the look and the server's bind: that many looks, when any port is welcome. */
const portAttempts = 5;

/** Runs `start` with the asked port, or with free ones until one holds. */
export async function withPort<T>(
  { host, port }: { host: string; port: number },
  start: (port: number) => Promise<T>,
): Promise<T> {
  if (port !== 0) return start(port);
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await findFreePort(host));
    } catch (error) {
      if (attempt === portAttempts || !isPortTaken(error)) throw error;
    }
  }
}

function isPortTaken(error: unknown): boolean {
  return error instanceof ServerFailed && error.lastLines.some((line) => /address already in use/i.test(line));
}

export function findFreePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, host, () => {
      const address = probe.address();
      probe.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject()));
    });
  });
}
