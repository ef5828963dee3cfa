// One machine by the id that it reported: in the application that is named, or the only one that knows it.
import { toInstant, type Attempt, type Instance } from '@platte/api-contract';
import { currentState, type MachineState } from '@platte/history';
import {
  findApplication,
  findAttempt,
  listApplications,
  readMachineMarks,
  type AttemptRow,
  type Store,
} from '@platte/state-store';
import { sees, visibleApplications, type Caller } from './http/caller.js';
import { ApiProblem, notFound } from './http/problems.js';
import type { ApiParts } from './parts.js';
import { toAnswerView, toInstantOrNull, toSummary } from './views.js';

/** More applications than this are searched by nobody: name one. */
const applicationsMax = 200;

export interface FoundMachine {
  application: string;
  machine: string;
  /** null: it was never seen, or history does not know it yet. */
  state: MachineState | null;
}

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

/** A machine may be held, forced and labelled before it was ever seen: where its application is named. */
export async function findMachineToMark(
  parts: ApiParts,
  id: string,
  asked: string | undefined,
  caller: Caller,
): Promise<FoundMachine> {
  if (asked === undefined) {
    const state = await findMachine(parts, id, undefined, caller);
    return { application: state.app, machine: state.machine, state };
  }
  if (!sees(caller, asked) || !(await findApplication(parts.store.pool, asked))) throw notFound('application', asked);
  return { application: asked, machine: id, state: await currentState(parts.history, { app: asked, machine: id }) };
}

export async function allApplications(store: Store): Promise<string[]> {
  const applications = await listApplications(store.pool, { applications: null, limit: applicationsMax });
  return applications.map(({ id }) => id);
}

/** A machine whole: what it said from history, what people did to it and its attempt from PostgreSQL. */
export async function showMachine(
  { store }: ApiParts,
  { application, machine, state }: FoundMachine,
): Promise<Instance> {
  const [marks, attempt] = await Promise.all([
    readMachineMarks(store.pool, application, machine),
    findAttempt(store.pool, application, machine),
  ]);
  return {
    ...(state ? toSaid(state) : toUnseen(application, machine)),
    ...(marks.name !== '' && { alias: marks.name }),
    attempt: attempt ? toAttempt(attempt) : null,
    labels: marks.labels,
    held: marks.held,
    forcedUntil: toInstantOrNull(marks.forcedUntil),
  };
}

type Said = Omit<Instance, 'attempt' | 'labels' | 'held' | 'forcedUntil'>;

function toSaid(state: MachineState): Said {
  const { reason: _reason, ...summary } = toSummary(state);
  const { oemVersion, aleph, bootId, track, answer } = state;
  const shown = answer && { ...toAnswerView(answer), at: toInstant(answer.at) };
  return { ...summary, oemVersion, aleph, bootId, track, answer: shown };
}

function toUnseen(application: string, id: string): Said {
  return {
    id,
    application,
    group: null,
    channel: null,
    version: '',
    status: 'unknown',
    arch: 'all',
    alias: '',
    ip: '',
    oem: '',
    firstSeen: null,
    lastSeen: null,
    oemVersion: '',
    aleph: '',
    bootId: '',
    track: '',
    answer: null,
  };
}

function toAttempt(attempt: AttemptRow): Attempt {
  const { rollout, package: pack, fromVersion, toVersion, number, forced, stage, outcome, cause } = attempt;
  return {
    rollout,
    package: pack,
    fromVersion,
    toVersion,
    number,
    forced,
    stage,
    grantedAt: toInstant(attempt.grantedAt),
    deadline: toInstantOrNull(attempt.dueAt),
    downloadingAt: toInstantOrNull(attempt.downloadingAt),
    downloadedAt: toInstantOrNull(attempt.downloadedAt),
    installedAt: toInstantOrNull(attempt.installedAt),
    endedAt: toInstantOrNull(attempt.endedAt),
    outcome,
    cause,
  };
}
