// Policy: owns the catalog and grants updates. Settings -> PostgreSQL -> NATS -> first catalog -> Nest -> commands and
// questions; and the same backwards at the end.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import {
  announceReady,
  describeConfig,
  makeClock,
  makeHealth,
  makeLog,
  makeMetrics,
  makeStopper,
  readConfig,
  startInternalServer,
} from '@platte/service';
import { Config } from './config.js';
import { makeFirstCatalog } from './first-catalog.js';
import { toTransport } from './nats-transport.js';
import { openParts } from './parts.js';
import { PolicyModule } from './policy.module.js';

const config = readConfig(Config);
const log = makeLog({ program: 'policy', level: config.logLevel });
const stopper = makeStopper({ log, graceMs: config.stopGrace });
const clock = makeClock({ testMode: config.testMode });
const health = makeHealth();
const metrics = makeMetrics({ program: 'policy' });
log.info({ settings: describeConfig(Config, config) }, 'starting');

const { internalPort, internalListen } = config;
const { registry } = metrics;
const internal = await startInternalServer({ port: internalPort, host: internalListen, health, registry, clock });
stopper.add('internal port', () => internal.close());

const parts = await openParts({ config, log, stopper, clock, health, metrics });
await makeFirstCatalog(parts);
const policy = await NestFactory.createMicroservice<MicroserviceOptions>(PolicyModule.of(parts), {
  ...toTransport(config),
  logger: false,
  abortOnError: false,
});
stopper.add('Nest', () => policy.close());
await policy.listen();
stopper.add('readiness', () => health.stop());
announceReady({
  log,
  program: 'policy',
  ports: { internal: internal.port },
  urls: { internal: `http://${internalListen}:${internal.port}` },
});
