// PostgreSQL's own clock, without the offset of tests: machines' clocks are compared with it.
import type { Store } from './store.js';

const selectClock = `select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now`;

/** Milliseconds since the epoch. */
export async function readClock({ pool }: Pick<Store, 'pool'>): Promise<number> {
  const { rows } = await pool.query<{ now: number }>(selectClock);
  const now = rows[0]?.now;
  if (now === undefined) throw new Error('PostgreSQL did not say what time it is');
  return now;
}
