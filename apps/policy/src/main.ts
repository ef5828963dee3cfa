// Policy: owns the catalog and grants updates. Settings -> PostgreSQL -> NATS -> first catalog -> Nest -> commands and
// questions; and the same backwards at the end.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { readConfig, startChassis, withPostgresTls } from '@platte/service';
import { Config } from './config.js';
import { makeFirstCatalog } from './first-catalog.js';
import { toTransport } from './nats-transport.js';
import { openParts } from './parts.js';
import { PolicyModule } from './policy.module.js';

const program = await startChassis('policy', Config, withPostgresTls(readConfig(Config)));
const { config, stopper } = program;
const parts = await openParts(program);
await makeFirstCatalog(parts);
const policy = await NestFactory.createMicroservice<MicroserviceOptions>(PolicyModule.of(parts), {
  ...toTransport(config),
  logger: false,
  abortOnError: false,
});
stopper.add('Nest', () => policy.close());
await policy.listen();
program.announce();
