// The catalog's snapshots, one per application: policy publishes them, ingress and policy follow them in memory. A follower
// keeps the newest of each application, on disk too, so that a program starts and answers while NATS is away. It never
// goes back: a value of a revision that it has, or of an older one, changes nothing.
//
// Beside them policy publishes the catalog's revision once all applications of that revision are in the bucket. It is how a
// follower knows a catalog without any application from a bucket that was not filled yet.
import type { NatsConnection } from '@nats-io/transport-node';
import { ApplicationSnapshot } from '@platte/rollout';
import { messageOf } from './causes.js';
import { makeSnapshotCache, type SnapshotCache } from './snapshot-cache.js';
import { followValues, putValue } from './values.js';

/** What stays in the bucket of an application that was deleted: without it an old snapshot could come back. */
interface Tombstone {
  revision: number;
  deleted: string;
}

/** @returns whether the bucket took it: not if it has this revision or a newer one. */
export function publishSnapshot(
  nc: NatsConnection,
  snapshot: ApplicationSnapshot,
  { prefix }: { prefix?: string } = {},
): Promise<boolean> {
  return put(nc, snapshot.application.id, snapshot, prefix);
}

/** For an application that was deleted at `revision`. */
export function withdrawSnapshot(
  nc: NatsConnection,
  application: string,
  revision: number,
  { prefix }: { prefix?: string } = {},
): Promise<boolean> {
  const tombstone: Tombstone = { revision, deleted: application };
  return put(nc, application, tombstone, prefix);
}

const applicationKeys = 'app.';
const catalogKey = 'catalog';

/** For who has put everything of this revision. @returns whether the bucket took it: not if it has this one or a newer one. */
export function publishRevision(
  nc: NatsConnection,
  revision: number,
  { prefix }: { prefix?: string } = {},
): Promise<boolean> {
  const isNewer = (existing: Uint8Array) => revisionOf(parseJson(existing)) < revision;
  return putValue(nc, { prefix, key: catalogKey, value: JSON.stringify({ revision }), isNewer });
}

function put(
  nc: NatsConnection,
  application: string,
  value: ApplicationSnapshot | Tombstone,
  prefix: string | undefined,
): Promise<boolean> {
  const isNewer = (existing: Uint8Array) => revisionOf(parseJson(existing)) < value.revision;
  return putValue(nc, { prefix, key: `${applicationKeys}${application}`, value: JSON.stringify(value), isNewer });
}

export interface FollowSnapshotsOptions {
  /** A promise while the server is still waited for. */
  nc: NatsConnection | Promise<NatsConnection>;
  /** Where the last snapshots are kept; made if missing. Without it a start waits for NATS. */
  cacheFolder?: string | undefined;
  onChange?: ((snapshot: ApplicationSnapshot) => void) | undefined;
  onRemoved?: ((application: string) => void) | undefined;
  prefix?: string | undefined;
  say?: ((line: string) => void) | undefined;
}

export interface SnapshotsState {
  /** Of the newest snapshot; 0 when there is none. */
  revision: number;
  /** `nats`: these were the newest `ageMs` ago. `disk`: they were written so long ago, and NATS has not been reached. */
  source: 'nats' | 'disk' | 'none';
  ageMs: number;
  /** Why it cannot follow just now. */
  trouble?: string | undefined;
}

export interface SnapshotFollower {
  get: (application: string) => ApplicationSnapshot | undefined;
  all: () => IterableIterator<ApplicationSnapshot>;
  state: () => SnapshotsState;
  /** Resolves when there is a catalog to judge by: an application of it, or the word that it has none. Of the disk, too. */
  known: Promise<void>;
  /** Resolves when what the bucket holds has been read once. */
  current: Promise<void>;
  stop: () => Promise<void>;
}

