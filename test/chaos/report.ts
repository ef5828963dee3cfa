// What a run says at its end: what happened, in counts, and each check with its first findings.
import type { Adversary } from './adversary.js';
import { mostInWindow, mostOpen } from './checks.js';
import type { Evidence } from './evidence.js';
import type { People } from './people.js';

export interface Verdict {
  name: string;
  findings: string[];
}

export interface Report {
  seed: number;
  minutes: number;
  control?: string | undefined;
  isClean: boolean;
  counts: Record<string, number>;
  faults: Record<string, number>;
  starts: Record<string, number>;
  /** By group: the most grants in a window of its rate limit, and the most leases open at once, beside what is allowed. */
  limits: { track: string; grants: number; mostInWindow?: string; mostOpen?: string }[];
  verdicts: Verdict[];
}

interface Seen {
  evidence: Evidence;
  verdicts: Verdict[];
  adversary: Adversary;
  people: People;
  redelivered: number;
  starts: Record<string, number>;
}

export function toReport(
  { seed, minutes, control }: { seed: number; minutes: number; control?: string | undefined },
  { evidence, verdicts, adversary, people, redelivered, starts }: Seen,
): Report {
  const { told, facts, repeatedFacts, grants, parked } = evidence;
  const byStatus = (status: number) => told.filter((one) => one.status === status).length;
  return {
    seed,
    minutes,
    control,
    isClean: verdicts.every(({ findings }) => findings.length === 0),
    counts: {
      posts: told.length,
      answered: byStatus(200),
      'refused with 503': byStatus(503),
      'without an answer': byStatus(0),
      offers: told.filter(({ offered }) => offered !== null).length,
      facts: facts.size,
      'facts that the log has again': repeatedFacts,
      'batches redelivered': redelivered,
      grants: grants.reduce((sum, one) => sum + one.grants, 0),
      parked: parked.length,
      'commands refused or failed': [...people.refusals.values()].reduce((sum, count) => sum + count, 0),
    },
    faults: Object.fromEntries(adversary.counts),
    starts,
    limits: people.groups.map((group) => toLimits(group, evidence)),
    verdicts,
  };
}

function toLimits(
  { id, track, policy }: People['groups'][number],
  { grants, leases }: Evidence,
): Report['limits'][number] {
  const own = grants.filter(({ group }) => group === id);
  const times = own.flatMap(({ grantedAt, grants: count }) => Array.from({ length: count }, () => grantedAt));
  const { rateLimit, concurrencyLimit } = policy;
  const open = mostOpen(leases.filter(({ group }) => group === id));
  return {
    track,
    grants: times.length,
    ...(rateLimit && { mostInWindow: `${mostInWindow(times, rateLimit.periodMs ?? 0)} of ${rateLimit.max}` }),
    ...(concurrencyLimit && { mostOpen: `${open} of ${concurrencyLimit}` }),
  };
}

const findingsShown = 5;

export function renderReport(report: Report): string {
  const { seed, minutes, control, counts, faults, starts, limits, verdicts } = report;
  const pairs = (record: Record<string, number>) =>
    Object.entries(record)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  return [
    `seed ${seed}, ${minutes} minutes${control === undefined ? '' : `, control ${control}`}`,
    `machines: ${pairs(counts)}`,
    `faults:   ${pairs(faults)}`,
    `starts:   ${pairs(starts)}`,
    ...limits.map(({ track, grants, mostInWindow: window, mostOpen: open }) =>
      [`${track}: ${grants} grants`, window && `most in a window ${window}`, open && `most open ${open}`]
        .filter(Boolean)
        .join(', '),
    ),
    '',
    ...verdicts.flatMap(({ name, findings }) => [
      `${findings.length === 0 ? 'ok    ' : 'FAILED'} ${name}${findings.length === 0 ? '' : ` (${findings.length})`}`,
      ...findings.slice(0, findingsShown).map((finding) => `         ${finding}`),
    ]),
  ].join('\n');
}
