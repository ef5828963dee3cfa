// The NATS cluster that tests of the kind `cluster` run against, started once for a run: three servers with TLS and users,
// on free ports, in a temporary folder that is gone afterwards. Tests that break servers start a cluster of their own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startNatsCluster } from './nats-cluster.js';

export default async function startTestCluster(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'platte-cluster-'));
  const cluster = await startNatsCluster({ folder });
  project.provide('natsUrl', cluster.url);
  project.provide('natsAccess', cluster.access);
  project.provide('natsReplicas', cluster.replicas);
  return async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
