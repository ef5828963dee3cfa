import type { EventReported, Fact } from '@platte/facts';
import { logNames, purgeFacts, readFactsFill } from '@platte/fact-log';
import { readHistoryTables, switchHistory } from '@platte/history';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeCopy } from './rebuilt-copy.js';
import { replay } from './replay.js';
import { app, checkIn, group, place, type SmallPlatform, startSmallPlatform } from './testing/small-platform.js';
import { verify } from './verify.js';

/** What the stream of a test holds, and more. */
const arrivingMax = 20_000;
const hourMs = 3_600_000;
let platform: SmallPlatform;
beforeEach(async () => {
  platform = await startSmallPlatform();
});
afterEach(async () => {
  await platform.end();
});

const names = Array.from({ length: 20 }, (_, index) => `machine-${index}`);

function failed(machine: string, at: number): EventReported {
  return {
    kind: 'EventReported',
    v: 1,
    app,
    machine,
    ...place(at),
    version: '1.0.0',
    group,
    channel: null,
    arch: 'amd64',
    rollout: null,
    reboots: true,
    oem: '',
    type: 3,
    result: 0,
    errorCode: '2004',
    previousVersion: '',
    bootId: '',
  };
}

/** A day and a half of a small fleet: hourly check-ins, a new version, failures, a machine without a package. */
function life(now: number): Fact[][] {
  const hours = Array.from({ length: 36 }, (_, hour) => now - (36 - hour) * hourMs);
  return hours.map((at, hour) =>
    names.flatMap((machine, index): Fact[] => {
      if (hour > 3 && index === 0) return [];
      const version = hour > 10 + (index % 5) ? '2.0.0' : '1.0.0';
      const answer = { reason: index === 1 ? ('no-package' as const) : ('up-to-date' as const), inputs: {} };
      const seen = checkIn(machine, at + index, { version, answer, ip: `10.0.0.${hour % 3}` });
      return hour === 9 && index > 14 ? [failed(machine, at + index), seen] : [seen];
    }),
  );
}

async function live(): Promise<Fact[][]> {
  const batches = life(Date.now());
  for (const batch of batches) await platform.append(batch);
  await platform.settle();
  return batches;
}

async function version(machine: string): Promise<string> {
  const { rows } = await platform.stores.store.pool.query('select version from instance where machine = $1', [machine]);
  return String(rows[0]?.version);
}

describe('verify', () => {
  it('finds no difference, also with facts twice and late', async () => {
    const batches = await live();
    await platform.append(batches[20] ?? []);
    await platform.append([checkIn('machine-3', Date.now() - 30 * hourMs, { version: '0.5.0' })]);
    await platform.settle();
    const { compared, first } = await verify(platform.stores, platform.progress);
    expect(first).toBeNull();
    const counted = Object.fromEntries(compared.map(({ store, table, rows }) => [`${store} ${table}`, rows]));
    expect(counted['postgres instance']).toBe(20);
    expect(counted['clickhouse machine']).toBe(20);
    const tables = ['fact', 'transition', 'delta', 'presence_hour', 'failure', 'missing_package'];
    expect(tables.filter((table) => !counted[`clickhouse ${table}`])).toEqual([]);
  });

  it('names the row and the column of PostgreSQL that differs, and replay restores it', async () => {
    await live();
    await platform.stores.store.pool.query(`update instance set version = '9.9.9' where machine = 'machine-5'`);
    const { first, differing } = await verify(platform.stores, platform.progress);
    expect({ first, differing }).toEqual({
      first: {
        store: 'postgres',
        table: 'instance',
        key: `${app} machine-5`,
        column: 'version',
        live: '"9.9.9"',
        rebuilt: '"2.0.0"',
      },
      differing: 1,
    });
    await replay(platform.stores, platform.progress);
    expect(await version('machine-5')).toBe('2.0.0');
    expect((await verify(platform.stores, platform.progress)).first).toBeNull();
  });

  it('names every table of the history that lost its rows, and replay restores all of them', async () => {
    await live();
    const { history } = platform.stores;
    const folds = (await readHistoryTables(history)).filter(({ mark }) => mark === 'fold');
    const before = await verify(platform.stores, platform.progress);
    const filled = folds.filter(({ name }) => before.compared.some(({ table, rows }) => table === name && rows > 0));
    expect(filled.length).toBeGreaterThan(8);
    for (const { name } of filled.toReversed()) {
      await history.run(`truncate table ${name}`);
      const { compared, first } = await verify(platform.stores, platform.progress);
      expect(compared.find(({ table }) => table === name)?.rows).toBe(0);
      expect(first).toMatchObject({ store: 'clickhouse', table: name, live: 'no such row', column: '' });
    }
    await replay(platform.stores, platform.progress);
    const after = await verify(platform.stores, platform.progress);
    expect(after).toEqual({ ...before, compared: after.compared });
    expect(after.compared.map(({ table, rows }) => [table, rows])).toEqual(
      before.compared.map(({ table, rows }) => [table, rows]),
    );
  });
});

