// PostgreSQL refuses to run as root. Where we are root it runs as a user without rights: `postgres` where there is one,
// else `nobody`. That user must reach the programs and the data also when they lie under a folder that only root may
// enter (a checkout below /root): then it keeps the one right to pass such folders, given by setpriv (util-linux).
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { findOnPath, runCommand } from './run-command.js';

export interface ServerUser {
  /** Who must own the data; undefined when that is us. */
  owner: Owner | undefined;
  /** What the process is started as by us; undefined when the prefix sees to it. */
  startAs: Owner | undefined;
  /** Put before each command. */
  prefix: readonly string[];
}

export interface Owner {
  uid: number;
  gid: number;
}

const idMsMax = 5000;

/**
 * @param cluster the data folder; when it exists, its owner runs the server
 * @throws what to do when we are root and nobody else can run it
 */
export async function choosePostgresUser({ bin, cluster }: { bin: string; cluster: string }): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return { owner: undefined, startAs: undefined, prefix: [] };
  const owner = (await ownerOf(cluster)) ?? (await findUnprivilegedUser(['postgres', 'nobody']));
  const closed = await findClosedFolder([bin, dirname(cluster)]);
  if (closed === undefined) return { owner, startAs: owner, prefix: [] };
  const setpriv = await findOnPath('setpriv');
  if (setpriv === undefined) {
    throw new Error(
      `PostgreSQL does not run as root, and user ${owner.uid} may not enter ${closed}. ` +
        `Install setpriv (util-linux), use folders that others may enter (--data), or run as another user.`,
    );
  }
  const rights = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  const prefix = [setpriv, `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups', ...rights, '--'];
  return { owner, startAs: undefined, prefix };
}

async function ownerOf(cluster: string): Promise<Owner | undefined> {
  const found = await stat(cluster).catch(() => undefined);
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid };
}

/** @throws when this system has none of them */
export async function findUnprivilegedUser(names: readonly string[]): Promise<Owner> {
  for (const name of names) {
    try {
      const [uid, gid] = await Promise.all(
        ['-u', '-g'].map(async (flag) => Number(await runCommand('id', [flag, name], { timeoutMs: idMsMax }))),
      );
      if (uid !== undefined && gid !== undefined && uid > 0) return { uid, gid };
    } catch {
      // No such user: the next.
    }
  }
  throw new Error(
    `A server does not run as root, and there is no user ${names.join(' or ')}. Add one, or run as another user.`,
  );
}

/** The first folder on the way to any of them that others may not pass. */
export async function findClosedFolder(folders: readonly string[]): Promise<string | undefined> {
  const passed = new Set<string>();
  for (const folder of folders) {
    for (let place = resolve(folder); place !== dirname(place); place = dirname(place)) passed.add(place);
  }
  for (const place of passed) {
    const mode = await stat(place).then(
      ({ mode }) => mode,
      () => undefined,
    );
    if (mode !== undefined && (mode & 0o001) === 0) return place;
  }
  return undefined;
}
