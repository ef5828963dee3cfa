// One machine by the id that it reported: in the application that is named, or the only one that knows it.
//
// History has the exact last check-in and the last answer. PostgreSQL's row may be a day behind in "last seen", but is there
// while history is away, and a moment before history has a new machine.
import { toInstant, type Attempt, type Decision, type Instance } from '@platte/api-contract';
import { currentState, isCloned, type MachineState } from '@platte/history';
import {
  decidedReasons,
  findApplication,
  findAttempt,
  findDecision,
  findInstance,
  listApplications,
  readMachineMarks,
  type AttemptRow,
  type InstanceRow,
  type Store,
} from '@platte/state-store';
import { toActorView } from './actor-view.js';
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
  read: ReadMachine = readMachine,
): Promise<MachineState> {
  const candidates = visibleApplications(caller, asked) ?? (await allApplications(parts.store));
  const found = await Promise.allSettled(candidates.map((application) => read(parts, application, id)));
  const states = found.flatMap((one) => (one.status === 'fulfilled' && one.value !== null ? [one.value] : []));
  const [state, ...others] = states;
  const failed = found.find((one) => one.status === 'rejected');
  if (!state) throw failed ? failed.reason : notFound('machine', id);
  if (others.length > 0)
    throw new ApiProblem('ambiguous-instance', {
      detail: `${states.length} applications know the machine ${id}.`,
      applications: states.map(({ app }) => app),
    });
  return state;
}

type ReadMachine = (parts: ApiParts, application: string, id: string) => Promise<MachineState | null>;

/** As far as it can be known now. @throws what history throws, where PostgreSQL does not know the machine either */
async function readMachine(parts: ApiParts, application: string, id: string): Promise<MachineState | null> {
  let failure: unknown;
  try {
    const state = await readWithAnswer(parts, application, id);
    if (state !== null) return state;
  } catch (error) {
    failure = error;
    parts.log.warn({ err: error }, 'history does not answer: a machine is shown as PostgreSQL has it');
  }
  const row = await findInstance(parts.store.pool, application, id);
  if (!row && failure !== undefined) throw failure;
  return row ? toState(row) : null;
}

/** With its last answer, which history alone has. */
export function readWithAnswer({ history }: ApiParts, application: string, id: string): Promise<MachineState | null> {
  return currentState(history, { app: application, machine: id });
}

function toState(row: InstanceRow): MachineState {
  const { application, machine, version, group, arch, status, oem, seenAt, firstSeenAt } = row;
  const { oemVersion, aleph, bootId, track, ip, alias } = row;
  return {
    app: application,
    machine,
    version,
    group,
    arch,
    status,
    oem,
    oemVersion,
    aleph,
    bootId,
    track,
    ip,
    alias,
    channel: null,
    firstSeen: firstSeenAt,
    lastSeen: seenAt,
    answer: null,
    failure: null,
    testSource: '',
  };
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
  return { application: asked, machine: id, state: await readMachine(parts, asked, id) };
}

/** Also one that nobody has seen yet, where somebody has written on it: else a hold that waits for a machine is invisible. */
export async function findMachineToShow(
  parts: ApiParts,
  id: string,
  asked: string | undefined,
  caller: Caller,
): Promise<FoundMachine> {
  const found = await findMachineToMark(parts, id, asked, caller);
  if (found.state !== null) return found;
  const { name, labels, held, forcedUntil } = await readMachineMarks(parts.store.pool, found.application, id);
  const isWrittenOn = name !== '' || held !== null || forcedUntil !== null || Object.keys(labels).length > 0;
  if (!isWrittenOn) throw notFound('machine', id);
  return found;
}

/** Who decided so, and when: of reasons that somebody brought about. */
export async function findDecider({ store }: ApiParts, state: MachineState): Promise<Decision | undefined> {
  const { app: application, machine, group, answer } = state;
  const reason = decidedReasons.find((one) => one === answer?.reason);
  if (reason === undefined || !answer) return undefined;
  const found = await findDecision(store.pool, {
    application,
    group,
    machine,
    reason,
    refusedBy: answer.inputs.refusedBy,
    at: answer.at,
  });
  if (!found) return undefined;
  const { kind, actor, at, cause } = found;
  return { kind, ...toActorView(actor), at: toInstant(at), note: cause };
}

export async function allApplications(store: Store): Promise<string[]> {
  const applications = await listApplications(store.pool, { applications: null, limit: applicationsMax });
  return applications.map(({ id }) => id);
}

/** A machine whole: what it said from history, what people did to it and its attempt from PostgreSQL. */
export async function showMachine(parts: ApiParts, { application, machine, state }: FoundMachine): Promise<Instance> {
  const { store } = parts;
  const [marks, attempt, cloned] = await Promise.all([
    readMachineMarks(store.pool, application, machine),
    readAttempt(parts, application, machine),
    state !== null && readIsCloned(parts, state),
  ]);
  return {
    ...(state ? toSaid(state) : toUnseen(application, machine)),
    ...(marks.name !== '' && { alias: marks.name }),
    isCloned: cloned,
    attempt: attempt ? toAttempt(attempt) : null,
    labels: marks.labels,
    held: marks.held,
    forcedUntil: toInstantOrNull(marks.forcedUntil),
  };
}

/** A row that holds no number is the platform's mistake, and hides nothing else of the machine. */
async function readAttempt({ store, log }: ApiParts, application: string, machine: string) {
  try {
    return await findAttempt(store.pool, application, machine);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    log.error({ err: error, application, machine }, 'a machine’s attempt cannot be read: it is shown without');
    return undefined;
  }
}

/** A hint for people: history may be away, and the machine is shown all the same. */
async function readIsCloned({ history, log }: ApiParts, { app, machine, lastSeen }: MachineState): Promise<boolean> {
  try {
    return await isCloned(history, { app, machine, until: lastSeen });
  } catch (error) {
    log.warn({ err: error }, 'history does not answer: nobody knows whether a machine is cloned');
    return false;
  }
}

type Said = Omit<Instance, 'attempt' | 'isCloned' | 'labels' | 'held' | 'forcedUntil'>;

function toSaid(state: MachineState): Said {
  const { reason: _reason, ...summary } = toSummary(state);
  const { oemVersion, aleph, bootId, testSource, track, answer } = state;
  const shown = answer && { ...toAnswerView(answer), at: toInstant(answer.at) };
  return { ...summary, oemVersion, aleph, bootId, testSource, track, answer: shown };
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
    testSource: '',
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
