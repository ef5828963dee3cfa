// One serving process: settings -> chassis -> Nest with the Omaha route -> listen; and the same backwards at the end: unready,
// no new connections, the held answers out, facts stored, NATS drained.
import cluster from 'node:cluster';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  announceReady,
  type Clock,
  describeConfig,
  type Health,
  type Log,
  makeClock,
  makeHealth,
  makeMetrics,
  type Metrics,
  portOf,
  shareMetrics,
  startInternalServer,
  type Stopper,
  toUrl,
} from '@platte/service';
import { Config } from './config.js';
import { IngressModule } from './ingress.module.js';
import { makeOmahaRoute, refuseBrokenRequests } from './omaha-route.js';
import { tellOnce, tellPrimary, workerNumber } from './workers.js';

/**
 * Connections that the system holds while this process is busy: update_engine opens one for each request, and a fleet that
 * restarts opens thousands a second. The system's own bound (net.core.somaxconn, 4096 on Linux) may be lower.
 */
const waitingConnectionsMax = 4_096;

export interface ServedPorts {
  omaha: number;
  internal: number;
}

/** Resolves when machines are served; what ends it is the stopper's. */
export async function serveMachines(
  config: Config,
  { log, stopper }: { log: Log; stopper: Stopper },
): Promise<ServedPorts> {
  const clock = makeClock({ testMode: config.testMode });
  const health = makeHealth();
  const metrics = makeMetrics({ program: 'ingress' });
  log.info({ settings: describeConfig(Config, config) }, 'starting');

  const internal = await openInternalPort({ config, health, metrics, stopper, clock });
  const route = makeOmahaRoute(config);
  const app = await NestFactory.create<NestFastifyApplication>(
    IngressModule.of({ config, log, clock, health, metrics, stopper, route, worker: workerNumber() }),
    new FastifyAdapter({ serverFactory: route.serverFactory, clientErrorHandler: refuseBrokenRequests(route) }),
    { logger: false, abortOnError: false },
  );
  stopper.add('Nest', () => app.close());
  await app.listen({ port: config.port, host: config.listen, backlog: waitingConnectionsMax });
  stopper.add('machines', () => route.close());
  health.serve();
  if (cluster.isWorker) tellOnce(health);
  stopper.add('readiness', () => health.stop());

  const ports = { omaha: portOf(app.getHttpServer()), internal };
  announceReady({ log, program: 'ingress', ports: { ...ports }, urls: urlsOf(config, ports) });
  return ports;
}

/** A worker has none: it tells the primary, which has one for all. */
async function openInternalPort(needs: {
  config: Config;
  health: Health;
  metrics: Metrics;
  stopper: Stopper;
  clock: Clock;
}): Promise<number> {
  const { config, health, metrics, stopper, clock } = needs;
  if (cluster.isWorker) {
    shareMetrics(metrics.registry);
    stopper.add('health', tellPrimary(health));
    return 0;
  }
  const { registry } = metrics;
  const internal = await startInternalServer({
    port: config.internalPort,
    host: config.internalListen,
    health,
    registry,
    clock,
  });
  stopper.add('internal port', () => internal.close());
  return internal.port;
}

export function urlsOf({ listen, internalListen }: Config, ports: ServedPorts): Record<string, string> {
  return {
    omaha: `${toUrl(listen, ports.omaha)}/v1/update/`,
    internal: toUrl(internalListen, ports.internal),
  };
}
