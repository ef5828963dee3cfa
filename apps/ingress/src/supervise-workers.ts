// The primary of several workers: it starts them, starts one anew that ended, and answers for all of them on the internal port:
// ready when each of them is, metrics added up. It serves no machine itself.
import cluster, { type Worker } from 'node:cluster';
import { availableParallelism } from 'node:os';
import {
  announceReady,
  collectSharedMetrics,
  type DependencyState,
  type HealthReport,
  isReadyMessage,
  type Log,
  makeHealth,
  type ReadyMessage,
  startInternalServer,
  type Stopper,
} from '@platte/service';
import type { Config } from './config.js';
import { urlsOf } from './serve-machines.js';
import { isWorkerHealth, workerEnv } from './workers.js';

interface Slot {
  number: number;
  worker: Worker | undefined;
  report: HealthReport | undefined;
  /** When the report came, in ms of the process's own clock. */
  reportedAt: number;
}

/** A worker that said nothing for so long hangs. */
const silentMsMax = 5_000;
const restartPauseMs = 500;

export async function superviseWorkers(
  config: Config,
  { log, stopper }: { log: Log; stopper: Stopper },
): Promise<void> {
  const health = makeHealth();
  // Workers accept by themselves. Handed out by the primary, a connection that is on its way to a worker that just died would
  // hang until its client gives up; and two workers served 8 % less (measured: 1.17 of one against 1.26).
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const ready = Promise.withResolvers<ReadyMessage>();
  if (config.ingressWorkers > availableParallelism())
    log.warn({ workers: config.ingressWorkers, processors: availableParallelism() }, 'more workers than processors');

  const internal = await startInternalServer({
    port: config.internalPort,
    host: config.internalListen,
    health,
    registry: collectSharedMetrics(),
  });
  stopper.add('internal port', () => internal.close());

  const slots = Array.from({ length: config.ingressWorkers }, (_, index): Slot => ({
    number: index + 1,
    worker: undefined,
    report: undefined,
    reportedAt: 0,
  }));
  const serving = new Set<number>();
  for (const slot of slots) {
    health.probe(`worker ${slot.number}`, 'required', () => describe(slot));
    keepAlive(slot, (message) => {
      serving.add(slot.number);
      if (serving.size === slots.length) ready.resolve(message);
    });
  }

  health.serve();

  function keepAlive(slot: Slot, onReady: (message: ReadyMessage) => void): void {
    const worker = cluster.fork(workerEnv(slot.number));
    slot.worker = worker;
    worker.on('message', (message: unknown) => {
      if (isReadyMessage(message)) onReady(message);
      if (!isWorkerHealth(message)) return;
      slot.report = message.report;
      slot.reportedAt = performance.now();
    });
    worker.once('exit', (code, signal) => {
      slot.worker = undefined;
      slot.report = undefined;
      if (stopper.signal.aborted) return;
      log.error({ worker: slot.number, code, signal }, 'a worker ended: starting it anew');
      setTimeout(() => stopper.signal.aborted || keepAlive(slot, onReady), restartPauseMs);
    });
  }

  stopper.add('workers', async () => {
    await Promise.all(slots.map(({ worker }) => endWorker(worker)));
  });
  stopper.add('readiness', () => health.stop());
  const { ports } = await ready.promise;
  const served = { omaha: ports['omaha'] ?? 0, internal: internal.port };
  announceReady({
    log,
    program: 'ingress',
    ports: { ...served },
    urls: urlsOf(config, served),
  });
}

function describe({ worker, report, reportedAt }: Slot): { state: DependencyState; detail: string } {
  if (worker === undefined) return { state: 'down', detail: 'it ended and is started anew' };
  if (report === undefined) return { state: 'starting', detail: '' };
  if (performance.now() - reportedAt > silentMsMax) return { state: 'down', detail: 'it says nothing' };
  const down = report.dependencies
    .filter(({ state }) => state !== 'up')
    .map(({ name, state, detail }) => `${name} ${state}: ${detail}`);
  const ready = report.dependencies.some(({ state }) => state === 'warning') ? 'warning' : 'up';
  return { state: report.ready ? ready : 'down', detail: [`process ${worker.process.pid}`, ...down].join('; ') };
}

function endWorker(worker: Worker | undefined): Promise<void> {
  if (worker === undefined) return Promise.resolve();
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.process.kill('SIGTERM');
  return ended;
}
