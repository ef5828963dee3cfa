// How far back the platform can be made anew: as far as the log goes, and below its first message as far as the archive goes,
// if both join. Said in /readyz, and shown by `platte doctor`.
import { setTimeout as delay } from 'node:timers/promises';
import { type NatsConnection, readFactsFill } from '@platte/fact-log';
import { type History, type KeptFacts, type LogStart, reachOf, readKeptFacts } from '@platte/history';
import type { Health } from '@platte/service';

type Reported = ReturnType<Parameters<Health['probe']>[2]>;

/** Says what is true of the facts that are there, not of the log's numbers: a log that was lost begins with message 1 again. */
export function describeReach(log: LogStart, kept: KeptFacts): Reported {
  const { firstSequence, firstAt } = log;
  const { archivedSince, knownSince } = kept;
  const since = firstAt === undefined ? 'the log is empty' : `from the log since ${toDay(firstAt)}`;
  switch (reachOf(log, kept)) {
    case 'log':
      return {
        state: 'up',
        detail: `everything, from the log alone${firstAt === undefined ? '' : `, which begins ${toDay(firstAt)}`}`,
      };
    case 'archive':
      return { state: 'up', detail: `${since}, before it from the archive since ${toDay(archivedSince ?? 0)}` };
    case 'gap': {
      const archive = archivedSince === undefined ? 'is empty' : `begins ${toDay(archivedSince)}`;
      const known = knownSince === undefined ? '' : `, while the history knows facts since ${toDay(knownSince)}`;
      return {
        state: 'warning',
        detail: `${since}, whose first message has number ${firstSequence}; the archive ${archive}${known}: restore fact_archive from a backup`,
      };
    }
  }
}

const toDay = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

interface Needs {
  nats: NatsConnection;
  history: History;
  health: Health;
  signal: AbortSignal;
  periodMs?: number;
  prefix?: string | undefined;
}

const everyMinuteMs = 60_000;

export function watchReach({ nats, history, health, signal, periodMs = everyMinuteMs, prefix }: Needs) {
  let reach: Reported = { state: 'starting', detail: '' };
  health.probe('replayable', 'reported', () => reach);

  async function keepLooking(): Promise<void> {
    while (!signal.aborted) {
      try {
        reach = describeReach(await readFactsFill(nats, { prefix }), await readKeptFacts(history));
      } catch (error) {
        reach = { state: 'starting', detail: `not known: ${error instanceof Error ? error.message : String(error)}` };
      }
      await delay(periodMs, undefined, { signal }).catch(() => {});
    }
  }
  return { ended: keepLooking() };
}
