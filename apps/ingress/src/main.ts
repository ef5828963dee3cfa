// Ingress: Omaha over HTTP. One process, or a primary with several workers that share the port and behave as one.
import 'reflect-metadata';
import cluster from 'node:cluster';
import { readConfig } from '@platte/service';
import { Config } from './config.js';
import { serveMachines } from './serve-machines.js';
import { superviseWorkers } from './supervise-workers.js';

const config = readConfig(Config);
await (config.ingressWorkers > 1 && cluster.isPrimary ? superviseWorkers(config) : serveMachines(config));
