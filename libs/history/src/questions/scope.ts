// Which machines a question is about, as conditions over a table that has the columns app, grp, channel, arch and oem.
import type { Params } from '../connection.js';

export interface Scope {
  app: string;
  /** The group's id; '' for machines that no group takes; absent for the whole application. */
  group?: string | undefined;
  channel?: string | undefined;
  arch?: string | undefined;
  oem?: string | undefined;
}

export interface Condition {
  where: string;
  params: Params;
}

/** A machine counts as active for so long after it was seen, unless a question says otherwise. */
export const activityWindowMs = 86_400_000;
const minuteMs = 60_000;

export const floorMinute = (ms: number) => Math.floor(ms / minuteMs) * minuteMs;

/** Seen at or after this, a machine is active at `at`: silence begins at whole minutes. */
export const activeSince = (at: number, windowMs: number) => floorMinute(at) - windowMs;

export function scopeCondition({ app, group, channel, arch, oem }: Scope): Condition {
  const asked = { group, channel, arch, oem };
  const columns = { group: 'grp', channel: 'channel', arch: 'arch', oem: 'oem' } as const;
  const conditions = ['app = {app:String}'];
  const params: Params = { app };
  for (const name of ['group', 'channel', 'arch', 'oem'] as const) {
    if (asked[name] === undefined) continue;
    conditions.push(`${columns[name]} = {${name}:String}`);
    params[name] = asked[name];
  }
  return { where: conditions.join(' and '), params };
}