/** Resolves when the disk's snapshots are loaded; NATS is not waited for. `onChange` is called for those too. */
export async function followSnapshots(options: FollowSnapshotsOptions): Promise<SnapshotFollower> {
  const { say = () => {} } = options;
  const held = new Map<string, ApplicationSnapshot>();
  const revisions = new Map<string, number>();
  const cache = options.cacheFolder === undefined ? undefined : await makeSnapshotCache(options.cacheFolder, say);
  let checkedAt: number | undefined;
  let trouble: string | undefined = 'NATS has not been reached yet';
  let stopFollowing: (() => void) | undefined;
  const current = Promise.withResolvers<void>();
  const known = Promise.withResolvers<void>();
  if (cache?.wasKnown === true) known.resolve();

  function take(value: unknown, from: SnapshotCache | undefined): void {
    const taken = readValue(value);
    if (taken.revision <= (revisions.get(taken.application) ?? 0)) return;
    revisions.set(taken.application, taken.revision);
    if (taken.snapshot === undefined) held.delete(taken.application);
    else held.set(taken.application, taken.snapshot);
    if (taken.snapshot !== undefined) known.resolve();
    from?.write(taken.application, taken.snapshot);
    if (taken.snapshot === undefined) options.onRemoved?.(taken.application);
    else options.onChange?.(taken.snapshot);
  }
  function takeSafely(key: string, read: () => unknown, writeTo: SnapshotCache | undefined): void {
    try {
      take(read(), writeTo);
    } catch (cause) {
      say(`snapshot ${key} cannot be used, the one before stays: ${messageOf(cause)}`);
    }
  }
  function takeRevision(): void {
    cache?.writeKnown();
    known.resolve();
  }
  for (const { name, value } of cache?.found ?? []) takeSafely(name, () => value, undefined);
  const fromDisk = { isAny: held.size > 0 || cache?.wasKnown === true, at: cache?.newestAt ?? 0 };

  const follow = (nc: NatsConnection): void => {
    stopFollowing = followValues(nc, {
      prefix: options.prefix,
      keys: '>',
      onValue: (key, data) => {
        if (key.startsWith(applicationKeys)) takeSafely(key, () => parseJson(data), cache);
        else if (key === catalogKey) takeRevision();
      },
      onCurrent: () => {
        checkedAt = Date.now();
        trouble = undefined;
        current.resolve();
      },
      onTrouble: (reason) => (trouble = reason),
    });
  };
  const forget = onceThere(options.nc, follow);

  return {
    get: (application) => held.get(application),
    all: () => held.values(),
    state: () => ({
      revision: Math.max(0, ...revisions.values()),
      source: checkedAt !== undefined ? 'nats' : fromDisk.isAny ? 'disk' : 'none',
      ageMs: Date.now() - (checkedAt ?? fromDisk.at),
      trouble,
    }),
    known: known.promise,
    current: current.promise,
    stop: async () => {
      forget();
      stopFollowing?.();
      await cache?.flush();
    },
  };
}

/** @returns what ends the wait. Whoever connects reports why it could not: here one goes on with what one has. */
function onceThere(nc: NatsConnection | Promise<NatsConnection>, use: (nc: NatsConnection) => void): () => void {
  let isWanted = true;
  if (!(nc instanceof Promise)) use(nc);
  else
    void nc.then(
      (there) => isWanted && use(there),
      () => {},
    );
  return () => void (isWanted = false);
}

/** @throws Error when it is neither: made by a newer program in a format that this one does not read. */
function readValue(value: unknown): { application: string; revision: number; snapshot?: ApplicationSnapshot } {
  if (isTombstone(value)) return { application: value.deleted, revision: value.revision };
  const snapshot = ApplicationSnapshot.parse(value);
  return { application: snapshot.application.id, revision: snapshot.revision, snapshot };
}

function isTombstone(value: unknown): value is Tombstone {
  return (
    typeof value === 'object' &&
    value !== null &&
    'deleted' in value &&
    typeof value.deleted === 'string' &&
    revisionOf(value) > 0
  );
}

/** 0 for what has none: anything is newer. */
function revisionOf(value: unknown): number {
  return typeof value === 'object' && value !== null && 'revision' in value && typeof value.revision === 'number'
    ? value.revision
    : 0;
}

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data).toString('utf8'));
  } catch {
    return undefined;
  }
}
