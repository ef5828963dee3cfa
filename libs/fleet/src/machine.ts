// A machine's life as a fold over its facts: in any order, any number of times, the same result.
//
// What a fact says alone (status, what the machine reported) is taken from the newest fact that says it. What needs the
// attempt it belongs to is kept as a set, and read when all of it is there: an event may arrive before the grant it
// belongs to. Both sets keep their newest members only, which is the same set whatever the order.
import {
  comparePositions,
  type EventReported,
  type LeaseEnded,
  type LeaseOutcome,
  type MachineFact,
  type Position,
  type UpdateGranted,
} from '@platte/facts';
import { classifyEvent, type EventMeaning } from './event.js';
import { isSeen, type MachineStatus, statusOf } from './status.js';

/** More attempts and events than these are history, which ClickHouse has. */
export const attemptsKept = 8;
export const eventsKept = 64;

interface Newest<T> extends Position {
  value: T;
}

interface LifeEvent extends Position {
  meaning: EventMeaning;
}

interface LifeAttempt extends Position {
  toVersion: string;
  package: string;
  /** Known once `UpdateGranted` was folded. */
  grant: { number: number; grantedAt: number; deadline: number; forced: boolean } | null;
  /** The earliest end of each outcome: `installed` and then how it ended. */
  ends: Newest<LeaseOutcome>[];
}

/** All of it is data: equal lives are deeply equal. */
export interface MachineLife {
  firstSeenAt: number | null;
  /** The newest fact that the machine itself sent. */
  seen: Newest<{ version: string; group: string | null }> | null;
  status: Newest<MachineStatus> | null;
  /** Oldest first. */
  attempts: LifeAttempt[];
  /** Oldest first. */
  events: LifeEvent[];
}

export const unknownMachine: MachineLife = { firstSeenAt: null, seen: null, status: null, attempts: [], events: [] };

/** An attempt with the events that belong to it. */
export interface AttemptLife extends LifeAttempt {
  downloadingAt: number | null;
  downloadedAt: number | null;
  installedAt: number | null;
  /** How it ended for good; null while it is open. */
  outcome: LeaseOutcome | null;
}

export function evolveMachine(life: MachineLife, fact: MachineFact): MachineLife {
  const told = withReported(withStatus(life, fact), fact);
  switch (fact.kind) {
    case 'EventReported':
      return { ...told, events: withEvent(told.events, fact) };
    case 'UpdateGranted':
    case 'LeaseEnded':
      return { ...told, attempts: withAttempt(told.attempts, fact) };
    default:
      return told;
  }
}

/** The attempts, oldest first, each with its own events: those after its check-in and before the next attempt's. */
export function attemptsOf(life: MachineLife): AttemptLife[] {
  return life.attempts.map((attempt, index) => {
    const next = life.attempts[index + 1];
    const own = life.events.filter(
      (event) => comparePositions(event, attempt) > 0 && (next === undefined || comparePositions(event, next) < 0),
    );
    const firstAt = (meaning: EventMeaning) => own.find((event) => event.meaning === meaning)?.at ?? null;
    return {
      ...attempt,
      downloadingAt: firstAt('downloading'),
      downloadedAt: firstAt('downloaded'),
      installedAt: firstAt('installed'),
      outcome: attempt.ends.find((end) => end.value !== 'installed')?.value ?? null,
    };
  });
}

function withStatus(life: MachineLife, fact: MachineFact): MachineLife {
  const value = statusOf(fact);
  return value === null ? life : { ...life, status: newer(life.status, { at: fact.at, n: fact.n, value }) };
}

function withReported(life: MachineLife, fact: MachineFact): MachineLife {
  if (!isSeen(fact)) return life;
  const value = { version: fact.version, group: fact.group };
  const seen = newer(life.seen, { at: fact.at, n: fact.n, value });
  return { ...life, seen, firstSeenAt: Math.min(life.firstSeenAt ?? fact.at, fact.at) };
}

function newer<T>(known: Newest<T> | null, found: Newest<T>): Newest<T> {
  return known !== null && comparePositions(known, found) >= 0 ? known : found;
}

function withEvent(events: LifeEvent[], event: EventReported): LifeEvent[] {
  const meaning = classifyEvent(event.type, event.result, event.errorCode, event.previousVersion, event.reboots);
  return putNewest(events, { at: event.at, n: event.n, meaning }, eventsKept);
}

function withAttempt(attempts: LifeAttempt[], fact: UpdateGranted | LeaseEnded): LifeAttempt[] {
  const { at, n } = fact.attempt;
  const known = attempts.find((attempt) => attempt.at === at && attempt.n === n) ?? {
    at,
    n,
    toVersion: fact.toVersion,
    package: fact.package,
    grant: null,
    ends: [],
  };
  return putNewest(
    attempts,
    fact.kind === 'UpdateGranted' ? withGrant(known, fact) : withEnd(known, fact),
    attemptsKept,
  );
}

function withGrant(attempt: LifeAttempt, { number, grantedAt, deadline, forced }: UpdateGranted): LifeAttempt {
  return { ...attempt, grant: { number, grantedAt, deadline, forced } };
}

/** Of each outcome the earliest: a lost install may be installed again. */
function withEnd(attempt: LifeAttempt, fact: LeaseEnded): LifeAttempt {
  const end = { at: fact.at, n: fact.n, value: fact.outcome };
  const known = attempt.ends.find((other) => other.value === fact.outcome);
  if (known !== undefined && comparePositions(known, end) <= 0) return attempt;
  const others = attempt.ends.filter((other) => other !== known);
  return { ...attempt, ends: [...others, end].toSorted(comparePositions) };
}

/** The set with the item in its place, in order, its newest `max` members. */
function putNewest<T extends Position>(items: T[], item: T, max: number): T[] {
  const others = items.filter((other) => comparePositions(other, item) !== 0);
  return [...others, item].toSorted(comparePositions).slice(-max);
}
