// Every shard of a cluster folds its own machines, side by side; one server is one shard. What a shard has folded stays
// folded when another fails: the next run goes on from each one's own watermark.
import type { History } from './connection.js';
import { dropPassed, rebuild, type RebuildInput, type Rebuilt } from './rebuild.js';

/** @throws the error of the first shard that failed, when all have ended */
export async function rebuildShards(shards: readonly History[], input: RebuildInput): Promise<Rebuilt> {
  const ended = await Promise.allSettled(shards.map((shard) => rebuildShard(shard, input)));
  const failed = ended.find((run) => run.status === 'rejected');
  if (failed) throw failed.reason;
  return sumUp(ended.flatMap((run) => (run.status === 'fulfilled' ? [run.value] : [])));
}

async function rebuildShard(shard: History, input: RebuildInput): Promise<Rebuilt> {
  const done = await rebuild(shard, input);
  if (done.facts > 0) await dropPassed(shard, done.upto);
  return done;
}

const sumUp = (runs: readonly Rebuilt[]): Rebuilt => ({
  facts: runs.reduce((sum, { facts }) => sum + facts, 0),
  late: runs.reduce((sum, { late }) => sum + late, 0),
  upto: Math.min(...runs.map(({ upto }) => upto)),
  caughtUp: runs.every(({ caughtUp }) => caughtUp),
});
