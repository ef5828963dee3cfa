// How far updates come, and how long each step takes. An attempt begins when a machine's status becomes granted and it was
// on no way before; it counts for a step when its status came there before the next attempt began. A machine that was
// offered the same package again goes on with its attempt.
import type { History } from '../connection.js';
import { type Scope, scopeCondition } from './scope.js';

export const funnelSteps = ['granted', 'downloading', 'downloaded', 'installed', 'complete'] as const;
export type FunnelStepName = (typeof funnelSteps)[number];

export interface FunnelStep {
  step: FunnelStepName;
  attempts: number;
  /** Of the attempts that came to the step before, those that did not come to this one or beyond. */
  droppedOff: number;
  /** From the grant; null when no attempt came here. */
  p50Ms: number | null;
  p95Ms: number | null;
}

export interface Funnel {
  steps: FunnelStep[];
  /** Attempts that ended otherwise, by the status they ended with last. */
  failed: number;
  rolledBack: number;
  timedOut: number;
}

const inFlight = `('granted', 'downloading', 'downloaded', 'installed')`;

/** Median and 95th percentile; empty where nobody reported the step: quantiles of nothing are 0, which is a time. */
const timesTo = (step: string) =>
  `if(countIf(${step}_at > 0) = 0, [], quantilesExactIf(0.5, 0.95)(${step}_at - began_at, ${step}_at > 0)) as to_${step}`;

/** An attempt that came to a step has passed the ones before it, also when it did not report them. */
const attempts = (where: string) => `
select
    count() as granted,
    countIf(greatest(downloading_at, downloaded_at, installed_at, complete_at) > 0) as downloading,
    countIf(greatest(downloaded_at, installed_at, complete_at) > 0) as downloaded,
    countIf(greatest(installed_at, complete_at) > 0) as installed,
    countIf(complete_at > 0) as complete,
    countIf(last_status = 'failed') as failed,
    countIf(last_status = 'rolled-back') as rolled_back,
    countIf(last_status = 'timed-out') as timed_out,
    ${timesTo('downloading')},
    ${timesTo('downloaded')},
    ${timesTo('installed')},
    ${timesTo('complete')}
from
(
    select
        inst,
        attempt,
        min(ms) as began_at,
        minIf(ms, status = 'downloading') as downloading_at,
        minIf(ms, status = 'downloaded') as downloaded_at,
        minIf(ms, status = 'installed') as installed_at,
        minIf(ms, status = 'complete') as complete_at,
        argMax(status, (ms, n)) as last_status
    from
    (
        select inst, toUnixTimestamp64Milli(at) as ms, n, status,
               status = 'granted' and was_status not in ${inFlight} as begins,
               sum(begins) over (partition by inst order by at, n rows between unbounded preceding and current row) as attempt
        from transition final
        where ${where} and cause = 'fact' and status != was_status
          and at >= fromUnixTimestamp64Milli({from:Int64}) and at < fromUnixTimestamp64Milli({to:Int64})
    )
    where attempt > 0
    group by inst, attempt
)`;

type Times = [p50: number, p95: number] | [];

interface AttemptsRow {
  granted: number;
  downloading: number;
  downloaded: number;
  installed: number;
  complete: number;
  failed: number;
  rolled_back: number;
  timed_out: number;
  to_downloading: Times;
  to_downloaded: Times;
  to_installed: Times;
  to_complete: Times;
}

/** Attempts that began from `from` on, with what became of them before `to`. */
export async function updateFunnel(
  history: History,
  { from, to, ...scope }: Scope & { from: number; to: number },
): Promise<Funnel> {
  const { where, params } = scopeCondition(scope);
  const [row] = await history.read<AttemptsRow>(attempts(where), { ...params, from, to });
  if (row === undefined) return { steps: [], failed: 0, rolledBack: 0, timedOut: 0 };
  const times: Record<FunnelStepName, Times> = {
    granted: row.granted > 0 ? [0, 0] : [],
    downloading: row.to_downloading,
    downloaded: row.to_downloaded,
    installed: row.to_installed,
    complete: row.to_complete,
  };
  const steps = funnelSteps.map((step, index): FunnelStep => {
    const before = funnelSteps[index - 1];
    const [p50, p95] = times[step];
    return {
      step,
      attempts: row[step],
      droppedOff: before === undefined ? 0 : row[before] - row[step],
      p50Ms: p50 ?? null,
      p95Ms: p95 ?? null,
    };
  });
  return { steps, failed: row.failed, rolledBack: row.rolled_back, timedOut: row.timed_out };
}
