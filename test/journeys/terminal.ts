// Where a person types `platte`: beside a platform that runs, without a checkout.
import { chmodSync, cpSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Platform } from './platform.js';
import { repositoryRoot } from './repository.js';
import type { Terminal } from './transcript.js';

/**
 * A folder with a platform that runs in it, and nobody's own contexts. Its `platte` is the one bundled file, away from the
 * checkout: as on a machine that has only Node.
 */
export function makeTerminal({ dataDir }: Platform): Terminal {
  const folder = mkdtempSync(join(tmpdir(), 'platte-cli-'));
  symlinkSync(dataDir, join(folder, '.platte'));
  cpSync(join(repositoryRoot(), 'test/transcripts/files'), folder, { recursive: true });
  const command = join(folder, 'platte');
  cpSync(join(repositoryRoot(), 'apps/cli/dist/platte.mjs'), join(folder, 'platte.mjs'));
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${folder}/platte.mjs" "$@"\n`);
  chmodSync(command, 0o755);
  const { PATH = '', HOME = '' } = process.env;
  return { folder, env: { PATH: `${folder}${delimiter}${PATH}`, HOME, XDG_CONFIG_HOME: join(folder, 'config') } };
}
