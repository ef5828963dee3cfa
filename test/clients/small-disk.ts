// A disk of a given size, made of memory: only root may mount one, and not everywhere.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk {
  folder: string;
  remove: () => void;
}

/** @throws Error where the system does not allow it */
export function makeSmallDisk(mebibytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'platte-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}M`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
  return {
    folder,
    remove: () => {
      execFileSync('umount', ['--lazy', folder]);
      rmdirSync(folder);
    },
  };
}

/** Why no small disk can be made here, in one line for whoever reads that tests were skipped; undefined where one can. */
export function whyNoSmallDisk(): string | undefined {
  try {
    makeSmallDisk(1).remove();
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n').at(-1) || error.message : String(error);
    console.warn(`tests on a small disk are skipped: this system does not let this user mount one (${why.trim()})`);
    return why;
  }
}
