// Keeps timelines up to date: one replica leads, and folds what arrived again and again, with a rest in between
// (`restAfterRebuild`). What is not folded yet is added by every question of now.
import { setTimeout as delay } from 'node:timers/promises';
import { type History, openShards, rebuildShards, restAfterRebuild } from '@platte/history';
import type { Log, Metrics } from '@platte/service';
import { foldsRest, type Lead, tryLead } from '@platte/state-store';

interface Needs {
  history: History;
  /** Name of ClickHouse's cluster; empty: one server. */
  cluster: string;
  postgresUrl: string;
  /** Up to where the log is written, and when its stream was created. */
  written: () => Promise<{ acked: number; stream: number }>;
  now: () => number;
  pauseMs: number;
  presenceKept: { hoursMs: number; daysMs: number };
  nextAttempt: () => number;
  log: Log;
  metrics: Metrics;
  signal: AbortSignal;
}

export interface Rebuilder {
  /** When the run under way has ended, after `signal`. */
  ended: Promise<void>;
  health: () => { state: 'starting' | 'up' | 'down'; detail: string };
  /** Whether this replica is the one that keeps the timelines. */
  isLeading: () => boolean;
}

/** Ours among the advisory locks of the database. */
const rebuildJob = 20_001;
const leadRetryMs = 5_000;

const [hourMs, dayMs] = [3_600_000, 86_400_000];
/** The first hour and the first day that no TTL has taken away. */
const toPresenceFrom = ({ hoursMs, daysMs }: Needs['presenceKept'], now: number) => ({
  hours: Math.ceil((now - hoursMs) / hourMs) * hourMs,
  days: Math.ceil((now - daysMs) / dayMs) * dayMs,
});

const nothingRun = { tookMs: 0, facts: 0, caughtUp: true };

export function startRebuilder(needs: Needs): Rebuilder {
  const { history, cluster, postgresUrl, pauseMs, log, metrics, signal } = needs;
  const seconds = metrics.histogram({
    name: 'platte_history_rebuild_seconds',
    help: 'Time of one rebuild of timelines',
    buckets: [0.03, 0.1, 0.3, 1, 3, 10, 60],
  });
  const late = metrics.counter({
    name: 'platte_history_late_machines_total',
    help: 'Machines whose facts came late or twice, so that they were recomputed from all their facts since',
  });
  let isLeading = false;
  let state: ReturnType<Rebuilder['health']> = { state: 'starting', detail: 'waits for its turn' };

  async function runOnce(shards: readonly History[]): Promise<{ tookMs: number; facts: number; caughtUp: boolean }> {
    const started = performance.now();
    const [written, now] = [await needs.written(), needs.now()];
    const presenceFrom = toPresenceFrom(needs.presenceKept, now);
    const done = await rebuildShards(shards, { ...written, now, attempt: needs.nextAttempt(), presenceFrom });
    const tookMs = performance.now() - started;
    seconds.observe(tookMs / 1000);
    late.inc(done.late);
    state = { state: 'up', detail: `folded up to message ${done.upto} in ${Math.round(tookMs)} ms` };
    return { tookMs, facts: done.facts, caughtUp: done.caughtUp };
  }

  async function lead(held: Lead): Promise<void> {
    const ending = AbortSignal.any([signal, held.signal]);
    // Kept for as long as this replica leads: a run reads what the runs before it wrote.
    const { shards, close } = await openShards(history, cluster);
    try {
      isLeading = true;
      let begun = performance.now();
      while (!ending.aborted) {
        const sinceMs = performance.now() - begun;
        begun += sinceMs;
        // A replay that compares or switches the tables needs them at rest: this run is left out.
        const run = await held.unlessHeld(foldsRest, () => runOnce(shards));
        const restMs = restAfterRebuild({ ...(run ?? nothingRun), sinceMs }, pauseMs);
        await delay(restMs, undefined, { signal: ending }).catch(() => {});
      }
    } finally {
      await close();
    }
  }

  async function keepTrying(): Promise<void> {
    while (!signal.aborted) {
      try {
        const held = await tryLead(postgresUrl, rebuildJob);
        if (held) {
          log.info('this replica keeps the timelines');
          await lead(held).finally(() => {
            isLeading = false;
            return held.release();
          });
        } else state = { state: 'up', detail: 'another replica keeps the timelines' };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        state = { state: 'down', detail: reason };
        log.warn({ err: error }, 'timelines could not be rebuilt: it is tried again');
      }
      if (!signal.aborted) await delay(leadRetryMs, undefined, { signal }).catch(() => {});
    }
  }
  return { ended: keepTrying(), health: () => state, isLeading: () => isLeading };
}
