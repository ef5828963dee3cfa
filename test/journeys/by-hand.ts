// The programs started one by one, as docs/how-to/run-the-programs-yourself.md says: its blocks are the configuration.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, findFreePort, resolveNats } from '@platte/backing';
import { isReadyMessage, type ReadyMessage } from '@platte/service';
import { repositoryRoot } from './repository.js';

const page = join(repositoryRoot(), 'docs/how-to/run-the-programs-yourself.md');

/** The block of the page that has this name behind its language. */
export function readBlock(name: string): string {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)];
  const found = blocks.find(([, title]) => title === name)?.[2];
  if (found === undefined) throw new Error(`${page} has no block named ${name}`);
  return found;
}

export interface ByHand {
  url: string;
  /** What it has logged so far. */
  output: () => string;
  stop: () => Promise<void>;
}

/** A nats-server with the page's users, whose passwords are their names. */
export async function startNatsOfPage(folder: string): Promise<ByHand> {
  const { file } = await resolveNats({ cacheDir: cacheFolder() });
  await mkdir(folder, { recursive: true });
  const port = await findFreePort('127.0.0.1');
  const config = join(folder, 'nats.conf');
  const block = readBlock('nats-server.conf').replace('/var/lib/nats', join(folder, 'jetstream'));
  await writeFile(config, `host: "127.0.0.1"\nport: ${port}\n${block}`);
  const env = { ...process.env, POLICY_PASSWORD: 'policy', INGRESS_PASSWORD: 'ingress' };
  const child = spawn(file, ['--config', config], {
    env: { ...env, ANALYTICS_PASSWORD: 'analytics', API_PASSWORD: 'api' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const output = gather(child);
  await output.has('Server is ready');
  return { url: `nats://127.0.0.1:${port}`, output: output.text, stop: () => end(child) };
}

export interface StartedProgram {
  urls: ReadyMessage['urls'];
  output: () => string;
  stop: () => Promise<void>;
}

/** @returns when it serves */
export async function startByHand(name: string, settings: Record<string, string>): Promise<StartedProgram> {
  const child = fork(join(repositoryRoot(), 'apps', name, 'dist/main.js'), [], {
    env: { PATH: process.env['PATH'], PLATTE_INTERNAL_PORT: '0', ...settings },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const output = gather(child);
  const [message] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  if (!isReadyMessage(message)) throw new Error(`${name} ended before it served:\n${output.text()}`);
  return { urls: message.urls, output: output.text, stop: () => end(child) };
}

function gather(child: ChildProcess): { text: () => string; has: (words: string) => Promise<void> } {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return {
    text: () => text,
    has: (words) =>
      new Promise((resolve, reject) => {
        const look = () => text.includes(words) && resolve();
        child.stderr?.on('data', look);
        child.once('exit', (code) => reject(new Error(`it ended with code ${code}:\n${text}`)));
        look();
      }),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
