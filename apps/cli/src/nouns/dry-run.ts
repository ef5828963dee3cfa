// `--dry-run`: requests that read are sent as they are; one that would change something asks what it would change
// (`?dryRun=true`), and that is shown in the place of what the command would go on to say. What the API would refuse it
// refuses, with the same exit code.
import { ConnectionError, Plan } from '@platte/api-contract';
import type { Call } from './call.js';
import { printPlan } from './print/plan.js';

/** The command has shown what it would do. */
class DryRunStop extends Error {
  override readonly name = 'DryRunStop';
}

export function fetchPlans(call: Call): typeof globalThis.fetch {
  return async (input, init) => {
    if (init?.method === undefined || init.method === 'GET') return fetch(input, init);
    const url = new URL(input instanceof Request ? input.url : input);
    url.searchParams.set('dryRun', 'true');
    const response = await fetch(url, init);
    if (!response.ok) return response;
    await printPlan(call, Plan.parse(await response.json()));
    throw new DryRunStop();
  };
}

/** For a command that changes several things: a dry run of it shows them all. */
export async function goOnAfterPlan(change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (!isDryRunStop(error)) throw error;
  }
}

/** The client reports what its `fetch` throws as a lost connection. */
export function isDryRunStop(error: unknown): boolean {
  return error instanceof ConnectionError && error.cause instanceof DryRunStop;
}
