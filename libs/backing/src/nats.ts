// A nats-server with JetStream. Its configuration is a file of mode 0600, never arguments: `ps` shows those to everybody.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askNats } from './ask-server.js';
import { resolveNats } from './nats-program.js';
import { keepSecret } from './secrets.js';
import { type RunningServer, type StartOptions, startUntilReady, withPort } from './server.js';

export interface NatsOptions extends StartOptions {
  /** `password` (the default) draws one at the first start; `none` is for tests on loopback. */
  auth?: 'password' | 'none' | undefined;
  mayInstallPackages?: boolean | undefined;
  /** Unique among the servers of a cluster. */
  serverName?: string | undefined;
  /** Lines that are added to the configuration file as they are: a cluster, TLS, accounts. */
  moreConfig?: string | undefined;
  /** What all streams may take together; nats-server's own default is three quarters of what is free at its start. */
  fileStoreBytesMax?: number | undefined;
}

const user = 'platte';
/** A clean stop writes the streams' indexes; more than this means that it hangs. */
const graceSeconds = 10;
/** Streams are on disk; memory is only for what clients keep there on purpose, which Platte does not. */
const memoryStoreBytesMax = 64 * 1024 * 1024;

/** @returns the server once it accepts connections */
export async function startNats(options: NatsOptions): Promise<RunningServer> {
  const { dataDir, host = '127.0.0.1', port = 0, auth = 'password', serverName = 'platte', moreConfig = '' } = options;
  const { fileStoreBytesMax } = options;
  const program = await resolveNats(options);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const password = auth === 'none' ? '' : await keepSecret({ dataDir }, 'password');
  const config = join(dataDir, 'nats.conf');
  return withPort({ host, port }, async (port) => {
    const storeDir = join(dataDir, 'jetstream');
    const text = renderConfig({ serverName, host, port, storeDir, password, fileStoreBytesMax }) + moreConfig;
    await writeFile(config, text, { mode: 0o600 });
    const server = await startUntilReady(
      'nats-server',
      { dataDir, command: program.file, args: ['--config', config], graceSeconds, log: options.log ?? (() => {}) },
      (line) => line.includes('Server is ready'),
    );
    const { version, source } = program;
    return {
      ...server,
      ask: askNats({ host, port }),
      url: `nats://${host}:${port}`,
      host,
      port,
      user: auth === 'none' ? '' : user,
      password,
      version,
      source,
    };
  });
}

function renderConfig({
  serverName,
  host,
  port,
  storeDir,
  password,
  fileStoreBytesMax,
}: {
  serverName: string;
  host: string;
  port: number;
  storeDir: string;
  password: string;
  fileStoreBytesMax: number | undefined;
}): string {
  const fileStore = fileStoreBytesMax === undefined ? '' : `, max_file_store: ${fileStoreBytesMax}`;
  const authorization =
    password === '' ? '' : `authorization { user: ${user}, password: ${JSON.stringify(password)} }\n`;
  return `server_name: ${JSON.stringify(serverName)}
host: ${JSON.stringify(host)}
port: ${port}
jetstream { store_dir: ${JSON.stringify(storeDir)}, max_memory_store: ${memoryStoreBytesMax}${fileStore} }
${authorization}`;
}
