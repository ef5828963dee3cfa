// Publishes the catalog's snapshots into NATS, and keeps this process's own copy. Woken by PostgreSQL's bell after each
// commit, by a timer once a second should a ring be lost, and by NATS's return.
//
// Every replica does it: whoever is first puts a revision, the others' puts of the same one are refused by the bucket,
// which never goes backward. Now and then the whole bucket is compared with PostgreSQL and mended: it may be empty or
// older after NATS lost its disk, or hold an application that is gone. Should it be ahead of PostgreSQL, then a backup
// was restored: the revision is raised above it, so that followers take what PostgreSQL says.
import {
  followConnection,
  followSnapshots,
  publishRevision,
  publishSnapshot,
  type SnapshotFollower,
  withdrawSnapshot,
} from '@platte/fact-log';
import { ApplicationSnapshot, indexSnapshot, type SnapshotIndex } from '@platte/rollout';
import { listenToCatalog, raiseRevision, readRevision, readSnapshots } from '@platte/state-store';
import type { Parts } from './parts.js';

export interface Publishing {
  /** Looks at once. */
  wake: () => void;
}

export type PublishingParts = Pick<Parts, 'store' | 'nats' | 'log' | 'health' | 'stopper' | 'metrics'> & {
  config: Pick<Parts['config'], 'postgresUrl'>;
  /** Of names in NATS: tests have their own. */
  prefix?: string;
  /** Shorter in tests. */
  timing?: { compareMs?: number };
};

const lookMs = 1_000;
const defaultCompareMs = 30_000;

/** Resolves when the bucket has what PostgreSQL has, for the first time. */
export async function startPublishing(
  parts: PublishingParts,
  catalog: Map<string, SnapshotIndex>,
): Promise<Publishing> {
  const { nats, log, health, stopper, metrics, prefix } = parts;
  const reading = health.dependency('catalog', 'required');
  const published = metrics.gauge({
    name: 'platte_policy_catalog_revision',
    help: 'The revision of the catalog that was published last.',
  });
  const follower = await followSnapshots({ nc: nats, prefix, say: (line) => log.info(line) });
  stopper.add('catalog bucket', () => follower.stop());
  const first = Promise.withResolvers<void>();
  let seen: number | null = null;
  let isCompareDue = true;
  let trouble = '';
  let bucketTrouble: string | undefined;
  health.probe('jetstream', 'required', () => {
    const reason = bucketTrouble ?? follower.state().trouble;
    if (reason !== undefined) return { state: 'down', detail: `the catalog cannot be published: ${reason}` };
    if (seen === null) return { state: 'starting', detail: '' };
    return { state: 'up', detail: `catalog revision ${seen} is published` };
  });

  async function look(): Promise<void> {
    const revision = await readRevision(parts.store.pool);
    reading.up(`revision ${revision} is read`);
    const compare = isCompareDue;
    isCompareDue = false;
    if (compare) await follower.current;
    if (compare || revision !== seen) seen = await publish(parts, { follower, catalog, since: compare ? null : seen });
    published.set(seen ?? 0);
  }
  async function lookSafely(): Promise<boolean> {
    try {
      await look();
      if (trouble !== '') log.info('the catalog is published again');
      trouble = '';
      bucketTrouble = undefined;
      first.resolve();
      return true;
    } catch (error) {
      // What was missed is not known: the next look compares all.
      isCompareDue = true;
      const words = error instanceof Error ? error.message : String(error);
      if (words !== trouble) log.warn({ err: error }, 'the catalog could not be published: trying again');
      trouble = words;
      if (error instanceof PublishFailed) bucketTrouble = words;
      else reading.down(words);
      return false;
    }
  }

  const wake = makeOneAtATime(lookSafely);
  const bell = listenToCatalog({ url: parts.config.postgresUrl, onRing: wake });
  const timers = [
    setInterval(wake, lookMs),
    setInterval(() => (isCompareDue = true), parts.timing?.compareMs ?? defaultCompareMs),
  ];
  const unfollow = followConnection(nats, ({ up }) => {
    isCompareDue = true;
    if (up) wake();
  });
  stopper.add('publishing', async () => {
    timers.forEach((timer) => clearInterval(timer));
    unfollow();
    await bell.stop();
  });
  await first.promise;
  return { wake };
}

interface Look {
  follower: SnapshotFollower;
  catalog: Map<string, SnapshotIndex>;
  /** Publishes what changed after it; null compares all. */
  since: number | null;
}

/** @returns the revision that is published now */
async function publish(parts: PublishingParts, { follower, catalog, since }: Look): Promise<number> {
  const { store, nats, log, prefix } = parts;
  const options = prefix === undefined ? {} : { prefix };
  const { revision, snapshots, gone } = await readSnapshots(store, since);
  const inBucket = follower.state().revision;
  if (since === null && inBucket > revision && inBucket > (await readRevision(store.pool))) {
    log.warn(
      { inBucket, inPostgres: revision },
      'the catalog of PostgreSQL is older than the published one: was a backup restored? Publishing it above',
    );
    await raiseRevision(store.pool, inBucket + 1);
    return publish(parts, { follower, catalog, since });
  }
  for (const snapshot of snapshots) keep(catalog, snapshot);
  for (const snapshot of snapshots) {
    const held = since === null ? follower.get(snapshot.application.id) : undefined;
    const value = isSame(snapshot, held) ? { ...snapshot, revision: held.revision } : snapshot;
    await publishSnapshot(nats, value, options).catch(failPublish);
  }
  const stray = since === null ? strays(follower, snapshots) : gone;
  for (const application of stray) {
    catalog.delete(application);
    await withdrawSnapshot(nats, application, revision, options).catch(failPublish);
  }
  await publishRevision(nats, revision, options);
  return revision;
}

/** JetStream did not take it. Every other failure of a look is PostgreSQL's. */
class PublishFailed extends Error {}

function failPublish(cause: unknown): never {
  throw new PublishFailed(cause instanceof Error ? cause.message : String(cause), { cause });
}

/** A decision may have read a newer one meanwhile. */
function keep(catalog: Map<string, SnapshotIndex>, snapshot: ApplicationSnapshot): void {
  const held = catalog.get(snapshot.application.id);
  if (held === undefined || held.snapshot.revision < snapshot.revision)
    catalog.set(snapshot.application.id, indexSnapshot(snapshot));
}

function strays(follower: SnapshotFollower, snapshots: readonly ApplicationSnapshot[]): string[] {
  const known = new Set(snapshots.map((snapshot) => snapshot.application.id));
  return [...follower.all()].map((held) => held.application.id).filter((application) => !known.has(application));
}

/**
 * The revision counts for all applications together: one that did not change keeps the one it was published with, and
 * the bucket refuses it, unless the bucket was lost.
 */
function isSame(snapshot: ApplicationSnapshot, held: ApplicationSnapshot | undefined): held is ApplicationSnapshot {
  return held !== undefined && toText(snapshot) === toText(held);
}

/** Parsed, so that keys have one order. */
function toText(snapshot: ApplicationSnapshot): string {
  return JSON.stringify(ApplicationSnapshot.parse({ ...snapshot, revision: 1 }));
}

/** Never two at once; a call during one makes another follow, as it may have come too late for it. */
function makeOneAtATime(work: () => Promise<unknown>): () => void {
  let isRunning = false;
  let isWanted = false;
  async function run(): Promise<void> {
    isRunning = true;
    while (isWanted) {
      isWanted = false;
      await work();
    }
    isRunning = false;
  }
  return () => {
    isWanted = true;
    if (!isRunning) void run();
  };
}
