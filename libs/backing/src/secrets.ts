// Passwords of the servers: drawn at the first start, kept beside the data in files that only their owner reads.
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from './errors.js';
import { writeOnce } from './write-once.js';

/** 24 random bytes: more than the 128 bits that nobody guesses, and plain enough for URLs and configuration files. */
const secretBytes = 24;

/** Where a server's passwords are: in its own folder, or in one that it does not see. */
export interface SecretPlace {
  dataDir: string;
  secretsDir?: string | undefined;
}

/** Reads the secret of that name, or makes it. The same at every start on the same data. */
export async function keepSecret({ dataDir, secretsDir = dataDir }: SecretPlace, name: string): Promise<string> {
  const file = join(secretsDir, name);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // Earlier versions kept it beside the data.
  if (secretsDir !== dataDir) await moveIfThere(join(dataDir, name), file);
  const drawn = randomBytes(secretBytes).toString('hex');
  if (await writeOnce(file, drawn)) return drawn;
  await chmod(file, 0o600);
  return (await readFile(file, 'utf8')).trim();
}

async function moveIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
}
