// What a program has from its first line, before anything of its own: settings, log, an orderly end, a clock, health, metrics
// and the port for operators. It is made before the stores are waited for, so that /readyz can say what is waited for.
import type { z } from 'zod';
import { type Clock, makeClock } from './clock.js';
import { describeConfig } from './config.js';
import { type Health, makeHealth } from './health.js';
import { startInternalServer } from './internal-server.js';
import { type Log, makeLog } from './log.js';
import { makeMetrics, type Metrics } from './metrics.js';
import { keepFilesPrivate } from './private-files.js';
import { announceReady } from './ready.js';
import type { internalPortSettings, processSettings } from './shared-settings.js';
import { makeStopper, type Stopper } from './stopper.js';

/** A schema that has the settings of every program. */
export type ProgramSchema = z.ZodObject<typeof internalPortSettings & typeof processSettings>;

export interface Chassis<Config> {
  config: Config;
  log: Log;
  clock: Clock;
  health: Health;
  metrics: Metrics;
  stopper: Stopper;
}

export interface StartedChassis<Config> extends Chassis<Config> {
  /**
   * Says that the program serves, and where: `ports` and `urls` besides the internal one. From then on the first step of
   * stopping is to be unready.
   */
  announce: (served?: { ports: Record<string, number>; urls: Record<string, string> }) => void;
}

/** @param config as read: a program may refuse it for reasons of its own before anything is opened */
export async function startChassis<Schema extends ProgramSchema>(
  program: string,
  schema: Schema,
  config: z.output<Schema>,
): Promise<StartedChassis<z.output<Schema>>> {
  keepFilesPrivate();
  const log = makeLog({ program, level: config.logLevel });
  const stopper = makeStopper({ log, graceMs: config.stopGrace });
  const clock = makeClock({ testMode: config.testMode });
  const health = makeHealth();
  const metrics = makeMetrics({ program });
  log.info({ settings: describeConfig(schema, config) }, 'starting');

  const { internalPort: port, internalListen: host } = config;
  const internal = await startInternalServer({ port, host, health, registry: metrics.registry, clock });
  stopper.add('internal port', () => internal.close());

  return {
    config,
    log,
    clock,
    health,
    metrics,
    stopper,
    announce: ({ ports, urls } = { ports: {}, urls: {} }) => {
      health.serve();
      stopper.add('readiness', () => health.stop());
      announceReady({
        log,
        program,
        ports: { ...ports, internal: internal.port },
        urls: { ...urls, internal: toUrl(host, internal.port) },
      });
    },
  };
}

/** `http://127.0.0.1:8000`; the brackets of an IPv6 address included. */
export function toUrl(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
