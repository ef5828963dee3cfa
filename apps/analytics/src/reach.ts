// How far back the platform can be made anew: as far as the log goes, and below its first message as far as the archive goes,
// if both join. Said in /readyz, and shown by `platte doctor`.
import { setTimeout as delay } from 'node:timers/promises';
import { type FactsFill, type NatsConnection, readFactsFill } from '@platte/fact-log';
import { type History, reachesStart, readArchiveStart } from '@platte/history';
import type { Health } from '@platte/service';

type Log = Pick<FactsFill, 'firstSequence' | 'firstAt'>;
type Reach = ReturnType<Parameters<Health['probe']>[2]>;

/** @param archivedSince of the oldest fact of the archive (ms); undefined: it has none */
export function describeReach({ firstSequence, firstAt }: Log, archivedSince: number | undefined): Reach {
  if (firstSequence <= 1) {
    const since = firstAt === undefined ? '' : `, which begins ${toDay(firstAt)}`;
    return { state: 'up', detail: `everything, from the log alone${since}` };
  }
  const log = firstAt === undefined ? 'the log is empty' : `from the log since ${toDay(firstAt)}`;
  if (archivedSince === undefined || !reachesStart({ firstSequence, firstAt }, archivedSince)) {
    return {
      state: 'warning',
      detail: `${log}; messages below ${firstSequence} are gone, and the archive has nothing of before: restore fact_archive from a backup`,
    };
  }
  return { state: 'up', detail: `${log}, before it from the archive since ${toDay(archivedSince)}` };
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
  let reach: Reach = { state: 'starting', detail: '' };
  health.probe('replayable', 'reported', () => reach);

  async function keepLooking(): Promise<void> {
    while (!signal.aborted) {
      try {
        reach = describeReach(await readFactsFill(nats, { prefix }), await readArchiveStart(history));
      } catch (error) {
        reach = { state: 'starting', detail: `not known: ${error instanceof Error ? error.message : String(error)}` };
      }
      await delay(periodMs, undefined, { signal }).catch(() => {});
    }
  }
  return { ended: keepLooking() };
}
