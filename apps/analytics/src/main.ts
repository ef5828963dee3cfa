// Analytics: facts -> ClickHouse, and the timelines that follow from them. Settings -> chassis -> Nest without HTTP; and at
// the end: the batch in hand is written and acknowledged, the rebuild under way finishes, the stores are closed.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
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
import { AnalyticsModule } from './analytics.module.js';
import { Config } from './config.js';

const config = readConfig(Config);
const log = makeLog({ program: 'analytics', level: config.logLevel });
const stopper = makeStopper({ log, graceMs: config.stopGrace });
const clock = makeClock({ testMode: config.testMode });
const health = makeHealth();
const metrics = makeMetrics({ program: 'analytics' });
log.info({ settings: describeConfig(Config, config) }, 'starting');

const { port, close } = await startInternalServer({
  port: config.internalPort,
  host: config.internalListen,
  health,
  registry: metrics.registry,
  clock,
});
stopper.add('internal port', close);

const program = { config, log, clock, health, metrics, stopper };
const app = await NestFactory.createApplicationContext(AnalyticsModule.of(program), {
  logger: false,
  abortOnError: false,
});
stopper.add('Nest', () => app.close());
stopper.add('readiness', () => health.stop());
announceReady({
  log,
  program: 'analytics',
  ports: { internal: port },
  urls: { internal: `http://${config.internalListen}:${port}` },
});
