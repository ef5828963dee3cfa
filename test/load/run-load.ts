// The two ends of a load measurement, each a process of its own: the client (load-client.ts) and the baseline (raw-http.ts).
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { endChild, forkChild, nextMessage } from './children.js';
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
  stop(): Promise<void>;
}

/** node:http that reads the body and sends a constant answer. */
export async function startRawServer(): Promise<RawServer> {
  const child = forkChild(join(import.meta.dirname, 'raw-http.js'));
  const { port } = (await nextMessage(child)) as { port: number };
  return { port, stop: () => endChild(child) };
}
