// The settings of policy: PLATTE_POSTGRES_URL for `postgresUrl`, and so on. docs/reference lists those of all programs.
import { byteSize, choice, count, duration, flag, port, secret, text, url, urls } from '@platte/service';
import { z } from 'zod';

export const Config = z.object({
  /** /livez, /readyz, /metrics. */
  internalPort: port().default(0),
  internalListen: text('an address to listen on').default('127.0.0.1'),
  natsUrl: urls('nats', 'tls'),
  natsUser: text().optional(),
  natsPassword: secret().optional(),
  /** Of the streams, where this program is the first to come: 3 in a cluster. */
  natsReplicas: count({ min: 1, max: 5 }).default(1),
  /** How much of NATS's disk the facts may take. */
  factsMax: byteSize({ min: 2 ** 20 }).default(10 * 2 ** 30),
  /** May hold a password: shown to nobody. */
  postgresUrl: url('postgres', 'postgresql').meta({ secret: true }),
  /** Connections for commands, snapshots and whatever is asked now and then; decisions have their own few. */
  postgresPoolMax: count({ min: 2, max: 100 }).default(8),
  /** What a restart needs before the stores answer. */
  dataDir: text('a folder').default('.platte/policy'),

  /** One package per channel at the first start, for a look around: their payloads do not exist. */
  examplePackages: flag().default(false),
  /** How long a machine stays forced if no grant uses it up. */
  forceLasts: duration({ minMs: 60_000, maxMs: 30 * 86_400_000 }).default(86_400_000),

  logLevel: choice('debug', 'info', 'warn', 'error', 'silent').default('info'),
  stopGrace: duration({ minMs: 100, maxMs: 300_000 }).default(10_000),
  /** Lets tests move the time. */
  testMode: flag().default(false),
});
export type Config = z.infer<typeof Config>;
