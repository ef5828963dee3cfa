import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const here = dirname(import.meta.filename);

/** The folder of the checkout: the wrapper says it; started without the wrapper, it is three folders above this file. */
export function repositoryRoot(): string {
  return process.env['PLATTE_ROOT'] ?? resolve(here, '../../..');
}

/** The one bundled file, on a machine that has nothing else of Platte: a client of the API only. */
export const isAlone = (): boolean => !existsSync(join(here, 'up'));
