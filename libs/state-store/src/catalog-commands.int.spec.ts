import { type CatalogCommandInput, isRejection } from '@platte/rollout';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTestCatalog, now, type TestCatalog } from '../test/catalog.js';
import { listenToCatalog, readRevision } from './catalog-revision.js';
import { unpackFacts } from './packed-facts.js';
import { readSnapshot, readSnapshots } from './catalog-snapshots.js';

let catalog: TestCatalog;
let store: TestCatalog['store'];
beforeAll(async () => {
  catalog = await makeTestCatalog();
  ({ store } = catalog);
});
afterAll(() => catalog.end());

const count = async (table: string, application: string): Promise<number> => {
  const { rows } = await store.pool.query<{ count: number }>(`select count(*) from ${table} where application = $1`, [
    application,
  ]);
  return rows[0]?.count ?? 0;
};

const longVersion = (n: number) => `1.0.0-${String(n).padStart(4, '0')}${'x'.repeat(240)}`;

describe('a command', () => {
  it('writes its rows, its log and its facts together', async () => {
    const { application, channel, group, two } = await catalog.makeApplication();
    const executed = await catalog.must({ kind: 'AssignPackage', application, channel, package: two });
    expect(executed.facts.map(({ kind }) => kind)).toEqual(['PackageAssigned', 'RolloutSuperseded', 'RolloutStarted']);

    const { rows: log } = await store.pool.query(
      'select number, actor, actor_kind, kind, at from catalog_change where revision = $1 order by number',
      [executed.revision],
    );
    expect(log).toEqual(
      executed.facts.map(({ kind }, number) => ({ number, actor: 'ada', actor_kind: 'person', kind, at: now })),
    );
    const { rows: outbox } = await store.pool.query<{ facts: string }>(
      'select facts from outbox order by id desc limit 1',
    );
    expect(unpackFacts(outbox[0]?.facts ?? '')).toEqual(executed.facts);
    const snapshot = await readSnapshot(store, application);
    expect(snapshot?.groups[0]).toMatchObject({
      id: group,
      revision: executed.revision,
      rollout: { toVersion: '2.0.0', state: 'running' },
    });
  });

  it('that is refused changes nothing', async () => {
    const { application, channel } = await catalog.makeApplication();
    const before = [await readRevision(store.pool), await count('catalog_change', application)];
    expect(await catalog.execute({ kind: 'DeleteChannel', application, channel })).toMatchObject({
      rejected: 'in-use',
    });
    expect([await readRevision(store.pool), await count('catalog_change', application)]).toEqual(before);
  });

  it('that wants what is so changes nothing', async () => {
    const { application, group } = await catalog.makeApplication();
    expect(await catalog.execute({ kind: 'ResumeGroup', application, group })).toEqual({ facts: [], revision: null });
  });

  it('as a dry run says what would go, and does nothing', async () => {
    const { application, channel, two } = await catalog.makeApplication();
    await catalog.must({ kind: 'BlacklistPackage', application, channel, package: two });
    const before = await readSnapshot(store, application);
    const executed = await catalog.execute({ kind: 'DeletePackage', application, package: two }, { dryRun: true });
    expect(executed).toMatchObject({
      facts: [{ kind: 'PackageUnblacklisted' }, { kind: 'PackageDeleted' }],
      revision: null,
      plan: {
        changes: [{ kind: 'PackageUnblacklisted' }, { kind: 'PackageDeleted', before: { id: two }, after: null }],
      },
    });
    expect(await readSnapshot(store, application)).toEqual(before);
  });

  it('by somebody who saw an older revision is refused', async () => {
    const { application, channel } = await catalog.makeApplication();
    const edited = await catalog.must({ kind: 'EditChannel', application, channel, changes: { color: '#123456' } });
    const seen = (edited.revision ?? 0) - 1;
    expect(
      await catalog.execute({ kind: 'EditChannel', application, channel, changes: { color: '#654321' }, seen }),
    ).toMatchObject({ rejected: 'stale-revision' });
    expect(
      await catalog.execute({
        kind: 'EditChannel',
        application,
        channel,
        changes: { color: '#654321' },
        seen: seen + 1,
      }),
    ).toMatchObject({ facts: [{ kind: 'ChannelEdited' }] });
  });

  it('counts a floor and a blacklisting as changes of the channel', async () => {
    const { application, channel, two } = await catalog.makeApplication();
    const { revision } = await catalog.must({ kind: 'SetFloor', application, channel, package: two, reason: 'layout' });
    const seen = (revision ?? 0) - 1;
    expect(await catalog.execute({ kind: 'RemoveFloor', application, channel, package: two, seen })).toMatchObject({
      rejected: 'stale-revision',
    });
  });

  it('whose snapshot would be too large for the followers is refused', async () => {
    const { application } = await catalog.makeApplication();
    await store.pool.query(
      `insert into dead_end (application, version, reason) select $1, v, repeat('y', 500) from unnest($2::text[]) v`,
      [application, Array.from({ length: 700 }, (_, n) => longVersion(n))],
    );
    expect(await catalog.execute({ kind: 'MarkDeadEnd', application, version: '0.0.9', reason: 'x' })).toMatchObject({
      rejected: 'snapshot-too-large',
    });
    expect((await readSnapshot(store, application))?.deadEnds).toHaveLength(700);
  });

  it('works for every kind, and the snapshot says what became of it', async () => {
    const { application, channel, group, one, two } = await catalog.makeApplication();
    await catalog.must({ kind: 'EditApplication', application, changes: { description: 'fleet' } });
    await catalog.must({ kind: 'EditPackage', application, package: two, changes: { size: 11 } });
    await catalog.must({ kind: 'MarkDeadEnd', application, version: '0.9.0', reason: 'no room' });
    await catalog.must({ kind: 'MarkDeadEnd', application, version: '0.8.0', reason: 'gone soon' });
    await catalog.must({ kind: 'ClearDeadEnd', application, version: '0.8.0' });
    await catalog.must({ kind: 'SetFloor', application, channel, package: one, reason: 'first' });
    await catalog.must({ kind: 'BlacklistPackage', application, channel, package: two });
    await catalog.must({
      kind: 'EditGroup',
      application,
      group,
      changes: { name: 'Renamed', track: 'prod', policy: { timezone: 'Europe/Berlin' } },
    });
    await catalog.must({ kind: 'PauseRollout', application, group, cause: 'lunch' });
    await catalog.must({ kind: 'HoldMachine', application, machine: 'm1', note: 'disk' });
    await catalog.must({ kind: 'ForceMachine', application, machine: 'm2' });
    await catalog.must({ kind: 'EditMachine', application, machine: 'm1', name: 'door', labels: { rack: '7' } });
    const snapshot = await readSnapshot(store, application);
    expect(snapshot).toMatchObject({
      application: { description: 'fleet' },
      packages: [
        { id: one, files: [{ name: 'oem.gz', size: 3, sha1: null, sha256: null }] },
        { id: two, size: 11 },
      ],
      channels: [{ id: channel, package: one, floors: [{ package: one, reason: 'first' }], blacklist: [two] }],
      groups: [
        {
          name: 'Renamed',
          track: 'prod',
          policy: { timezone: 'Europe/Berlin', safeMode: true },
          rollout: { state: 'paused', cause: 'lunch' },
        },
      ],
      deadEnds: [{ version: '0.9.0', reason: 'no room' }],
      held: [{ machine: 'm1', note: 'disk' }],
      forced: [{ machine: 'm2', until: now + 86_400_000 }],
    });
    await catalog.must({ kind: 'RemoveFloor', application, channel, package: one });
    await catalog.must({ kind: 'UnblacklistPackage', application, channel, package: two });
    await catalog.must({ kind: 'ReleaseMachine', application, machine: 'm1' });
    await catalog.must({ kind: 'PauseGroup', application, group });
    await catalog.must({ kind: 'DeleteGroup', application, group });
    await catalog.must({ kind: 'DeleteChannel', application, channel });
    await catalog.must({ kind: 'DeletePackage', application, package: two });
    await catalog.must({ kind: 'DeleteApplication', application });
    expect(await readSnapshot(store, application)).toBeNull();
    expect(await count('catalog_change', application)).toBeGreaterThan(20);
  });

  it('D1: takes hostile text as text', async () => {
    const { application, group } = await catalog.makeApplication();
    const name = `'; drop table "update_group"; --$1\\ %s`;
    await catalog.must({ kind: 'EditGroup', application, group, changes: { name, track: `${name} <&>` } });
    expect((await readSnapshot(store, application))?.groups[0]).toMatchObject({ name, track: `${name} <&>` });
  });

  it('D18: with an id that a thing of another application has leaves that thing alone', async () => {
    const [mine, other] = [await catalog.makeApplication(), await catalog.makeApplication()];
    const before = await readSnapshot(store, other.application);
    const taken: CatalogCommandInput[] = [
      { kind: 'CreateChannel', application: mine.application, id: other.channel, name: 'x', arch: 'amd64' },
      { kind: 'CreateGroup', application: mine.application, id: other.group, name: 'x', track: 'x' },
    ];
    for (const command of taken) expect(await catalog.execute(command)).toMatchObject({ rejected: 'id-taken' });
    expect(
      await catalog.execute({ kind: 'PauseGroup', application: mine.application, group: other.group }),
    ).toMatchObject({
      rejected: 'unknown-group',
    });
    expect({ ...(await readSnapshot(store, other.application)), revision: 0 }).toEqual({ ...before, revision: 0 });
  });

  it('clones an application in one transaction', async () => {
    const { application } = await catalog.makeApplication();
    const copy = catalog.newId();
    const executed = await catalog.must({
      kind: 'CreateApplication',
      id: copy,
      name: 'copy of one',
      cloneOf: application,
    });
    expect(executed.facts.map(({ kind }) => kind)).toEqual(['ApplicationCreated', 'ChannelCreated', 'GroupCreated']);
    expect(await readSnapshot(store, copy)).toMatchObject({
      packages: [],
      channels: [{ name: 'stable', package: null }],
      groups: [{ name: 'Stable', policy: { safeMode: true }, rollout: null }],
    });
  });
});

