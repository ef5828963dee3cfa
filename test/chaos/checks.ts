// What must be true of the evidence. Each check is pure and says what is not so, one line each.
import type { EventReported, Fact, MachineCheckedIn, MachineFact, UpdateGranted } from '@platte/facts';
import { evolveMachine, unknownMachine } from '@platte/fleet';
import type { Evidence } from './evidence.js';
import { makeExcuses } from './excuses.js';
import type { Told } from './machines.js';

export interface Check {
  name: string;
  find: (evidence: Evidence) => string[];
}

/** A stop is one, everywhere, so soon: a promise of the product. */
const stopWithinMs = 1_000;

export const checks: readonly Check[] = [
  { name: 'every answered request is in the log, once', find: findLost },
  {
    name: 'the history has each fact of the log once, and no other',
    find: (e) => compareWith(e, e.history, isOfHistory),
  },
  {
    name: 'the archive has each fact of the log once, and no other',
    find: (e) => compareWith(e, e.archive, () => true),
  },
  { name: 'no machine got an error that it should not have', find: findErrors },
  { name: 'every offer has a grant of that version behind it', find: findUngranted },
  { name: 'no offer after a stop was acknowledged, until it was ended', find: findOffersWhileStopped },
  { name: 'no grant in a transaction that saw its group stopped', find: findGrantsWhileStopped },
  { name: 'grants in any window stay within the rate limit', find: findBursts },
  { name: 'open leases stay within the concurrency limit', find: findCrowds },
  { name: 'safe mode probes one machine at a time until one has succeeded', find: findProbes },
  { name: 'every grant of PostgreSQL is a fact, and every such fact a grant', find: compareGrants },
  { name: 'no lease is open past its deadline', find: ({ overdue }) => [...overdue] },
  { name: 'instances are the fold of all facts', find: compareInstances },
  { name: 'what nobody can read is parked by each consumer once, and nothing else', find: findParked },
];

function checkInsByToken(facts: Iterable<Fact>): Map<string, MachineCheckedIn[]> {
  const found = new Map<string, MachineCheckedIn[]>();
  for (const fact of facts) {
    if (fact.kind !== 'MachineCheckedIn') continue;
    const known = found.get(fact.source);
    if (known === undefined) found.set(fact.source, [fact]);
    else known.push(fact);
  }
  return found;
}

function findLost({ told, facts }: Evidence): string[] {
  const checkIns = checkInsByToken(facts.values());
  const events = new Set<string>();
  for (const fact of facts.values()) if (fact.kind === 'EventReported') events.add(keyOfEvent(fact));
  const findings = told.flatMap((one) => {
    const found = checkIns.get(one.token) ?? [];
    if (found.length > 1) return [`${one.token} is in the log ${found.length} times, as different facts`];
    if (one.status !== 200) return [];
    if (found.length === 0) return [`${describe(one)} was answered, and is not in the log`];
    return findEventLost(one, found[0]!, events);
  });
  const tokens = new Set(told.map(({ token }) => token));
  const foreign = [...checkIns.keys()].filter((token) => token.startsWith('chaos-') && !tokens.has(token));
  return [...findings, ...foreign.map((token) => `${token} is in the log, and nobody posted it`)];
}

function findEventLost(one: Told, checkIn: MachineCheckedIn, events: ReadonlySet<string>): string[] {
  if (one.event === null) return [];
  const { machine, at } = checkIn;
  const key = keyOfEvent({ machine, at, ...one.event });
  return events.has(key) ? [] : [`the event of ${describe(one)} was answered, and is not in the log`];
}

function keyOfEvent({ machine, at, type, result }: Pick<EventReported, 'machine' | 'at' | 'type' | 'result'>): string {
  return `${machine} ${at} ${type}/${result}`;
}

function describe({ token, event, asked, version }: Told): string {
  return `${asked ? 'check' : event === null ? 'ping' : `event ${event.type}/${event.result}`} ${token} (${version})`;
}

const historyKinds = new Set<Fact['kind']>([
  'MachineCheckedIn',
  'EventReported',
  'UpdateGranted',
  'LeaseEnded',
  'MachineDeleted',
]);
const isOfHistory = ({ kind, machine }: Fact): boolean => historyKinds.has(kind) && machine !== '';

