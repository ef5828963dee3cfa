// Analytics: facts -> ClickHouse, and the timelines that follow from them. Settings -> chassis -> Nest without HTTP; and at
// the end: the batch in hand is written and acknowledged, the rebuild under way finishes, the stores are closed.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { readConfig, startChassis, withPostgresTls } from '@platte/service';
import { AnalyticsModule } from './analytics.module.js';
import { Config } from './config.js';

const program = await startChassis('analytics', Config, withPostgresTls(readConfig(Config)));
const { stopper } = program;
const app = await NestFactory.createApplicationContext(AnalyticsModule.of(program), {
  logger: false,
  abortOnError: false,
});
stopper.add('Nest', () => app.close());
program.announce();
