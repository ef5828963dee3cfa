// Another process of one of the platform's programs, on the platform's own servers: what a second replica is in a cluster.
// It ends with the test process, should that be killed.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectNats, type NatsConnection } from '@platte/fact-log';
import { isReadyMessage } from '@platte/service';
import type { Platform } from './platform.js';
import { repositoryRoot } from './repository.js';

export interface Replica {
  pid: number;
  urls: Record<string, string>;
  /** As `kill -9` does. */
  kill(): Promise<void>;
  /** As SIGTERM does. */
  stop(): Promise<void>;
}

let started = 0;

export async function startReplica(
  platform: Platform,
  program: 'ingress' | 'policy',
  env: Record<string, string> = {},
): Promise<Replica> {
  const child = fork(join(repositoryRoot(), 'apps', program, 'dist/main.js'), [], {
    // Not the flags that the test itself runs with.
    execArgv: [],
    env: { ...process.env, ...(await programEnv(platform, program)), ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [message] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  if (!isReadyMessage(message)) throw new Error(`${program} ended before it served: ${String(message)}`);
  return { pid: child.pid!, urls: message.urls, kill: () => end(child, 'SIGKILL'), stop: () => end(child, 'SIGTERM') };
}

async function programEnv(platform: Platform, program: string): Promise<Record<string, string>> {
  const { servers } = await platform.run();
  return {
    PLATTE_NATS_URL: servers['nats']!.url,
    ...(await natsLogin(platform)),
    PLATTE_POSTGRES_URL: servers['postgres']!.url,
    PLATTE_DATA_DIR: join(platform.dataDir, `${program}-replica-${++started}`),
    PLATTE_PORT: '0',
    PLATTE_INTERNAL_PORT: '0',
    PLATTE_LOG_LEVEL: 'silent',
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

async function natsLogin({ dataDir }: Platform): Promise<{ PLATTE_NATS_USER: string; PLATTE_NATS_PASSWORD: string }> {
  const password = await readFile(join(dataDir, 'nats/password'), 'utf8');
  return { PLATTE_NATS_USER: 'platte', PLATTE_NATS_PASSWORD: password.trim() };
}

/** A connection to the platform's NATS. */
export async function openNats(platform: Platform): Promise<NatsConnection> {
  const { servers } = await platform.run();
  const { PLATTE_NATS_USER: user, PLATTE_NATS_PASSWORD: password } = await natsLogin(platform);
  return connectNats({ url: servers['nats']!.url, user, password, name: 'journey', say: () => {} });
}
