// Connections to PostgreSQL that stay open and fall silent, as a fail-over behind a proxy or a frozen primary leaves them:
// whoever waits on one gets an error in time, the connection goes, and the next try works.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { isStoreFailure } from '@platte/service';
import {
  closeStore,
  findInstance,
  foldFacts,
  type FreshDatabase,
  grantBatch,
  listenToCatalog,
  makeFreshDatabase,
  makeInstanceCache,
  openStore,
  relayOutbox,
  type Store,
  takeLead,
  tryLead,
  withPatientClient,
  withTransaction,
} from '@platte/state-store';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { type Link, openLink } from '../chaos/link.js';
import { drawPosition, type Fleet, makeFleet } from './fleet.js';

let database: FreshDatabase;
let link: Link;
/** Of the database, over the link. */
let url: string;
let store: Store;
let fleet: Fleet;
let destroyed: number[];

describe('a store', () => {
  beforeEach(async () => {
    database = await makeFreshDatabase(inject('postgresUrl'));
    const { port } = new URL(database.url);
    link = await openLink('postgres', () => Number(port));
    const over = new URL(database.url);
    over.port = String(link.port);
    url = over.href;
    destroyed = [];
    store = openStore({ url, answerMsMax: 500, onUnanswered: (connections) => destroyed.push(connections) });
    fleet = await makeFleet(store);
  });

  afterEach(async () => {
    await closeStore(store);
    await link.close();
    await database.drop();
  });

  const grant = (count: number) =>
    grantBatch(store, { catalog: new Map(), position: drawPosition }, fleet.group, fleet.ask(count));

  /** Connections of both pools that wait for work. */
  async function fillPools(): Promise<void> {
    const busy = (pool: Store['pool']) => Promise.all([1, 2, 3].map(() => pool.query('select pg_sleep(0.05)')));
    await Promise.all([busy(store.pool), busy(store.hot)]);
  }

  it('a statement on a silent connection fails as an outage, and the next one works', async () => {
    link.freeze();
    const error = await store.pool.query('select 1').catch((error: unknown) => error);
    expect(isStoreFailure(error)).toBe(true);
    expect((await store.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  it('the first statement without an answer costs all idle connections, of both pools', async () => {
    await fillPools();
    const frozen = link.freeze();
    await expect(store.pool.query('select 1')).rejects.toThrow('Query read timeout');
    expect(destroyed).toEqual([frozen]);
    expect([store.pool.totalCount, store.hot.totalCount]).toEqual([0, 0]);
    // None of the next statements meets a silent one.
    await fillPools();
    expect(destroyed).toEqual([frozen]);
  });

  it('a transaction that falls silent half way is not rolled back over the silent connection', async () => {
    const begun = Promise.withResolvers<void>();
    const working = withTransaction(store.pool, async (client) => {
      await client.query('select 1');
      link.freeze();
      begun.resolve();
      await client.query('select 2');
    });
    await begun.promise;
    await expect(working).rejects.toThrow('Query read timeout');
    // A `rollback` would have waited for its own answer, and the connection would be there until then.
    expect(store.pool.totalCount).toBe(0);
  });

  it('a batch of decisions on a silent connection fails, and the group grants again', async () => {
    await grant(1);
    link.freeze();
    const error = await grant(2).catch((error: unknown) => error);
    expect(isStoreFailure(error)).toBe(true);
    const { decisions } = await grant(2);
    expect(decisions.map(({ answer }) => answer.reason)).toEqual(['granted', 'granted']);
  });

  it('a migration whose server was replaced fails, as the new one does not know its connection', async () => {
    const terminated = withPatientClient({ url, name: 'patient', lookMs: 100 }, async (client) => {
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      link.freeze();
      await store.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]).catch(() => {});
      await store.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      await client.query('select 2');
    });
    await expect(terminated).rejects.toThrow('Connection terminated');
  });

  it('a statement without a limit goes on as long as PostgreSQL works for it', async () => {
    const slow = withPatientClient({ url, name: 'patient', lookMs: 50 }, (client) =>
      client.query('select pg_sleep(1)'),
    );
    expect((await slow).rowCount).toBe(1);
  });

  it('a fold of the log on a silent connection fails, and its repetition writes the machines', async () => {
    const context = { instances: makeInstanceCache(100), position: drawPosition };
    await foldFacts(store, context, [fleet.checkIn(randomUUID())]);
    const machine = randomUUID();
    const facts = [fleet.checkIn(machine)];
    link.freeze();
    const error = await foldFacts(store, context, facts).catch((error: unknown) => error);
    expect(isStoreFailure(error)).toBe(true);
    await foldFacts(store, context, facts);
    expect(await findInstance(store.pool, fleet.application, machine)).toMatchObject({ version: '1.0.0' });
  });

  it('the relay of the outbox gives up a silent connection, and relays over another', async () => {
    await grant(1);
    let isFirst = true;
    const appended: string[] = [];
    const append = async (facts: { kind: string }[]): Promise<void> => {
      if (isFirst) link.freeze();
      isFirst = false;
      appended.push(...facts.map(({ kind }) => kind));
    };
    await expect(relayOutbox(store, append)).rejects.toThrow('Query read timeout');
    // PostgreSQL still has the silent session, which holds the lock of the relay until it is ended for its idleness.
    await expect.poll(() => relayOutbox(store, append), { timeout: 100_000, interval: 500 }).toBeGreaterThan(0);
    expect(appended).toContain('UpdateGranted');
  });
});

/** Each waits for limits of many seconds: all at once. */
describe.concurrent('a connection of its own', () => {
  const withLink = async (work: (own: { link: Link; url: string }) => Promise<void>): Promise<void> => {
    const { port } = new URL(inject('postgresUrl'));
    const own = await openLink('postgres', () => Number(port));
    const over = new URL(inject('postgresUrl'));
    over.port = String(own.port);
    try {
      await work({ link: own, url: over.href });
    } finally {
      await own.close();
    }
  };

  it('that migrates fails when PostgreSQL does not answer beside it', () =>
    withLink(async ({ link: own, url: over }) => {
      const stalled = withPatientClient({ url: over, name: 'patient', lookMs: 100 }, async (client) => {
        await client.query('select 1');
        own.stall();
        await client.query('select 2');
      });
      await expect(stalled).rejects.toThrow('Connection terminated');
    }));

  it('that leads loses its lead, and another takes it', () =>
    withLink(async ({ link: own, url: over }) => {
      const lead = await tryLead(over, 30_001);
      own.freeze();
      const next = takeLead(inject('postgresUrl'), 30_001);
      await once(lead!.signal, 'abort');
      const taken = await next;
      expect(taken.signal.aborted).toBe(false);
      await taken.release();
    }));

  it('that waits for the lead goes on after the limit of one wait', () =>
    withLink(async ({ url: over }) => {
      const held = await tryLead(inject('postgresUrl'), 30_002);
      const waiting = takeLead(over, 30_002);
      const starts = new Set<string>();
      const admin = openStore({ url: inject('postgresUrl') });
      const look = async (): Promise<number> => {
        const { rows } = await admin.pool.query<{ start: string }>(readWaits);
        rows.forEach(({ start }) => starts.add(start));
        return starts.size;
      };
      // It gave up its first wait and began another.
      await expect.poll(look, { timeout: 60_000 }).toBe(2);
      await held!.release();
      await (await waiting).release();
      await closeStore(admin);
    }));

  it('that listens to the catalog is replaced, and the bell rings again', () =>
    withLink(async ({ link: own, url: over }) => {
      const rings = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let heard = 0;
      const troubles: string[] = [];
      const bell = listenToCatalog({
        url: over,
        onRing: () => rings[heard++]?.resolve(),
        onTrouble: (error) => troubles.push(error.message),
      });
      await rings[0]!.promise;
      own.freeze();
      await rings[1]!.promise;
      expect(troubles).toHaveLength(1);
      await bell.stop();
    }));
});

const readWaits = `
  select query_start::text as start from pg_stat_activity a join pg_locks l using (pid)
  where l.locktype = 'advisory' and l.objid = 30002 and not l.granted`;
