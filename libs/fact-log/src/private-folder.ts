import { chmod, mkdir } from 'node:fs/promises';

/** For its owner alone, also when an earlier version made it for all; one that belongs to somebody else stays as it is. */
export async function makePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700).catch(() => {});
}