describe('concurrent commands', () => {
  it('give one name to one thing, and refuse the others with the same reason as if they had come later', async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, () => catalog.execute({ kind: 'CreateApplication', name: 'only one' })),
    );
    expect(results.filter(isRejection).map(({ rejected }) => rejected)).toEqual(
      Array.from({ length: 7 }, () => 'name-taken'),
    );
  });

  it('of one application and of several neither lose a change nor wait for each other for ever', async () => {
    const apps = await Promise.all([catalog.makeApplication(), catalog.makeApplication()]);
    const before = await readRevision(store.pool);
    const commands = apps.flatMap(({ application, group, channel, two }) =>
      Array.from({ length: 5 }, (_, i): CatalogCommandInput[] => [
        { kind: 'HoldMachine', application, machine: `m${i}` },
        { kind: 'CreateChannel', application, name: `c${i}`, arch: 'amd64' },
        { kind: 'EditGroup', application, group, changes: { description: `${i}` } },
        { kind: 'AssignPackage', application, channel, package: i % 2 ? two : null },
      ]).flat(),
    );
    const results = await Promise.all(commands.map((command) => catalog.execute(command)));
    expect(results.filter(isRejection)).toEqual([]);
    const revisions = results.flatMap((result) =>
      isRejection(result) || result.revision === null ? [] : [result.revision],
    );
    expect(new Set(revisions).size).toBe(revisions.length);
    expect(await readRevision(store.pool)).toBe(before + revisions.length);
    for (const { application } of apps) {
      const snapshot = await readSnapshot(store, application);
      expect([snapshot?.held.length, snapshot?.channels.length]).toEqual([5, 6]);
    }
  });
});

