// This program's connection to NATS, which may not be there yet: ingress starts from its stored catalog and its spool, and
// whoever needs NATS at once is told that it is away instead of waiting.
import { setTimeout as sleep } from 'node:timers/promises';
import { connectNats, ensureStreams, followConnection, NatsRefused } from '@platte/fact-log';
import { type Dependency, type Log, refuseToStart, type Stopper, toNatsAccess } from '@platte/service';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Config } from './config.js';

export interface NatsLink {
  connected: Promise<NatsConnection>;
  /** Rejects at once when NATS is away or nobody listens, and after the timeout. */
  request: (subject: string, payload: string, timeoutMs: number) => Promise<string>;
}

const drainMsMax = 2_000;

interface Needs {
  config: Config;
  log: Log;
  dependency: Dependency;
  stopper: Stopper;
}

export function linkNats({ config, log, dependency, stopper }: Needs): NatsLink {
  let known: NatsConnection | undefined;
  let live: NatsConnection | undefined;
  // Told now, so that it ends after all that is opened later and needs it.
  stopper.add('NATS', () => (known === undefined ? undefined : endConnection(known)));
  const say = (line: string) => log.info(line);
  const connected = connectNats({
    ...toNatsAccess(config),
    name: 'platte-ingress',
    say,
    signal: stopper.signal,
  });

  async function follow(): Promise<void> {
    const nc = await connected;
    known = nc;
    followConnection(nc, ({ up, server }) => {
      live = up ? nc : undefined;
      if (up) dependency.up(`connected to ${server}`);
      else dependency.down(`no connection to ${server}`);
    });
    const streams = { replicas: config.natsReplicas, factsBytesMax: config.factsMax, say, signal: stopper.signal };
    const report = await ensureStreams(nc, streams);
    for (const difference of report.differences)
      log.warn({ difference }, 'a stream is not as this program would make it');
  }
  follow().catch((error: unknown) => {
    if (stopper.signal.aborted) return;
    if (error instanceof NatsRefused) return void refuseToStart({ log, stopper }, error).catch(() => {});
    log.fatal({ err: error }, 'NATS cannot be used');
    void stopper.stop('NATS cannot be used', 1);
  });

  return {
    connected,
    async request(subject, payload, timeoutMs) {
      if (live === undefined) throw new Error('NATS is away');
      return (await live.request(subject, payload, { timeout: timeoutMs })).string();
    },
  };
}

/** Sends what is still to be sent. A server that hangs is not waited for: neither draining nor closing would ever end. */
async function endConnection(nc: NatsConnection): Promise<void> {
  const drained = nc.drain().catch(() => {});
  const isDrained = await Promise.race([drained.then(() => true), sleep(drainMsMax, false, { ref: false })]);
  if (!isDrained) void nc.close();
}
