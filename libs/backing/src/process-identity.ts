// A pid alone does not name a process: it is used again. With the process's start time it does.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isRecord } from './json.js';

export interface ProcessIdentity {
  pid: number;
  /** When it started, in the words of its system: only ever compared. Empty when that could not be learnt. */
  start: string;
}

export function isProcessIdentity(value: unknown): value is ProcessIdentity {
  return isRecord(value) && typeof value['pid'] === 'number' && typeof value['start'] === 'string';
}

export function identify(pid: number): ProcessIdentity {
  return { pid, start: startOf(pid) ?? '' };
}

export function isAlive({ pid, start }: ProcessIdentity): boolean {
  const now = startOf(pid);
  return now !== undefined && (start === '' || now === start);
}

/** Undefined when there is no such process, or only its corpse. */
function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') return startFromProc(pid);
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** proc(5): field 22 is the start in clock ticks since boot. The name, field 2, may hold spaces; it ends at the last ')'. */
function startFromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
