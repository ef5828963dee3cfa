// The settings of ingress: PLATTE_PORT for `port`, and so on. docs/reference lists those of all programs.
import {
  byteSize,
  checkNatsSettings,
  choice,
  count,
  duration,
  fillSettings,
  internalPortSettings,
  list,
  natsSettings,
  port,
  processSettings,
  secret,
  text,
} from '@platte/service';
import { z } from 'zod';
import { isNetwork } from './client-address.js';

const Settings = z.object({
  /** For machines. */
  port: port().default(8000),
  /** The address that machines can reach it at; loopback until somebody opens it. */
  listen: text('an address to listen on, such as 127.0.0.1 or 0.0.0.0').default('127.0.0.1'),
  ...internalPortSettings,
  /** /livez, /readyz, /metrics. Each program has a port of its own; 0 takes a free one. */
  internalPort: port().default(9401),
  ...natsSettings,
  /** The last catalog snapshot and the spool: survives restarts. */
  dataDir: text('a folder').default('.platte/ingress'),
  /** Processes that share the port. One serves some 20,000 idle machines' checks per second on a core. */
  ingressWorkers: count({ min: 1, max: 64 }).default(1),

  /** Only `/v1/update/SECRET` is served then. What a URL's path can hold as it is. */
  updateSecret: secret('16 to 128 letters, digits, dots, dashes or underscores')
    .refine((value) => /^[\w.-]{16,128}$/.test(value), {
      error: 'should be 16 to 128 letters, digits, dots, dashes or underscores',
    })
    .optional(),
  /** Whose X-Forwarded-For is believed. */
  trustedProxies: list(
    text().refine(isNetwork, { error: 'should be an address or a network such as 10.0.0.0/8' }),
  ).default([]),
  /**
   * What a machine is taken for that does not say its architecture in any known way. `amd64` as Nebraska does it, which hides a
   * client's mistake; with `all` it gets only what is for every architecture.
   */
  unknownArch: choice('amd64', 'all').default('amd64'),
  /** The track of machines that send none or an empty one, in each application; without it they are in `unknown-group`. */
  defaultTrack: text('a track, such as stable').optional(),
  /**
   * Machines that one address may bring up in an hour, new to this process; 0 is no cap. More of them get no update and no record
   * (`too-many-new-machines`). After a start all are new: set it above the number of machines behind the biggest address.
   */
  newMachinesPerHour: count({ min: 0, max: 1_000_000 }).default(0),
  connectionsMax: count({ min: 1, max: 1_000_000 }).default(20_000),
  headersTimeout: duration({ minMs: 100, maxMs: 60_000 }).default(10_000),
  requestTimeout: duration({ minMs: 100, maxMs: 120_000 }).default(20_000),
  /** Longer than a balancer keeps its idle connections (60 s is usual), so that it is never the one who finds them closed. */
  keepAlive: duration({ minMs: 0, maxMs: 600_000 }).default(65_000),

  /** Answers held for their acks, from which on checks get 503; everything gets 503 at twice as many. One costs some 5 kB. */
  heldChecksMax: count({ min: 1, max: 1_000_000 }).default(10_000),
  /** A question to policy that takes longer is answered `policy-unavailable`. */
  decideTimeout: duration({ minMs: 10, maxMs: 10_000 }).default(500),
  /** Machines waiting for policy, beyond which the next are told `policy-unavailable` at once. */
  askedMax: count({ min: 1, max: 1_000_000 }).default(8_192),
  /** The ceiling of this replica's load that automatic poll intervals keep: 2000/s are 5.4 million machines at 45 minutes. */
  checksPerSecondMax: count({ min: 1, max: 1_000_000 }).default(2_000),
  /** Disk for facts while NATS is away: 512 MiB are some 700,000 check-ins. */
  spoolMax: byteSize({ min: 2 ** 20 }).default(512 * 2 ** 20),

  ...fillSettings,
  ...processSettings,
});
export const Config = Settings.superRefine(checkNatsSettings);
export type Config = z.infer<typeof Config>;
