// This program's connection to NATS, which may not be there yet: reading goes on without it, and a command is told at once
// that policy cannot be reached instead of waiting.
import { connectNats, ensureStreams, followClockOffset, followConnection, NatsRefused } from '@platte/fact-log';
import { type Clock, type Dependency, type Log, refuseToStart, type Stopper, toNatsAccess } from '@platte/service';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Config } from './config.js';

export interface NatsLink {
  /** The connection while it is up. */
  live(): NatsConnection | undefined;
}

interface Needs {
  config: Config;
  log: Log;
  clock: Clock;
  dependency: Dependency;
  stopper: Stopper;
}

export function linkNats({ config, log, clock, dependency, stopper }: Needs): NatsLink {
  let live: NatsConnection | undefined;
  const say = (line: string): void => log.info(line);
  const { signal } = stopper;

  async function follow(): Promise<void> {
    const nc = await connectNats({
      ...toNatsAccess(config),
      name: 'platte-api',
      say,
      signal,
    });
    stopper.add('NATS', () => nc.drain());
    await ensureStreams(nc, { replicas: config.natsReplicas, factsBytesMax: config.factsMax, say, signal });
    if (clock.testMode) stopper.add('test clock', followClockOffset(nc, clock.setOffset));
    followConnection(nc, ({ up, server }) => {
      live = up ? nc : undefined;
      if (up) dependency.up(`connected to ${server}`);
      else dependency.down(`no connection to ${server}`);
    });
  }
  follow().catch((error: unknown) => {
    if (signal.aborted) return;
    if (error instanceof NatsRefused) return void refuseToStart({ log, stopper }, error).catch(() => {});
    log.fatal({ err: error }, 'NATS cannot be used');
    void stopper.stop('NATS cannot be used', 1);
  });
  return { live: () => live };
}
