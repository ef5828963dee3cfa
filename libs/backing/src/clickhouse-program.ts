// Which ClickHouse runs here: a real one from PATH when it is new enough, else the embedded engine.
import { chdbClickhouse, chdbFolder, chdbVersion, installChdb, isChdbInstalled } from './chdb-install.js';
import { findOnPath, runCommand } from './run-command.js';
import { isAtLeast, parseVersion } from './versions.js';

export type ClickhouseProgram =
  | { kind: 'server'; command: string; args: readonly string[]; version: string; source: string }
  | { kind: 'embedded'; folder: string; version: string; source: string };

/** The oldest that has all that our SQL uses and that its makers still mended in 2026. */
export const clickhouseFloor = [25, 3] as const;
const versionMsMax = 10_000;

export async function resolveClickhouse(options: {
  cacheDir: string;
  env?: NodeJS.ProcessEnv | undefined;
  say?: ((line: string) => void) | undefined;
}): Promise<ClickhouseProgram> {
  const { cacheDir, env, say = () => {} } = options;
  const server = await findClickhouseServer(env, say);
  if (server !== undefined) return server;
  await installChdb(cacheDir, say);
  return embedded(cacheDir);
}

/** Looks only. */
export async function findClickhouse(
  cacheDir: string,
  env?: NodeJS.ProcessEnv,
): Promise<ClickhouseProgram | undefined> {
  const server = await findClickhouseServer(env, () => {});
  if (server !== undefined) return server;
  return (await isChdbInstalled(cacheDir)) ? embedded(cacheDir) : undefined;
}

function embedded(cacheDir: string): ClickhouseProgram {
  return { kind: 'embedded', folder: chdbFolder(cacheDir), version: chdbClickhouse, source: `chdb ${chdbVersion}` };
}

/** `clickhouse` is one program for all; packages may also, or only, have the server under its own name. */
const commands = [
  { name: 'clickhouse', args: ['server'] },
  { name: 'clickhouse-server', args: [] },
] as const;

async function findClickhouseServer(
  env: NodeJS.ProcessEnv | undefined,
  say: (line: string) => void,
): Promise<ClickhouseProgram | undefined> {
  for (const { name, args } of commands) {
    const command = await findOnPath(name, env);
    if (command === undefined) continue;
    const version = await versionOf(command, args);
    if (version !== undefined && isAtLeast(version, clickhouseFloor)) {
      return { kind: 'server', command, args, version: version.join('.'), source: command };
    }
    say(
      `${command} is ${version?.join('.') ?? 'of no known version'}: ${clickhouseFloor.join('.')} is the oldest that works`,
    );
  }
  return undefined;
}

async function versionOf(command: string, args: readonly string[]): Promise<number[] | undefined> {
  try {
    return parseVersion(await runCommand(command, [...args, '--version'], { timeoutMs: versionMsMax }));
  } catch {
    return undefined;
  }
}
