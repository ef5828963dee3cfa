import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where what was fetched once is kept: outside every checkout, so that it serves all of this user. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env['PLATTE_CACHE_DIR'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'platte');
}
