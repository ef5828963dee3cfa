// The settings of analytics: PLATTE_NATS_URL for `natsUrl`, and so on. docs/reference lists those of all programs.
import {
  checkNatsSettings,
  checkPostgresSettings,
  choice,
  clickhouseSettings,
  count,
  duration,
  fillSettings,
  flag,
  internalPortSettings,
  natsSettings,
  port,
  postgresSettings,
  processSettings,
  text,
} from '@platte/service';
import { z } from 'zod';

const Settings = z.object({
  ...internalPortSettings,
  /** /livez, /readyz, /metrics. Each program has a port of its own; 0 takes a free one. */
  internalPort: port().default(9403),
  ...natsSettings,
  ...postgresSettings,
  ...clickhouseSettings,
  /** Facts that every consumer has seen leave NATS after so long: until then anything can be rebuilt from them. */
  factsKept: duration({ minMs: 3_600_000 }).default(14 * 86_400_000),

  /** Name of the ClickHouse cluster (docs/how-to/clickhouse-cluster.md); left out, one server. */
  clickhouseCluster: text('a name of letters, digits, _ and -')
    .refine((name) => /^[\w-]+$/.test(name), { error: 'should be a name of letters, digits, _ and -' })
    .optional(),
  /** Of a cluster: how many replicas of a shard must have what is written, 1 to 5 or `auto`, which is more than half. */
  clickhouseInsertQuorum: choice('auto', '1', '2', '3', '4', '5').default('auto'),

  /** A batch is written when it has so many facts, some 4 KB each in memory, or when its first is so old as below. */
  batchFactsMax: count({ min: 1, max: 200_000 }).default(50_000),
  batchDelay: duration({ minMs: 1, maxMs: 10_000 }).default(500),
  /** Under load, which is a tenth of a full batch by then, so old: a batch of 30,000 facts costs the engine little more than half of three. */
  batchDelayBusy: duration({ minMs: 1, maxMs: 10_000 }).default(1_200),
  /** Each fact is also kept whole. Without it nothing older than what NATS keeps can be rebuilt. */
  archive: flag().default(true),
  /** How long the history keeps facts as rows, which one machine's history is read from. Facts that are later change nothing. */
  historyRowsKept: duration({ minMs: 45 * 86_400_000 }).default(180 * 86_400_000),
  /** Facts whole: the only copy of what NATS no longer has. */
  historyArchiveKept: duration({ minMs: 86_400_000 }).default(400 * 86_400_000),
  /** Failures one by one, and days on which a group's channel had no package. */
  historyFailuresKept: duration({ minMs: 86_400_000 }).default(400 * 86_400_000),
  /** As-of timelines by the minute; by the hour they are kept for good. */
  historyMinutesKept: duration({ minMs: 45 * 86_400_000 }).default(45 * 86_400_000),
  /** Who was there, by the hour. */
  historyPresenceHoursKept: duration({ minMs: 2 * 86_400_000 }).default(100 * 86_400_000),
  /** Who was there, by the day. */
  historyPresenceDaysKept: duration({ minMs: 2 * 86_400_000 }).default(1100 * 86_400_000),
  /** Rest between two rebuilds of timelines; a rebuild that took longer than a tenth of it makes it longer. */
  rebuildPause: duration({ minMs: 100, maxMs: 600_000 }).default(2_000),
  /** How often the history is compared with PostgreSQL, machine by machine: some 5 s of work for a million. */
  verifyPeriod: duration({ minMs: 1_000 }).default(3_600_000),
  /** How often the machines of running rollouts are counted, to mark those that every machine has. */
  finishPeriod: duration({ minMs: 1_000 }).default(60_000),
  /** Machines whose number is kept in memory, some 100 bytes each, and for a while up to twice as many; more than the fleet has is no use, less costs a lot. */
  cachedMachinesMax: count({ min: 1_000 }).default(2_000_000),

  ...fillSettings,
  ...processSettings,
  /** A batch that is being written has to end: twice as long as others. */
  stopGrace: duration({ minMs: 100, maxMs: 300_000 }).default(20_000),
});
export const Config = Settings.superRefine(checkNatsSettings).superRefine(checkPostgresSettings);
export type Config = z.infer<typeof Config>;
