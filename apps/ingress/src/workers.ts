// What a worker tells its primary: how it is, once a second. Metrics travel by prom-client's own messages.
import cluster from 'node:cluster';
import type { Health, HealthReport } from '@platte/service';

export interface WorkerHealth {
  kind: 'platte-worker-health';
  report: HealthReport;
}

const tellMs = 1_000;
const numberVariable = 'PLATTE_WORKER_NUMBER';

/** From 1; the same after a worker was started anew, so that it finds its spool again. */
export function workerNumber(): number {
  return Number(process.env[numberVariable] ?? 1);
}

export const workerEnv = (number: number): Record<string, string> => ({ [numberVariable]: String(number) });

export function tellOnce(health: Health): void {
  const message: WorkerHealth = { kind: 'platte-worker-health', report: health.report() };
  if (cluster.worker?.isConnected()) process.send?.(message, undefined, undefined, () => {});
}

/** @returns how to stop telling */
export function tellPrimary(health: Health): () => void {
  const tell = () => tellOnce(health);
  const timer = setInterval(tell, tellMs);
  tell();
  return () => {
    clearInterval(timer);
    tell();
  };
}

export function isWorkerHealth(message: unknown): message is WorkerHealth {
  return (
    typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'platte-worker-health'
  );
}
