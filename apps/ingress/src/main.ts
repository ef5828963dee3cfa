// Ingress: Omaha over HTTP. One process, or a primary with several workers that share the port and behave as one.
import 'reflect-metadata';
import cluster from 'node:cluster';
import { keepFilesPrivate, makeLog, makeStopper, readConfig } from '@platte/service';
import { Config } from './config.js';
import { serveMachines } from './serve-machines.js';
import { superviseWorkers } from './supervise-workers.js';

const config = readConfig(Config);
keepFilesPrivate();
const log = makeLog({ program: 'ingress', level: config.logLevel });
const supervises = config.ingressWorkers > 1 && cluster.isPrimary;
// The primary gives its workers their whole time.
const stopper = makeStopper({ log, graceMs: config.stopGrace + (supervises ? 2_000 : 0) });
await (supervises ? superviseWorkers(config, { log, stopper }) : serveMachines(config, { log, stopper }));
