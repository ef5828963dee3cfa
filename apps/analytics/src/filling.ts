// What analytics sees fill: the log, and the disk of ClickHouse. Each replica looks by itself; they see the same.
import { type NatsConnection, readFactsFill } from '@platte/fact-log';
import { type History, readDiskFill } from '@platte/history';
import type { Fill, FillingPlace } from '@platte/service';

export function fillingPlaces(nats: NatsConnection, history: History): FillingPlace[] {
  return [
    {
      name: 'facts',
      read: () => readLogFill(nats),
      advice:
        'when it is full, new facts go to the spools, then machines get 503: raise PLATTE_FACTS_MAX, or lower PLATTE_FACTS_KEPT',
    },
    {
      name: 'clickhouse-disk',
      read: () => readHistoryFill(history),
      advice:
        'when it is full, the history stands still and facts stay in the log: give the disk more, or keep less (PLATTE_HISTORY_…)',
    },
  ];
}

async function readLogFill(nats: NatsConnection): Promise<Fill> {
  const { bytes, bytesMax } = await readFactsFill(nats);
  // NATS says -1 for a stream without a limit, which somebody else has made.
  return { usedBytes: bytes, limitBytes: bytesMax > 0 ? bytesMax : Infinity };
}

async function readHistoryFill(history: History): Promise<Fill> {
  return (await readDiskFill(history)) ?? { usedBytes: 0, limitBytes: Infinity };
}
