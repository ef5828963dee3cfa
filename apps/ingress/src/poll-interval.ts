// The `PollInterval` that machines are told when their group sets none. Each answer is an appointment: a machine that is told p
// comes back after p, give or take a half (update_engine's own fuzz), so that the load of the next hours is known before it
// comes. The interval is the shortest one under which the load stays below the ceiling in every minute that it touches.
//
// Refused: steering by the measured rate alone. Machines answer to a new interval only after the old one has passed, hours later;
// a controller that multiplies in the meantime runs to its limit and swings. Appointments need no waiting, and a herd that
// comes at once is seen within a tick and spread by the fuzz over intervals that have room for it.

const slotMs = 60_000;
/** update_engine takes nothing below 45 minutes and nothing above 4 hours (omaha-protocol.md 4.1). */
export const pollIntervalSecondsMin = 2_700;
export const pollIntervalSecondsMax = 14_400;
const stepSeconds = 300;
/** The latest appointment: the longest interval and its half again. */
const slotCount = Math.ceil((pollIntervalSecondsMax * 1.5 * 1000) / slotMs) + 2;
/** Machines that come without an appointment (after our restart: all of them) go on coming: averaged over five minutes. */
const surpriseAverageMs = 300_000;

/** Machines come by chance around their appointments: what is planned leaves them a little room. */
const plannedShare = 0.95;

export interface PollPlan {
  /** Told to machines from now to the next tick. */
  readonly intervalSeconds: number;
  /** When this plan was made, in ms. */
  readonly at: number;
  /** Checks expected in each minute; minute m is at index m modulo the length. */
  readonly slots: Float64Array;
  /** Checks per minute that come without an appointment. */
  readonly surprises: number;
}

/** Answers given since the last tick with one interval, automatic or a group's own. */
export interface Told {
  intervalSeconds: number;
  checks: number;
}

export function startPollPlan(now: number): PollPlan {
  return { intervalSeconds: pollIntervalSecondsMin, at: now, slots: new Float64Array(slotCount), surprises: 0 };
}

/**
 * The plan for the time after `now`.
 *
 * @param checksPerSecondMax the ceiling
 */
export function evolvePollPlan(
  plan: PollPlan,
  told: readonly Told[],
  now: number,
  checksPerSecondMax: number,
): PollPlan {
  const elapsedMs = now - plan.at;
  if (elapsedMs <= 0) return plan;
  const slots = withPastForgotten(plan.slots, plan.at, now);
  for (const { intervalSeconds, checks } of told) putAppointments(slots, now, intervalSeconds, checks);

  const checks = told.reduce((sum, one) => sum + one.checks, 0);
  const perMinute = (checks / elapsedMs) * slotMs;
  const unexpected = perMinute - plan.slots[slotOf(now)]!;
  const weight = Math.min(1, elapsedMs / surpriseAverageMs);
  const surprises = Math.max(0, plan.surprises + (unexpected - plan.surprises) * weight);
  return {
    intervalSeconds: chooseInterval(slots, now, perMinute, surprises, checksPerSecondMax),
    at: now,
    slots,
    surprises,
  };
}

const slotOf = (time: number): number => Math.floor(time / slotMs) % slotCount;

/** Minutes that are over become minutes far ahead, without appointments. */
function withPastForgotten(slots: Float64Array, from: number, to: number): Float64Array {
  const next = Float64Array.from(slots);
  const first = Math.floor(from / slotMs);
  const minutes = Math.min(Math.floor(to / slotMs) - first, slotCount);
  for (let minute = 0; minute < minutes; minute++) next[(first + minute) % slotCount] = 0;
  return next;
}

function putAppointments(slots: Float64Array, now: number, intervalSeconds: number, checks: number): void {
  const { first, count } = windowOf(now, intervalSeconds);
  for (let index = 0; index < count; index++) slots[(first + index) % slotCount]! += checks / count;
}

/** The minutes in which a machine that is told this interval may come back. */
function windowOf(now: number, intervalSeconds: number): { first: number; count: number } {
  const capped = Math.min(intervalSeconds, pollIntervalSecondsMax);
  const first = Math.floor((now + capped * 500) / slotMs);
  return { first, count: Math.max(1, Math.floor((now + capped * 1500) / slotMs) - first) };
}

function chooseInterval(
  slots: Float64Array,
  now: number,
  perMinute: number,
  surprises: number,
  checksPerSecondMax: number,
): number {
  const roomPerMinute = checksPerSecondMax * 60 * plannedShare - surprises;
  for (let seconds = pollIntervalSecondsMin; seconds < pollIntervalSecondsMax; seconds += stepSeconds) {
    const { first, count } = windowOf(now, seconds);
    const added = perMinute / count;
    let fits = true;
    for (let index = 0; index < count && fits; index++)
      fits = slots[(first + index) % slotCount]! + added <= roomPerMinute;
    if (fits) return seconds;
  }
  return pollIntervalSecondsMax;
}
