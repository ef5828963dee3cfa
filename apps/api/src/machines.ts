// One machine by the id that it reported: in the application that is named, or the only one that knows it.
import { currentState, type MachineState } from '@platte/history';
import { listApplications, type Store } from '@platte/state-store';
import { visibleApplications, type Caller } from './http/caller.js';
import { ApiProblem, notFound } from './http/problems.js';
import type { ApiParts } from './parts.js';

/** More applications than this are searched by nobody: name one. */
const applicationsMax = 200;

/** @throws ApiProblem when nobody knows the machine, or several applications do */
export async function findMachine(
  parts: ApiParts,
  id: string,
  asked: string | undefined,
  caller: Caller,
): Promise<MachineState> {
  const candidates = visibleApplications(caller, asked) ?? (await allApplications(parts.store));
  const found = await Promise.all(candidates.map((app) => currentState(parts.history, { app, machine: id })));
  const states = found.filter((state) => state !== null);
  const [state, ...others] = states;
  if (!state) throw notFound('machine', id);
  if (others.length > 0)
    throw new ApiProblem('ambiguous-instance', {
      detail: `${states.length} applications know the machine ${id}.`,
      applications: states.map(({ app }) => app),
    });
  return state;
}

export async function allApplications(store: Store): Promise<string[]> {
  const applications = await listApplications(store.pool, { applications: null, limit: applicationsMax });
  return applications.map(({ id }) => id);
}
