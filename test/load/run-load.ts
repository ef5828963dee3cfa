// The two ends of a load measurement, each a process of its own: the client (load-client.ts) and the baseline (raw-http.ts).
import { type ChildProcess, execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { firstMessage, forkChild } from './children.js';
import type { LoadOptions, LoadResult } from './load-client.js';

const run = promisify(execFile);

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { stdout } = await run(process.execPath, [
    join(import.meta.dirname, 'load-client.js'),
    JSON.stringify(options),
  ]);
  return JSON.parse(stdout) as LoadResult;
}

export interface RawServer {
  port: number;
  process: ChildProcess;
  stop(): void;
}

/** node:http that reads the body and sends a constant answer. */
export async function startRawServer(): Promise<RawServer> {
  const child = forkChild(join(import.meta.dirname, 'raw-http.js'));
  const { port } = (await firstMessage(child)) as { port: number };
  return { port, process: child, stop: () => child.disconnect() };
}
