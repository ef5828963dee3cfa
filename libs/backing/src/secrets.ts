// Passwords of the servers: drawn at the first start, kept beside the data in files that only their owner reads.
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeOnce } from './write-once.js';

/** 24 random bytes: more than the 128 bits that nobody guesses, and plain enough for URLs and configuration files. */
const secretBytes = 24;

/** Reads the secret of that file, or makes it. The same at every start on the same data. */
export async function keepSecret(file: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  const drawn = randomBytes(secretBytes).toString('hex');
  if (await writeOnce(file, drawn)) return drawn;
  await chmod(file, 0o600);
  return (await readFile(file, 'utf8')).trim();
}