describe('replay', () => {
  it('takes from the archive what the log no longer has, and keeps the numbers of machines', async () => {
    await live();
    const { nats, prefix, store, history } = platform.stores;
    const numbersBefore = (await store.pool.query('select * from machine_number order by number')).rows;
    const { lastSequence } = await readFactsFill(nats, { prefix });
    await purgeFacts({
      nc: nats,
      prefix,
      now: Date.now() + 10_000,
      olderThanMs: 0,
      consumers: ['policy', 'analytics'],
    });
    expect((await readFactsFill(nats, { prefix })).messages).toBe(0);
    await platform.append([checkIn('machine-7', Date.now(), { version: '3.0.0' })]);
    await platform.settle();
    await store.pool.query('delete from instance');
    await history.run('truncate table fact');
    expect((await replay(platform.stores, platform.progress)).sequence).toBe(lastSequence + 1);
    expect(platform.said.some((line) => line.includes('facts of the archive'))).toBe(true);
    expect(await version('machine-7')).toBe('3.0.0');
    expect(await version('machine-8')).toBe('2.0.0');
    expect(
      (await history.read<{ facts: number }>('select count() as facts from fact final'))[0]?.facts,
    ).toBeGreaterThan(650);
    expect((await store.pool.query('select * from machine_number order by number')).rows).toEqual(numbersBefore);
    expect((await verify(platform.stores, platform.progress)).first).toBeNull();
  });

  it('takes everything from the archive when the log is purged to its end', async () => {
    await live();
    const { nats, prefix, history, store } = platform.stores;
    const countFacts = () => history.read<{ rows: number }>('select count() as rows from fact final');
    const before = await countFacts();
    await nats.request(`$JS.API.STREAM.PURGE.${logNames(prefix).facts.stream}`);
    await store.pool.query('delete from instance');
    await replay(platform.stores, platform.progress);
    expect(await countFacts()).toEqual(before);
    expect((await store.pool.query('select from instance')).rowCount).toBe(20);
    expect((await verify(platform.stores, platform.progress)).first).toBeNull();
  });

  it('refuses to replace what can be made from nowhere: the log is purged, and nothing is archived', async () => {
    await live();
    const { nats, prefix, history } = platform.stores;
    await nats.request(`$JS.API.STREAM.PURGE.${logNames(prefix).facts.stream}`);
    await history.run('truncate table fact_archive');
    const countFacts = () => history.read<{ rows: number }>('select count() as rows from fact final');
    const before = await countFacts();
    for (const work of [replay, verify])
      await expect(work(platform.stores, platform.progress)).rejects.toThrow('LogIncomplete');
    expect(await countFacts()).toEqual(before);
  });

  it('refuses to forget what the archive has let go, unless it may', async () => {
    const { nats, prefix, history } = platform.stores;
    await history.run('alter table fact_archive modify ttl toDateTime(at) + toIntervalDay(50)');
    await platform.append([checkIn('machine-old', Date.now() - 49.5 * 24 * hourMs)]);
    await live();
    // The log has all of it: nothing can be lost.
    await replay(platform.stores, platform.progress);
    await nats.request(`$JS.API.STREAM.PURGE.${logNames(prefix).facts.stream}`);
    await expect(replay(platform.stores, platform.progress)).rejects.toThrow(/^ArchiveExpired: .*--forget-older/);
    await replay(platform.stores, platform.progress, true);
    expect((await verify(platform.stores, platform.progress)).first).toBeNull();
  });

  it('reads the archive where the log was lost and begins again with message 1', async () => {
    await live();
    const { nats, prefix, store, history } = platform.stores;
    await platform.loseLog();
    await platform.append([checkIn('machine-7', Date.now(), { version: '3.0.0' })]);
    await platform.settle();
    expect(await readFactsFill(nats, { prefix })).toMatchObject({ firstSequence: 1, messages: 1 });
    expect((await verify(platform.stores, platform.progress)).first).toBeNull();
    await replay(platform.stores, platform.progress);
    expect((await store.pool.query('select from instance')).rowCount).toBe(20);
    expect(await version('machine-7')).toBe('3.0.0');
    const [machines] = await history.read<{ rows: number }>('select count() as rows from machine final');
    expect(machines?.rows).toBe(20);
    expect((await verify(platform.stores, platform.progress)).first).toBeNull();
  });

  it('refuses to lose a machine that neither log nor archive has, with figures, unless it may', async () => {
    await live();
    const { history, store } = platform.stores;
    await platform.loseLog();
    await history.run(`alter table fact_archive delete where machine = 'machine-8' settings mutations_sync = 2`);
    await expect(replay(platform.stores, platform.progress)).rejects.toThrow(
      /^CopyPoorer: .*ClickHouse has 20 machines live and 19 in the copy, which lacks 1 .*PostgreSQL has 20 machines live and 19/,
    );
    expect(await version('machine-8')).toBe('2.0.0');
    await replay(platform.stores, platform.progress, true);
    expect((await store.pool.query('select from instance')).rowCount).toBe(19);
    expect((await verify(platform.stores, platform.progress)).first).toBeNull();
  });

  it('refuses where the log was lost and nothing was archived, unless it may', async () => {
    await live();
    const { history } = platform.stores;
    await platform.loseLog();
    await history.run('truncate table fact_archive');
    for (const work of [replay, verify])
      await expect(work(platform.stores, platform.progress)).rejects.toThrow(
        /^LogIncomplete: .*the archive is empty and the history knows facts since/,
      );
    await replay(platform.stores, platform.progress, true);
    expect(await version('machine-8')).toBe('undefined');
  });

  it('neither loses nor doubles facts that arrive while it works', async () => {
    await live();
    const over = new AbortController();
    let sent = 0;
    const arriving = (async () => {
      while (!over.signal.aborted && sent < arrivingMax)
        await platform.append([checkIn(`guest-${sent++}`, Date.now(), { version: '2.0.0' })]);
    })();
    await replay(platform.stores, platform.progress).finally(() => over.abort());
    await arriving;
    await platform.settle();
    const { history, store } = platform.stores;
    const [facts] = await history.read<{ rows: number }>(
      `select count() as rows from fact final where inst in (select inst from machine_detail where startsWith(machine, 'guest-'))`,
    );
    expect(facts?.rows).toBe(sent);
    expect((await store.pool.query(`select from instance where machine like 'guest-%'`)).rowCount).toBe(sent);
    expect((await verify(platform.stores, platform.progress)).first).toBeNull();
  });

  it('finishes a switch that was cut short, with what arrived since', async () => {
    await live();
    const { history } = platform.stores;
    const copy = await makeCopy(platform.stores, platform.progress);
    await copy.feed();
    await copy.fold(copy.fed().seq, Date.now());
    await platform.append([checkIn('machine-9', Date.now(), { version: '4.0.0' })]);
    await platform.settle();
    await switchHistory(history, await readHistoryTables(history), copy.fed());
    await copy.close();
    expect((await history.read(`select inst from fact where version = '4.0.0'`)).length).toBe(0);
    expect((await verify(platform.stores, platform.progress)).first).toBeNull();
    expect((await history.read(`select inst from fact where version = '4.0.0'`)).length).toBe(1);
  });

  it('throws away what a killed one left, and leaves the live tables as they are until then', async () => {
    await live();
    const copy = await makeCopy(platform.stores, platform.progress);
    await copy.close();
    expect((await verify(platform.stores, platform.progress)).first).toBeNull();
  });

  it('gives no deleted machine back', async () => {
    await live();
    const { store } = platform.stores;
    await store.pool.query(`delete from instance where machine = 'machine-4'`);
    const deletion = {
      kind: 'MachineDeleted',
      v: 1,
      app,
      machine: 'machine-4',
      ...place(Date.now()),
      actor: 'test',
      revision: 1,
      group,
      cause: '',
      before: null,
      after: null,
    };
    await platform.append([deletion as unknown as Fact]);
    await platform.settle();
    await replay(platform.stores, platform.progress);
    expect(await version('machine-4')).toBe('undefined');
  });

  it('refuses a second one at the same time', async () => {
    await live();
    const first = verify(platform.stores, platform.progress);
    const second = verify(platform.stores, platform.progress);
    const ended = await Promise.allSettled([first, second]);
    expect(ended.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(ended.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { message: expect.stringContaining('AlreadyReplaying') },
    });
  });
});
