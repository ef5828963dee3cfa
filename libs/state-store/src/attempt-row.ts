// An attempt as the ledger has it, and how it is read.
import type { Arch, LeaseOutcome, Position } from '@platte/facts';
import type { AttemptTerms, VersionOrder } from '@platte/fleet';
import { type AttemptStage, compareVersions, parseVersion, type Versioning } from '@platte/rollout';

export interface AttemptRow {
  application: string;
  machine: string;
  group: string;
  channel: string | null;
  rollout: string;
  package: string;
  toVersion: string;
  fromVersion: string;
  versioning: Versioning;
  reboots: boolean;
  arch: Arch;
  oem: string;
  /** Of the request that opened it; '' when it was no test's. */
  testSource: string;
  openedAt: number;
  openedN: number;
  sinceAt: number;
  sinceN: number;
  number: number;
  grantedAt: number;
  forced: boolean;
  stage: AttemptStage;
  dueAt: number | null;
  downloadingAt: number | null;
  downloadedAt: number | null;
  installedAt: number | null;
  refusedAt: number | null;
  endedAt: number | null;
  /** Boot marks, see boots-of-attempt.ts; 0: not known. */
  boot: number;
  otherBoot: number;
  bootSince: number;
  cloned: boolean;
  outcome: Exclude<LeaseOutcome, 'installed'> | null;
  cause: string | null;
}

export const attemptColumns = `
  a.application, a.machine, a.update_group as "group", a.channel, a.rollout, a.package, a.to_version as "toVersion",
  a.from_version as "fromVersion", a.versioning, a.reboots, a.arch, a.oem, a.test_source as "testSource", a.opened_at as "openedAt",
  a.opened_n as "openedN", a.since_at as "sinceAt", a.since_n as "sinceN", a.number, a.granted_at as "grantedAt",
  a.forced, a.stage, a.due_at as "dueAt", a.downloading_at as "downloadingAt", a.downloaded_at as "downloadedAt",
  a.installed_at as "installedAt", a.refused_at as "refusedAt", a.ended_at as "endedAt", a.boot, a.other_boot as "otherBoot",
  a.boot_since as "bootSince", a.cloned, a.outcome, a.cause`;

export function termsOf(attempt: AttemptRow): AttemptTerms {
  return { group: attempt.group, fromVersion: attempt.fromVersion, toVersion: attempt.toVersion };
}

export function openedBy(attempt: AttemptRow): Position {
  return { at: attempt.openedAt, n: attempt.openedN };
}

const orders: Record<Versioning, VersionOrder> = { semver: makeOrder('semver'), dotted: makeOrder('dotted') };

export function orderOf(versioning: Versioning): VersionOrder {
  return orders[versioning];
}

function makeOrder(versioning: Versioning): VersionOrder {
  return (a, b) => {
    const [left, right] = [parseVersion(a, versioning), parseVersion(b, versioning)];
    return left && right && compareVersions(left, right);
  };
}
