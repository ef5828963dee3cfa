import { dirname, resolve } from 'node:path';

/** The folder of the checkout: the wrapper says it; started without the wrapper, it is three folders above this file. */
export function repositoryRoot(): string {
  return process.env['PLATTE_ROOT'] ?? resolve(dirname(import.meta.filename), '../../..');
}
