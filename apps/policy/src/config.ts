// The settings of policy: PLATTE_POSTGRES_URL for `postgresUrl`, and so on. docs/reference lists those of all programs.
import {
  checkNatsSettings,
  checkPostgresSettings,
  count,
  duration,
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
  internalPort: port().default(9402),
  ...natsSettings,
  ...postgresSettings,
  /** Connections for commands, snapshots and whatever is asked now and then; decisions have their own few. */
  postgresPoolMax: count({ min: 2, max: 100 }).default(8),
  /** What a restart needs before the stores answer. */
  dataDir: text('a folder').default('.platte/policy'),

  /** One package per channel at the first start, for a look around: their payloads do not exist. */
  examplePackages: flag().default(false),
  /** How long a machine stays forced if no grant uses it up. */
  forceLasts: duration({ minMs: 60_000, maxMs: 30 * 86_400_000 }).default(86_400_000),

  ...processSettings,
});
export const Config = Settings.superRefine(checkNatsSettings).superRefine(checkPostgresSettings);
export type Config = z.infer<typeof Config>;
