// `--dry-run`: requests that read are sent; one that would change something is shown instead.
import { ConnectionError } from '@platte/api-contract';
import type { Io } from './io.js';

/** The command has shown what it would have sent. */
class DryRunStop extends Error {
  override readonly name = 'DryRunStop';
}

export function fetchNothing(io: Io): typeof globalThis.fetch {
  return async (input, init) => {
    if (init?.method === undefined || init.method === 'GET') return fetch(input, init);
    const url = new URL(input instanceof Request ? input.url : input);
    io.say(`would ${init.method} ${decodeURIComponent(url.pathname)}${url.search}`);
    if (typeof init.body === 'string') io.out(JSON.stringify(JSON.parse(init.body), null, 2));
    throw new DryRunStop();
  };
}

/** The client reports what its `fetch` throws as a lost connection. */
export function isDryRunStop(error: unknown): boolean {
  return error instanceof ConnectionError && error.cause instanceof DryRunStop;
}
