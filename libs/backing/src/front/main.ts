// The process of the embedded engine: one owner of one data folder, listening on one port. It is told by a file, because
// a list of processes shows arguments to everybody; it says `ready` and its URL on standard output.
import { writeSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRecord, parseJson } from '../json.js';
import { openEngine } from './engine.js';
import { makeFront } from './front.js';
import type { User } from './users.js';

export interface FrontConfig {
  engineFolder: string;
  dataDir: string;
  host: string;
  port: number;
  users: User[];
  /** Texts by name, in the engine's folder when it starts: `config.xml` is its configuration. */
  engineFiles?: Record<string, string> | undefined;
}

/** Open answers may take that long after the signal to stop. */
const closeMsMax = 5000;

// The history is its owner's alone.
process.umask(0o077);
process.on('uncaughtException', endNow);
process.on('unhandledRejection', endNow);

const config = readConfig(await readFile(process.argv[2] ?? '', 'utf8'));
const spool = join(config.dataDir, 'spool');
await mkdir(spool, { recursive: true, mode: 0o700 });
// What a crash left; the folder itself may be mounted.
for (const name of await readdir(spool)) await rm(join(spool, name), { recursive: true, force: true });
// The names of spooled files are given to the engine without a folder: a folder's name could hold what SQL or a glob means.
process.chdir(spool);
for (const [name, text] of Object.entries(config.engineFiles ?? {})) await writeFile(name, text);
const engine = await openEngine({ engineFolder: config.engineFolder, dataDir: join(config.dataDir, 'engine') });
const server = makeFront(engine, config.users, (line) => console.error(line));

function readConfig(text: string): FrontConfig {
  const config = parseJson(text, isConfig);
  if (config === undefined) throw new Error('the argument must name a configuration file as startClickhouse writes it');
  return config;
}

function isConfig(value: unknown): value is FrontConfig {
  if (!isRecord(value)) return false;
  const texts = [value['engineFolder'], value['dataDir'], value['host']];
  return (
    texts.every((text) => typeof text === 'string') &&
    typeof value['port'] === 'number' &&
    Array.isArray(value['users'])
  );
}

/**
 * After an error that nobody caught, this process is ended by the system, not by `process.exit`: that would wait for the engine's
 * threads, which may wait for us, and the port would stay open with nobody behind it. The engine's files survive any end.
 */
function endNow(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  try {
    writeSync(process.stderr.fd, `an error that nobody caught: the engine ends: ${text}\n`);
  } finally {
    process.kill(process.pid, 'SIGKILL');
  }
}

async function stop(): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.race([closed, sleep(closeMsMax, undefined, { ref: false })]);
  server.closeAllConnections();
  await engine.close();
  process.exit(0);
}

process.once('SIGTERM', () => void stop());
// Ctrl-C is for whoever started us; it stops us when its programs are done.
process.on('SIGINT', () => {});
server.once('error', endNow);
server.listen(config.port, config.host, () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  console.log(`ready http://${config.host}:${port} version ${engine.version}`);
});
