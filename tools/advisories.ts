// `./platte advisories`: known weaknesses of what the programs run with, as the registry tells them, judged with the exceptions
// that this repository makes. An exception names one advisory and why it does not concern us, and ends: nobody looks at one
// that lasts for ever.
//
// It ends with 69 (unavailable, as in sysexits.h) where the registry does not answer such questions, as mirrors often do
// not: not asked is not passed, and a machine without the advisories is no reason to stop work on it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const exceptionsPath = '.ci/advisory-exceptions.json';
const unavailable = 69;
/** A report of a thousand packages is a tenth of this. */
const reportBytesMax = 64 * 1024 * 1024;

/** The part of `npm audit --json` that is read. */
export interface AuditReport {
  vulnerabilities: Record<string, { via: readonly (string | Advisory)[] }>;
}

interface Advisory {
  /** https://github.com/advisories/GHSA-… */
  url: string;
  name: string;
  title: string;
  severity: string;
}

export interface AuditException {
  advisory: string;
  reason: string;
  /** The last day on which it counts: 2026-12-31. */
  until: string;
}

const refusedSeverities = new Set(['high', 'critical']);

/** @returns what must be mended, a line each; none: all is well */
export function judgeAudit(report: AuditReport, exceptions: readonly AuditException[], today: string): string[] {
  const advisories = Object.values(report.vulnerabilities)
    .flatMap(({ via }) => via)
    .filter((one) => typeof one !== 'string');
  const found = new Map(advisories.map((one) => [idOf(one), one]));
  const excused = new Set(exceptions.filter(({ until }) => until >= today).map(({ advisory }) => advisory));
  return [
    ...[...found]
      .filter(([id, { severity }]) => refusedSeverities.has(severity) && !excused.has(id))
      .map(([id, { name, severity, title, url }]) => `${severity}: ${name}: ${title} (${id}, ${url})`),
    ...exceptions
      .filter(({ advisory }) => !found.has(advisory))
      .map(({ advisory }) => `the exception for ${advisory} is needed no more: take it out`),
    ...exceptions
      .filter(({ advisory, until }) => until < today && found.has(advisory))
      .map(({ advisory, until }) => `the exception for ${advisory} ended on ${until}: mend it, or say again why not`),
  ];
}

function idOf({ url }: Advisory): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

function ask(): number {
  const { stdout, error } = spawnSync('npm', ['audit', '--json', '--omit=dev'], {
    encoding: 'utf8',
    maxBuffer: reportBytesMax,
    timeout: 120_000,
  });
  if (error) throw new Error('npm could not be run', { cause: error });
  const answer = JSON.parse(stdout || '{}') as Partial<AuditReport> & {
    message?: string;
    error?: { summary?: string };
  };
  if (answer.vulnerabilities === undefined) {
    const why = answer.message || answer.error?.summary || 'no report';
    console.error(`not audited: the registry does not tell advisories (${why}). Run it where it does; CI must.`);
    return unavailable;
  }
  const exceptions = JSON.parse(readFileSync(exceptionsPath, 'utf8')) as AuditException[];
  const problems = judgeAudit(
    { vulnerabilities: answer.vulnerabilities },
    exceptions,
    new Date().toISOString().slice(0, 10),
  );
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) {
    console.error(
      `Update what is named (npm update, or an override in package.json), or add to ${exceptionsPath} why it does not concern us.`,
    );
    return 1;
  }
  console.log(`no known weakness of high or critical severity; ${exceptions.length} exceptions`);
  return 0;
}

if (process.argv[1] === import.meta.filename) process.exitCode = ask();
