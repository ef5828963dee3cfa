import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of the checkout, found upward from here: the same from the sources and from the build. */
export function repositoryRoot(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'nx.json'))) return folder;
  }
  throw new Error(`no nx.json above ${import.meta.dirname}: not in a checkout of Platte`);
}
