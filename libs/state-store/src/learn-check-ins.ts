// Grants that a database made just before it was lost, and whose facts it took with it: machines were answered `granted`, which
// ingress recorded. They hold slots and count for limits like all others.
import { comparePositions, type MachineCheckedIn, type Position, type UpdateGranted } from '@platte/facts';
import { type AttemptRow, openedBy } from './attempt-row.js';
import { learnGrants } from './learn-grants.js';
import { toReadAttemptsOf } from './locked-groups.js';
import { putIntoOutbox } from './outbox.js';
import type { Store } from './store.js';

interface KnownPackage {
  id: string;
  application: string;
  version: string;
  arch: string;
}

const readPackages = `select id, application, version, arch from package where application = any($1::uuid[])`;
const readCounters = `select update_group as "group", seq from grant_counter where update_group = any($1::uuid[])`;

/**
 * @param checkIns answered `granted`, at most one of each machine: the newest
 * @returns how many of them are grants that nobody knew
 */
export async function learnCheckIns(
  store: Store,
  checkIns: readonly MachineCheckedIn[],
  position: (now: number) => Position,
): Promise<number> {
  const unknown = await withoutAttempt(store, checkIns);
  if (unknown.length === 0) return 0;
  const packages = await store.pool.query<KnownPackage>(readPackages, [[...new Set(unknown.map(({ app }) => app))]]);
  const groups = [...new Set(unknown.flatMap(({ group }) => group ?? []))];
  const counters = await store.pool.query<{ group: string; seq: number }>(readCounters, [groups]);
  const numbers = new Map(counters.rows.map(({ group, seq }) => [group, seq]));
  const granted = unknown.toSorted(comparePositions).flatMap((checkIn) => {
    const number = (numbers.get(checkIn.group ?? '') ?? 0) + 1;
    const fact = toGranted(checkIn, packages.rows, number, position);
    if (fact !== null) numbers.set(checkIn.group ?? '', number);
    return fact ?? [];
  });
  // First into the log: if this dies here, they are learnt from there.
  await putIntoOutbox(store.pool, granted);
  await learnGrants(store, granted);
  return granted.length;
}

async function withoutAttempt(store: Store, checkIns: readonly MachineCheckedIn[]): Promise<MachineCheckedIn[]> {
  const keys = checkIns.map(({ app, machine }) => ({ application: app, machine }));
  const { rows } = await store.pool.query<AttemptRow>(toReadAttemptsOf(keys));
  const known = new Map(rows.map((row) => [`${row.application} ${row.machine}`, row]));
  return checkIns.filter((checkIn) => {
    const attempt = known.get(`${checkIn.app} ${checkIn.machine}`);
    return attempt === undefined || comparePositions(openedBy(attempt), checkIn) < 0;
  });
}

/** Null where the database does not have its package: then the machine gets no more from it, either. */
function toGranted(
  checkIn: MachineCheckedIn,
  packages: readonly KnownPackage[],
  number: number,
  position: (now: number) => Position,
): UpdateGranted | null {
  const { app, machine, at, n, version, group, channel, arch, rollout, reboots, oem, testSource, answer } = checkIn;
  const { target, deadline } = answer?.inputs ?? {};
  const pack = packages.find(
    (one) => one.application === app && one.version === target && (one.arch === arch || one.arch === 'all'),
  );
  if (pack === undefined || deadline === undefined || group === null || rollout === null) return null;
  return {
    kind: 'UpdateGranted',
    v: 1,
    app,
    machine,
    ...position(at),
    version,
    group,
    channel,
    arch,
    rollout,
    reboots,
    oem,
    ...(testSource === undefined ? {} : { testSource }),
    attempt: { at, n },
    package: pack.id,
    toVersion: pack.version,
    number,
    grantedAt: at,
    deadline,
    forced: false,
  };
}
