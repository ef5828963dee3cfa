// ClickHouse on one machine: HTTP on loopback, a user for the programs and a read-only one for people.
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { askHttp } from './ask-server.js';
import { findClickhouse, resolveClickhouse, type ClickhouseProgram } from './clickhouse-program.js';
import { renderServerConfig, renderUsersConfig } from './clickhouse-server-config.js';
import { chooseConfinement, type Confinement, confinedEnv, giveTo, packageOf } from './confinement.js';
import type { FrontConfig } from './front/main.js';
import { digestOf, type User } from './front/users.js';
import { nodeProgram } from './node-program.js';
import { keepSecret } from './secrets.js';
import { findFreePort, type RunningServer, type StartOptions, startUntilReady, withPort } from './server.js';

export interface RunningClickhouse extends RunningServer {
  /** May only read, and only so much in one query. */
  reader: { user: string; password: string };
  /** How the embedded engine is kept from files that are not its own; a real server keeps itself. */
  confinement?: Pick<Confinement, 'kind' | 'text'> | undefined;
}

export interface ClickhouseOptions extends StartOptions {
  /** Configuration of the embedded engine, by file name, `config.xml` first: tests show it a cluster. */
  engineFiles?: Record<string, string> | undefined;
}

/** Merges that run are ended, parts in memory written. */
const graceSeconds = 20;
/** Reads, inserts and files each take a thread of the pool while they run; 4, the default, would queue behind one panel. */
const frontThreads = '16';

/** @returns the server once it answers */
export async function startClickhouse(options: ClickhouseOptions): Promise<RunningClickhouse> {
  const program = await resolveClickhouse(options);
  const { dataDir } = options;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await assertSameKind(dataDir, program);
  const password = await keepSecret(options, 'password');
  const readerPassword = await keepSecret(options, 'reader-password');
  const users: User[] = [
    { name: 'platte', passwordDigest: digestOf(password), access: 'full' },
    { name: 'reader', passwordDigest: digestOf(readerPassword), access: 'read-only' },
  ];
  const started =
    program.kind === 'embedded'
      ? await startFront(program, users, options)
      : await startServer(program, users, options);
  return {
    ...started,
    ask: askHttp(`${started.url}/ping`),
    user: 'platte',
    password,
    source: program.source,
    reader: { user: 'reader', password: readerPassword },
  };
}

type Started = Omit<RunningServer, 'user' | 'password' | 'source' | 'ask'> & Pick<RunningClickhouse, 'confinement'>;

/** The two keep their data alike but not the same: one does not open what the other made. */
async function assertSameKind(dataDir: string, program: ClickhouseProgram): Promise<void> {
  const [own, other] = program.kind === 'embedded' ? ['engine', 'server'] : ['server', 'engine'];
  if (!(await exists(join(dataDir, other))) || (await exists(join(dataDir, own)))) return;
  const wanted =
    other === 'server'
      ? 'a ClickHouse server, which is not on PATH now'
      : 'the embedded engine, and PATH has a ClickHouse server now';
  throw new Error(`${dataDir} was made by ${wanted}. Change PATH, or choose another folder.`);
}

async function startFront(
  { folder }: Extract<ClickhouseProgram, { kind: 'embedded' }>,
  users: User[],
  {
    dataDir,
    host = '127.0.0.1',
    port = 0,
    log = () => {},
    say = () => {},
    passes = [],
    engineFiles,
  }: ClickhouseOptions,
): Promise<Started> {
  const config: FrontConfig = { engineFolder: folder, dataDir, host, port, users, engineFiles };
  const file = join(dataDir, 'front.json');
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  const program = nodeProgram(import.meta.url, './front/main');
  const confinement = await confine({ dataDir, file, folder, program: program.at(-1)!, passes });
  (confinement.kind === 'none' ? say : log)(`the SQL engine is ${confinement.text}`);
  const [command, ...args] = [...confinement.prefix, process.execPath, ...program, file];
  // Times without a zone mean UTC, on every machine.
  const env = { ...confinedEnv(process.env), TZ: 'UTC', UV_THREADPOOL_SIZE: frontThreads };
  const ready = /^ready (?<url>http:\/\/\S+:(?<port>\d+)) version (?<version>\S+)$/;
  let said: RegExpExecArray | undefined;
  const front = await startUntilReady(
    "ClickHouse's embedded engine",
    { dataDir, command, args, env, cwd: '/', ...confinement.startAs, graceSeconds, log },
    (line) => (said = ready.exec(line) ?? said) !== undefined,
  );
  const { url, port: taken, version } = said!.groups!;
  return { ...front, url: url!, host, port: Number(taken), version: version!, confinement };
}

/** Its folders, its configuration and its programs are all that it needs; none of them holds a secret. */
async function confine(engine: {
  dataDir: string;
  file: string;
  folder: string;
  program: string;
  passes: readonly string[];
}): Promise<Confinement> {
  const { dataDir, file, folder, program, passes } = engine;
  const writes = [join(dataDir, 'engine'), join(dataDir, 'spool')];
  const mountPoint = join(dataDir, 'root');
  for (const place of [...writes, mountPoint]) await mkdir(place, { recursive: true, mode: 0o700 });
  const sources = [dirname(dirname(program)), join(await packageOf(program), 'package.json')];
  const confinement = await chooseConfinement({
    mountPoint,
    reads: [process.execPath, folder, ...sources, file],
    writes,
    passes: [dataDir, ...passes],
  });
  await giveTo(confinement, [...writes, file]);
  return confinement;
}

/** How the embedded engine would run here; undefined where a real server is found, or no engine. */
export async function inspectConfinement(cacheDir: string): Promise<Pick<Confinement, 'kind' | 'text'> | undefined> {
  const program = await findClickhouse(cacheDir);
  if (program?.kind !== 'embedded') return undefined;
  const mountPoint = await mkdtemp(join(tmpdir(), 'platte-root-'));
  try {
    return await chooseConfinement({ mountPoint, reads: [process.execPath, program.folder], writes: [], passes: [] });
  } finally {
    await rm(mountPoint, { recursive: true, force: true });
  }
}

async function startServer(
  program: Extract<ClickhouseProgram, { kind: 'server' }>,
  users: readonly User[],
  { dataDir, host = '127.0.0.1', port = 0, log = () => {} }: StartOptions,
): Promise<Started> {
  const config = join(dataDir, 'config.xml');
  await writeFile(join(dataDir, 'users.xml'), renderUsersConfig(users), { mode: 0o600 });
  return withPort({ host, port }, async (port) => {
    const tcpPort = await findFreePort(host);
    await writeFile(config, renderServerConfig({ dataDir, host, httpPort: port, tcpPort }), { mode: 0o600 });
    const { command, args, version } = program;
    const server = await startUntilReady(
      'ClickHouse',
      {
        dataDir,
        command,
        args: [...args, `--config-file=${config}`],
        env: confinedEnv(process.env),
        cwd: dataDir,
        graceSeconds,
        log,
      },
      (line) => line.includes('Ready for connections'),
    );
    return { ...server, url: `http://${host}:${port}`, host, port, version };
  });
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