function compareWith(
  { facts }: Evidence,
  elsewhere: ReadonlyMap<string, number>,
  belongs: (fact: Fact) => boolean,
): string[] {
  const missing = [...facts].filter(([identity, fact]) => belongs(fact) && !elsewhere.has(identity));
  const findings = missing.map(([identity]) => `missing: ${identity}`);
  for (const [identity, count] of elsewhere) {
    if (!facts.has(identity)) findings.push(`not in the log: ${identity}`);
    if (count > 1) findings.push(`${count} times: ${identity}`);
  }
  return findings;
}

function findErrors({ told, disturbances }: Evidence): string[] {
  const excuses = makeExcuses(disturbances);
  return told.flatMap((one) => {
    if (one.invalid !== null) return [`${describe(one)} got no proper answer: ${one.invalid}`];
    if (one.status === 200 || excuses(one)) return [];
    const got = one.status === 0 ? 'no answer' : one.status;
    return [
      `${describe(one)} got ${got} of ${one.ingress} after ${Math.round(one.answeredAt - one.sentAt)} ms, at ${(one.sentAt / 1000).toFixed(1)} s`,
    ];
  });
}

function grantsOf(facts: Iterable<Fact>): UpdateGranted[] {
  return [...facts].filter((fact) => fact.kind === 'UpdateGranted');
}

/** Also says what the fact of the answer itself says. */
function findUngranted({ told, facts, groups }: Evidence): string[] {
  const grants = Map.groupBy(grantsOf(facts.values()), ({ machine }) => machine);
  const checkIns = checkInsByToken(facts.values());
  return told.flatMap((one) => {
    if (one.offered === null) return [];
    const checkIn = checkIns.get(one.token)?.[0];
    if (checkIn === undefined) return [];
    const reason = checkIn.answer?.reason ?? 'none';
    if (reason !== 'granted' && reason !== 're-offered')
      return [`${describe(one)} was offered ${one.offered}, and its fact says ${reason}`];
    if (!groups[one.group]!.versions.has(one.offered))
      return [`${describe(one)} was offered ${one.offered}, which its channel never had`];
    const own = grants.get(one.machine)?.filter(({ toVersion }) => toVersion === one.offered) ?? [];
    return own.length > 0 ? [] : [`${describe(one)} was offered ${one.offered} without a grant`];
  });
}

function findOffersWhileStopped({ told, stops }: Evidence): string[] {
  return told.flatMap((one) => {
    if (one.offered === null) return [];
    const stop = stops.find(
      ({ group, from, until }) => group === one.group && one.sentAt > from + stopWithinMs && one.answeredAt < until,
    );
    if (stop === undefined) return [];
    const late = Math.round(one.sentAt - stop.from);
    return [`${describe(one)} was offered ${one.offered} when asked ${late} ms after its ${stop.what} was paused`];
  });
}

function findGrantsWhileStopped({ grants, groups }: Evidence): string[] {
  return grants
    .filter(({ updatesEnabled, rolloutState }) => !updatesEnabled || rolloutState !== 'running')
    .filter(({ rolloutState }) => rolloutState !== 'finished')
    .map(({ group, grants: count, updatesEnabled, rolloutState }) => {
      const name = groups.find(({ id }) => id === group)?.track;
      return `${count} of ${name}, updates ${updatesEnabled ? 'enabled' : 'disabled'}, rollout ${rolloutState}`;
    });
}

/** By the log of grants in PostgreSQL and by the facts: both must keep the limit. */
function findBursts({ groups, grants, facts }: Evidence): string[] {
  return groups.flatMap((group) => {
    const { rateLimit } = group.policy;
    if (!rateLimit?.max || !rateLimit.periodMs) return [];
    const { max, periodMs } = rateLimit;
    const rows = grants.filter((one) => one.group === group.id);
    const inRows = rows.flatMap(({ grantedAt, grants: count }) => Array.from({ length: count }, () => grantedAt));
    const inFacts = grantsOf(facts.values())
      .filter((fact) => fact.group === group.id)
      .map(({ grantedAt }) => grantedAt);
    return [
      ...describeBurst(group.track, 'PostgreSQL', mostInWindow(inRows, periodMs), max),
      ...describeBurst(group.track, 'the log', mostInWindow(inFacts, periodMs), max),
    ];
  });
}

function describeBurst(track: string, where: string, most: number, max: number): string[] {
  return most > max ? [`${track}: ${most} grants in one window by ${where}, where ${max} are allowed`] : [];
}

