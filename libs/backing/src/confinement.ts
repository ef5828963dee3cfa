// The embedded ClickHouse engine can read any file that its process may read, and people send SQL to it. So its process is
// confined to its own files, as far as the system allows it:
//
//   namespace  a mount namespace of its own, in which there is nothing but the system's libraries, the programs that it
//              runs and its data. Root makes one and the process runs in it as another user; anybody else makes one in a
//              user namespace of their own.
//   user       where root may not mount (a container without CAP_SYS_ADMIN): another user, who cannot read what is
//              private to root. Only when that user may pass all folders on the way.
//   none       neither; what keeps people from files then is what the SQL port refuses (front/reader-rules.ts).
//
// Which it is shows only when it is tried: kernels, containers and security modules each have a word in it.
import { chmod, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from './errors.js';
import { findClosedFolder, findUnprivilegedUser, type Owner } from './postgres-user.js';
import { runCommand } from './run-command.js';

export interface ConfinedFiles {
  /** An empty folder, on which the process's own root is mounted; nobody else sees that. */
  mountPoint: string;
  /** Files and folders that it reads. */
  reads: readonly string[];
  /** Folders that it writes to; they must belong to `owner`. */
  writes: readonly string[];
  /** Private folders of ours on the way to them: where only another user confines, that user is let through. */
  passes: readonly string[];
}

export interface Confinement {
  kind: 'namespace' | 'user' | 'none';
  /** Who must own what it writes and its configuration; undefined when that is us. */
  owner: Owner | undefined;
  /** What the process is started as by us; undefined when the prefix sees to it. */
  startAs: Owner | undefined;
  /** Put before the command. */
  prefix: readonly string[];
  /** For people: what holds, or why it does not. */
  text: string;
}

/** As fast as a shell, a dozen mounts and a Node that only tells its version. */
const probeMsMax = 20_000;

export async function chooseConfinement(files: ConfinedFiles): Promise<Confinement> {
  if (process.platform !== 'linux') return unconfined(`${process.platform} has no namespaces`);
  const isRoot = process.getuid?.() === 0;
  const owner = isRoot ? await findUnprivilegedUser(['clickhouse', 'nobody']).catch(() => undefined) : undefined;
  if (isRoot && owner === undefined) return unconfined('there is neither a user clickhouse nor nobody');
  const prefix = namespacePrefix(files, owner);
  const failure = await probe(prefix);
  if (failure === undefined) {
    const text = `confined to its own files in a mount namespace${owner === undefined ? '' : `, as user ${owner.uid}`}`;
    return { kind: 'namespace', owner, startAs: undefined, prefix, text };
  }
  if (owner === undefined) return unconfined(failure);
  for (const folder of files.passes) await chmod(folder, 0o711);
  const closed = await findClosedFolder([...files.reads, ...files.writes].map((path) => dirname(path)));
  if (closed !== undefined) return unconfined(`${failure}; and user ${owner.uid} may not enter ${closed}`);
  return { kind: 'user', owner, startAs: owner, prefix: [], text: `running as user ${owner.uid} (${failure})` };
}

function unconfined(reason: string): Confinement {
  const text = `not confined: its process may read all that you may (${reason})`;
  return { kind: 'none', owner: undefined, startAs: undefined, prefix: [], text };
}

/** @returns why it does not work here */
async function probe(prefix: readonly string[]): Promise<string | undefined> {
  const [command, ...args] = [...prefix, process.execPath, '--version'];
  try {
    await runCommand(command, args, { timeoutMs: probeMsMax, cwd: '/', env: confinedEnv(process.env) });
    return undefined;
  } catch (error) {
    return messageOf(error).replaceAll('\n', ' ');
  }
}

/** What the system's programs and libraries are made of; what is not there is left out. The last are for sizing pools. */
const systemPaths = [
  '/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/etc/ld.so.cache', '/etc/localtime',
  '/dev/null', '/dev/zero', '/dev/random', '/dev/urandom',
  '/proc/cpuinfo', '/proc/meminfo', '/proc/stat', '/proc/sys', '/sys/fs/cgroup', '/sys/devices/system',
]; // prettier-ignore

// Only its own process is shown below /proc: by the `root` of another process of the same user it would leave. All rights
// go before the command runs, so that nothing can be mounted or left from within.
const script = `
set -eu
umask 022
root=$1 identity=$2; shift 2
show() {
  [ -e "$1" ] || return 0
  [ ! -e "$root$1" ] || return 0
  mkdir -p "$root$(dirname "$1")"
  if [ -h "$1" ]; then ln -s "$(readlink "$1")" "$root$1"; return 0; fi
  if [ -d "$1" ]; then mkdir -p "$root$1"; else : > "$root$1"; fi
  mount --rbind "$1" "$root$1"
}
mount --make-rprivate /
mount -t tmpfs -o mode=0755,size=16m platte "$root"
while [ "$1" != -- ]; do show "$1"; shift; done
shift
mkdir -p "$root/proc/self"
mount --bind "/proc/$$" "$root/proc/self"
umask 077
exec chroot "$root" setpriv $identity --no-new-privs --inh-caps=-all --bounding-set=-all "$@"
`;

function namespacePrefix({ mountPoint, reads, writes }: ConfinedFiles, owner: Owner | undefined): string[] {
  const unshare = owner === undefined ? ['--user', '--map-root-user', '--mount'] : ['--mount'];
  const identity = owner === undefined ? '' : `--reuid=${owner.uid} --regid=${owner.gid} --clear-groups`;
  const shown = [...systemPaths, ...reads, ...writes];
  return ['unshare', ...unshare, '/bin/sh', '-c', script, 'confined', mountPoint, identity, ...shown, '--'];
}

/** Nothing of whoever starts it but what programs need to run at all: environments hold passwords. */
export function confinedEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = ['PATH', 'LANG', 'LC_ALL', 'LD_LIBRARY_PATH'];
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** Gives the files to the owner, also those of a version that ran as root. */
export async function giveTo({ owner }: Confinement, paths: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = owner ?? { uid: 0, gid: 0 };
  await runCommand('chown', ['-R', `${uid}:${gid}`, '--', ...paths], { timeoutMs: chownMsMax });
}

/** A history of a large fleet is some ten thousand files; a cold disk reads their inodes first. */
const chownMsMax = 300_000;

/** The folder with the nearest package.json: it says that our files are modules. */
export async function packageOf(file: string): Promise<string> {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const found = await stat(`${folder}/package.json`).catch(() => undefined);
    if (found !== undefined) return folder;
  }
  return dirname(file);
}
