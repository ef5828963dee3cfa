// The servers behind the platform on one machine, kept alive: nats-server, PostgreSQL and ClickHouse or its embedded
// engine. One that dies, or no longer answers, is started again on the same port and the same data, so that no program has to
// be told.
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  installBacking,
  lockDataFolder,
  type RunningServer,
  type ServerExit,
  startClickhouse,
  startNats,
  type StartOptions,
  startPostgres,
} from '@platte/backing';
import { appendLog } from './append-log.js';
import { type DiskPlan, toStoreBytes } from './disk-plan.js';
import { watchFullDisk } from './watch-full-disk.js';
import { watchLiveness } from './watch-liveness.js';

type Start<S extends RunningServer> = (options: StartOptions) => Promise<S>;

/** A server that may have had several lives; `now` is the last one that served. */
export interface KeptServer<S extends RunningServer = RunningServer> {
  now: S;
  stop(): Promise<void>;
}

export interface Servers {
  nats: KeptServer;
  postgres: KeptServer;
  clickhouse: KeptServer<Awaited<ReturnType<typeof startClickhouse>>>;
}

/** A server that dies at once, again and again, needs a person: its log says why. */
const restartPauseMs = 1000;

/** Outside every checkout, so that a second clone finds it; the wrapper says where. */
export function cacheDir(): string {
  return process.env['PLATTE_CACHE_DIR'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'platte');
}

/** Gets what is missing; needs no network when all is there. */
export async function installServers(say: (line: string) => void): Promise<void> {
  await installBacking({ cacheDir: cacheDir(), say });
}

/**
 * @returns what gives the folder back
 * @throws when another `up` has it: says which process and since when
 */
export const holdDataFolder = lockDataFolder;

interface Options {
  dataDir: string;
  sqlPort: number;
  plan: DiskPlan;
  say: (line: string) => void;
  onRestart: (name: string, server: RunningServer) => void;
}

export async function startServers(options: Options): Promise<Servers> {
  await installServers(options.say);
  options.say('starting nats-server, PostgreSQL and ClickHouse');
  const started: KeptServer[] = [];
  const keep = async <S extends RunningServer>(name: string, start: Start<S>, port: number): Promise<KeptServer<S>> => {
    const server = await keepServer(name, start, port, options);
    started.push(server);
    return server;
  };
  // All are awaited also when one fails, so that none is left behind half started.
  const results = await Promise.allSettled([
    keep('nats', (start) => startNats({ ...start, fileStoreBytesMax: toStoreBytes(options.plan) }), 0),
    keep('postgres', startPostgres, 0),
    keep('clickhouse', startClickhouse, options.sqlPort),
  ]);
  const [nats, postgres, clickhouse] = results;
  if (nats.status === 'fulfilled' && postgres.status === 'fulfilled' && clickhouse.status === 'fulfilled') {
    return { nats: nats.value, postgres: postgres.value, clickhouse: clickhouse.value };
  }
  await Promise.all(started.map((server) => server.stop()));
  throw results.find((result) => result.status === 'rejected')?.reason;
}

/** Programs are gone by now: the order among servers does not matter. */
export async function stopServers({ nats, postgres, clickhouse }: Servers): Promise<void> {
  await Promise.all([nats.stop(), postgres.stop(), clickhouse.stop()]);
}

/** Exported for its tests. */
export async function keepServer<S extends RunningServer>(
  name: string,
  start: Start<S>,
  port: number,
  { dataDir, say, onRestart }: Omit<Options, 'sqlPort' | 'plan'>,
): Promise<KeptServer<S>> {
  const logFile = join(dataDir, 'logs', `${name}.log`);
  const write = appendLog(logFile);
  const fullDisk =
    name === 'nats' ? watchFullDisk({ folder: dataDir, say, restart: () => kept.now.stop() }) : undefined;
  const log = (line: string): void => {
    write(line);
    fullDisk?.note(line);
  };
  const secretsDir = join(dataDir, 'secrets', name);
  const options = { dataDir: join(dataDir, name), secretsDir, passes: [dataDir], cacheDir: cacheDir(), log, say };
  const first = await start({ ...options, port });
  const kept = { now: first };
  let stopping = false;

  async function keepAlive(): Promise<void> {
    for (;;) {
      const exit = await outlive(kept.now);
      if (stopping) return;
      say(`${name} ended (code ${exit.code}); starting it again. Its log: ${logFile}`);
      kept.now = await startAgain();
      onRestart(name, kept.now);
    }
  }

  /** Until it has ended, by itself or because it no longer answered. */
  async function outlive(server: S): Promise<ServerExit> {
    const ended = new AbortController();
    const onSilent = (why: string): void => {
      if (stopping) return;
      say(`${name} does not answer (${why}): ending it. Its log: ${logFile}`);
      process.kill(server.pid, 'SIGKILL');
    };
    void watchLiveness({ ask: server.ask, onSilent, signal: ended.signal });
    const exit = await server.exited;
    ended.abort();
    return exit;
  }

  async function startAgain(): Promise<S> {
    let said = '';
    for (;;) {
      try {
        return await start({ ...options, port: first.port });
      } catch (error) {
        if (stopping) throw error;
        const why = error instanceof Error ? error.message : String(error);
        if (why !== said) say(`${name} does not start: ${why}`);
        said = why;
        await new Promise<void>((resolve) => setTimeout(() => resolve(), restartPauseMs));
      }
    }
  }

  const keeping = keepAlive().catch(() => {});
  return {
    get now() {
      return kept.now;
    },
    async stop() {
      stopping = true;
      fullDisk?.stop();
      await kept.now.stop();
      await keeping;
    },
  };
}