export function mostInWindow(times: readonly number[], periodMs: number): number {
  const ordered = times.toSorted((a, b) => a - b);
  let most = 0;
  for (let from = 0, to = 0; to < ordered.length; to++) {
    while (ordered[to]! - ordered[from]! >= periodMs) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

function findCrowds({ groups, leases }: Evidence): string[] {
  return groups.flatMap((group) => {
    const limit = group.policy.concurrencyLimit ?? group.policy.rateLimit?.max ?? Number.POSITIVE_INFINITY;
    const most = mostOpen(leases.filter((step) => step.group === group.id));
    return most > limit ? [`${group.track}: ${most} leases open at once, where ${limit} are allowed`] : [];
  });
}

export function mostOpen(steps: readonly { before: string | null; after: string | null }[]): number {
  let open = 0;
  let most = 0;
  for (const { before, after } of steps) {
    open += Number(after === 'leased') - Number(before === 'leased');
    most = Math.max(most, open);
  }
  return most;
}

/** An attempt that waits for its reboot is a probe still. */
function findProbes({ groups, leases }: Evidence): string[] {
  const careful = groups.filter(({ policy }) => policy.safeMode);
  return careful.flatMap(({ id, track }) => {
    const own = leases.filter(({ group }) => group === id);
    return [...Map.groupBy(own, ({ rollout, toVersion }) => `${rollout} ${toVersion}`)].flatMap(([, steps]) => {
      const most = mostProbes(steps);
      return most > 1 ? [`${track}: ${most} machines at once tried ${steps[0]!.toVersion} first`] : [];
    });
  });
}

/** The most that were open at once before the first success. */
export function mostProbes(
  steps: readonly { before: string | null; after: string | null; outcome: string | null }[],
): number {
  const isOpen = (stage: string | null) => stage === 'leased' || stage === 'installed';
  const success = steps.findIndex(({ outcome }) => outcome === 'complete');
  let open = 0;
  let most = 0;
  for (const { before, after } of success < 0 ? steps : steps.slice(0, success)) {
    open += Number(isOpen(after)) - Number(isOpen(before));
    most = Math.max(most, open);
  }
  return most;
}

function compareGrants({ groups, grants, facts }: Evidence): string[] {
  const known = grantsOf(facts.values());
  return groups.flatMap(({ id, track }) => {
    const inRows = grants.filter(({ group }) => group === id).reduce((sum, one) => sum + one.grants, 0);
    const numbers = known.filter(({ group }) => group === id).map(({ number }) => number);
    const findings =
      inRows === numbers.length ? [] : [`${track}: ${inRows} in PostgreSQL, ${numbers.length} in the log`];
    return new Set(numbers).size === numbers.length ? findings : [...findings, `${track}: a number was given twice`];
  });
}

const ofMachines = new Set<Fact['kind']>(['MachineCheckedIn', 'EventReported', 'UpdateGranted', 'LeaseEnded']);

function compareInstances({ facts, instances }: Evidence): string[] {
  const rows = new Map(instances.map((row) => [row.machine, row]));
  const own = [...facts.values()].filter((fact): fact is MachineFact => ofMachines.has(fact.kind));
  const findings: string[] = [];
  for (const [machine, of] of Map.groupBy(own, (fact) => fact.machine)) {
    const life = of.reduce(evolveMachine, unknownMachine);
    // Whose check-in was refused after policy had granted it an update has a grant alone: nobody has seen it, and it has no row.
    const wanted = life.seen === null ? {} : { ...life.seen.value, status: life.status?.value ?? 'unknown' };
    const row = rows.get(machine);
    const found = { version: row?.version, group: row?.group, status: row?.status };
    if (JSON.stringify(wanted) !== JSON.stringify(found))
      findings.push(`${machine}: PostgreSQL has ${JSON.stringify(found)}, its facts say ${JSON.stringify(wanted)}`);
  }
  return findings;
}

/** Each consumer parks each of them once, and nothing else. */
function findParked({ parked, unreadable }: Evidence): string[] {
  return ['policy', 'analytics'].flatMap((durable) => {
    const own = parked.filter((one) => one.durable === durable);
    const known = new Set(own.map(({ sequence }) => sequence));
    const missed = unreadable.filter((sequence) => !known.has(sequence));
    const wrong = own.filter(({ sequence }) => !unreadable.includes(sequence));
    return [
      ...missed.map((sequence) => `${durable} did not park message ${sequence}`),
      ...wrong.map(({ sequence, reason }) => `${durable} parked message ${sequence}: ${reason}`),
      ...(known.size < own.length ? [`${durable} parked a message twice`] : []),
    ];
  });
}
