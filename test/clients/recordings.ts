// Where the recorded requests are, from the source tree and from the compiled one alike.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Recording {
  name: string;
  body: Uint8Array;
}

export const clientsFolder = findUpwards(dirname(fileURLToPath(import.meta.url)), 'test/clients/recordings', '..');

export function readRecordings(): Recording[] {
  return readBodies('recordings');
}

export function readRegressions(): Recording[] {
  return readBodies('regressions');
}

function readBodies(folder: string): Recording[] {
  const path = join(clientsFolder, folder);
  const names = readdirSync(path).filter((name) => !name.endsWith('.md'));
  return names.toSorted().map((name) => ({ name, body: readFileSync(join(path, name)) }));
}

/** The first folder on the way up that holds `wanted`; then `then` from there. */
function findUpwards(from: string, wanted: string, then: string): string {
  if (existsSync(join(from, wanted))) return join(from, wanted, then);
  if (dirname(from) === from) throw new Error(`no ${wanted} above ${fileURLToPath(import.meta.url)}`);
  return findUpwards(dirname(from), wanted, then);
}
