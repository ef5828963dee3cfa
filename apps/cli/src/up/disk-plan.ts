// How much of a disk the parts of a platform on one machine may take. The event log and ingress's spool have limits of their own;
// what is left is for PostgreSQL and the history. Both follow the disk that is there, up to the defaults of any installation.
//
// A plan only grows: NATS reserves what a stream may take, and a stream that exists is not made smaller behind its owner's back.

export interface DiskPlan {
  /** PLATTE_FACTS_MAX. */
  factsBytes: number;
  /** PLATTE_SPOOL_MAX. */
  spoolBytes: number;
}

export type DiskJudgement = { status: 'fits'; plan: DiskPlan } | { status: 'too-little'; why: string };

const mebibyte = 2 ** 20;
const gibibyte = 2 ** 30;

export const defaultPlan: DiskPlan = { factsBytes: 10 * gibibyte, spoolBytes: 512 * mebibyte };
/** The event log takes the defaults from 34 GiB on. Rows of the history take about as much as the facts they are made of. */
const factsShare = 0.3;
const spoolShare = 0.05;
/** What the small streams and the catalog's bucket reserve: refused requests, parked messages, snapshots. */
const smallStreamsBytes = 576 * mebibyte;
/** Indexes that nats-server keeps beside the messages. */
const indexBytes = 64 * mebibyte;
/** Of PostgreSQL with its write-ahead log of up to 1 GiB, and a history that has begun. */
const othersBytes = 1.25 * gibibyte;
/** With less, a log of 900 MiB would be full after two hours of 100 check-ins a second. */
const roomBytesMin = 3 * gibibyte;
/** A platform that has its sizes starts with less room, but not on a disk that is full. */
const freeBytesMin = 64 * mebibyte;

export interface DiskQuestion {
  /** Of the disk, as `df` counts it. */
  freeBytes: number;
  /** What the event log and the spool take already. */
  usedBytes: number;
  /** Of the last start. */
  kept: DiskPlan | undefined;
  /** What a person has set. */
  given: Partial<DiskPlan>;
}

export function judgeDisk({ freeBytes, usedBytes, kept, given }: DiskQuestion): DiskJudgement {
  const roomBytes = freeBytes + usedBytes;
  if (kept !== undefined) {
    if (freeBytes < freeBytesMin) return tooLittle(freeBytes, freeBytesMin);
    return { status: 'fits', plan: larger(kept, { ...planFor(roomBytes), ...given }, given) };
  }
  const plan = { ...planFor(roomBytes), ...given };
  const isGiven = given.factsBytes !== undefined || given.spoolBytes !== undefined;
  const neededBytes = isGiven ? toStoreBytes(plan) + plan.spoolBytes + othersBytes : roomBytesMin;
  return roomBytes < neededBytes ? tooLittle(roomBytes, neededBytes) : { status: 'fits', plan };
}

/** What nats-server may take in all: its own default would be three quarters of what is free at its start. */
export function toStoreBytes({ factsBytes }: DiskPlan): number {
  return factsBytes + smallStreamsBytes + indexBytes;
}

function planFor(roomBytes: number): DiskPlan {
  return {
    factsBytes: Math.min(defaultPlan.factsBytes, wholeMebibytes(roomBytes * factsShare)),
    spoolBytes: Math.min(defaultPlan.spoolBytes, wholeMebibytes(roomBytes * spoolShare)),
  };
}

/** The spool is only a limit: a person may lower it at any time. */
function larger(kept: DiskPlan, wanted: DiskPlan, given: Partial<DiskPlan>): DiskPlan {
  return {
    factsBytes: Math.max(kept.factsBytes, wanted.factsBytes),
    spoolBytes: given.spoolBytes ?? Math.max(kept.spoolBytes, wanted.spoolBytes),
  };
}

function tooLittle(thereBytes: number, neededBytes: number): DiskJudgement {
  return {
    status: 'too-little',
    why: `${toGibibytes(thereBytes)} is free there, and Platte needs ${toGibibytes(neededBytes)}`,
  };
}

export function isReduced(plan: DiskPlan): boolean {
  return plan.factsBytes < defaultPlan.factsBytes || plan.spoolBytes < defaultPlan.spoolBytes;
}

export function describePlan({ factsBytes, spoolBytes }: DiskPlan): string {
  return `the event log may take ${toGibibytes(factsBytes)}, the spool ${toGibibytes(spoolBytes)}`;
}

const wholeMebibytes = (bytes: number): number => Math.floor(bytes / mebibyte) * mebibyte;

export function toGibibytes(bytes: number): string {
  return bytes < gibibyte ? `${Math.round(bytes / mebibyte)} MiB` : `${(bytes / gibibyte).toFixed(1)} GiB`;
}
