// The catalog's revision, and the bell that wakes whoever publishes snapshots.
import { Client as Connection, type Pool } from 'pg';
import { endWithin, limited, signOfLifeMs } from './connection-limits.js';
import type { Client } from './transaction.js';

const channelName = 'platte_catalog';

const nextRevision = `update catalog_revision set revision = revision + 1 returning revision`;
const ring = `select pg_notify('${channelName}', $1)`;
const selectRevision = `select revision from catalog_revision`;

/**
 * Takes the next revision, in a transaction that changes what a snapshot says; the bell rings when it commits. Its row
 * stays locked until then, so that revisions commit in order: call it after all other locks are held.
 */
export async function takeRevision(client: Pick<Client, 'query'>): Promise<number> {
  const { rows } = await client.query<{ revision: number }>(nextRevision);
  const revision = rows[0]?.revision;
  if (revision === undefined)
    throw new Error('catalog_revision has no row: restore the database or its migration 0001');
  await client.query(ring, [String(revision)]);
  return revision;
}

export async function readRevision(db: Pick<Pool, 'query'>): Promise<number> {
  const { rows } = await db.query<{ revision: number }>(selectRevision);
  return rows[0]?.revision ?? 0;
}

const raise = `update catalog_revision set revision = greatest(revision, $1::bigint) returning revision`;

/**
 * For a database that was restored from a backup: followers hold newer revisions than it, and would take none of its
 * snapshots. The next one is above theirs.
 */
export async function raiseRevision(pool: Pick<Pool, 'query'>, atLeast: number): Promise<void> {
  await pool.query(raise, [atLeast]);
}

export interface CatalogBell {
  stop: () => Promise<void>;
}

const reconnectMs = 500;

/**
 * Calls back whenever the catalog may have changed: at the start, after each commit, and after the connection was lost,
 * for what was missed. Notices are only a wake-up: the reader compares revisions.
 */
export function listenToCatalog({
  url,
  onRing,
  onTrouble = () => {},
}: {
  url: string;
  onRing: () => void;
  onTrouble?: (error: Error) => void;
}): CatalogBell {
  let client: Connection | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  async function listen(): Promise<void> {
    const fresh = new Connection({
      connectionString: url,
      application_name: 'platte-catalog-bell',
      ...limited,
      // The driver destroys it when a sign of life is not answered.
      pipeline: true,
    });
    client = fresh;
    let isLost = false;
    const signs = setInterval(() => void fresh.query('select').catch(() => {}), signOfLifeMs);
    fresh.once('end', () => clearInterval(signs));
    const lose = (error: Error) => {
      clearInterval(signs);
      if (isLost || isStopped) return;
      isLost = true;
      onTrouble(error);
      void endWithin(fresh);
      timer = setTimeout(() => void listen(), reconnectMs);
    };
    fresh.on('error', lose);
    fresh.on('end', () => lose(new Error('the connection that listens to the catalog ended')));
    fresh.on('notification', onRing);
    try {
      await fresh.connect();
      await fresh.query(`listen ${channelName}`);
      onRing();
    } catch (error) {
      lose(error instanceof Error ? error : new Error(String(error)));
    }
  }

  void listen();
  return {
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      if (client !== undefined) await endWithin(client);
    },
  };
}