/** For a machine that is busy with other tests. */
const patience = { timeout: 20_000, interval: 20 };

it('rings when a command commits', async () => {
  let rings = 0;
  const bell = listenToCatalog({ url: catalog.url, onRing: () => (rings += 1) });
  await expect.poll(() => rings, patience).toBe(1);
  await catalog.must({ kind: 'CreateApplication', name: 'rings' });
  await expect.poll(() => rings, patience).toBe(2);
  await bell.stop();
});

it('goes on listening after its connection was cut', async () => {
  let rings = 0;
  const troubles: Error[] = [];
  const bell = listenToCatalog({
    url: catalog.url,
    onRing: () => (rings += 1),
    onTrouble: (error) => troubles.push(error),
  });
  await expect.poll(() => rings, patience).toBe(1);
  await store.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'platte-catalog-bell' and datname = current_database()`,
  );
  await expect.poll(() => rings, patience).toBe(2);
  expect(troubles.length).toBeGreaterThan(0);
  await bell.stop();
});

it('reads all snapshots at one revision', async () => {
  const { revision, snapshots } = await readSnapshots(store);
  expect(snapshots.length).toBeGreaterThan(2);
  expect(new Set(snapshots.map((snapshot) => snapshot.revision))).toEqual(new Set([revision]));
});
