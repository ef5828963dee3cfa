import { makePositions } from '@platte/facts';
import { CatalogCommand, type CatalogCommandInput, isRejection } from '@platte/rollout';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type CommandContext, executeCatalogCommand } from './catalog-commands.js';
import { listenToCatalog, readRevision } from './catalog-revision.js';
import { readSnapshot, readSnapshots } from './catalog-snapshots.js';
import { type FreshDatabase, makeFreshDatabase } from './fresh-database.js';
import { closeStore, openStore, type Store } from './store.js';

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const now = Date.parse('2026-11-27T11:00:00Z');
let database: FreshDatabase;
let store: Store;
let drawn = 1000;

beforeAll(async () => {
  database = await makeFreshDatabase(inject('postgresUrl'));
  store = openStore({ url: database.url, poolMax: 16 });
});

afterAll(async () => {
  await closeStore(store);
  await database.drop();
});

const draw = makePositions(1);
const context: CommandContext = {
  actor: 'ada',
  now,
  forceMs: 86_400_000,
  newId: () => id(drawn++),
  position: () => draw(now),
};

const execute = (input: CatalogCommandInput, changes: Partial<CommandContext> = {}) =>
  executeCatalogCommand(store, CatalogCommand.parse(input), { ...context, ...changes });

async function must(input: CatalogCommandInput) {
  const executed = await execute(input);
  if (isRejection(executed)) throw new Error(`${input.kind}: ${executed.words}`);
  return executed;
}

/** An application of its own for each test: amd64 packages 1.0.0 and 2.0.0, channel `stable` at 1.0.0, a group on it. */
async function makeApplication() {
  const ids = {
    application: id(drawn++),
    one: id(drawn++),
    two: id(drawn++),
    channel: id(drawn++),
    group: id(drawn++),
  };
  const { application } = ids;
  const payload = {
    application,
    arch: 'amd64',
    url: 'https://example.org/',
    filename: 'f.gz',
    size: 10,
    type: 'other',
  } as const;
  await must({
    kind: 'CreateApplication',
    id: application,
    name: `app ${application.slice(-8)}`,
    productId: `io.example.p${application.slice(-8)}`,
  });
  await must({
    kind: 'CreatePackage',
    ...payload,
    id: ids.one,
    version: '1.0.0',
    files: [{ name: 'oem.gz', size: 3 }],
  });
  await must({ kind: 'CreatePackage', ...payload, id: ids.two, version: '2.0.0' });
  await must({ kind: 'CreateChannel', application, id: ids.channel, name: 'stable', arch: 'amd64', package: ids.one });
  await must({
    kind: 'CreateGroup',
    application,
    id: ids.group,
    name: 'Stable',
    track: 'stable',
    channel: ids.channel,
    policy: { safeMode: true },
  });
  return ids;
}

const count = async (table: string, application: string): Promise<number> => {
  const { rows } = await store.pool.query<{ count: number }>(`select count(*) from ${table} where application = $1`, [
    application,
  ]);
  return rows[0]?.count ?? 0;
};

const longVersion = (n: number) => `1.0.0-${String(n).padStart(4, '0')}${'x'.repeat(240)}`;

describe('a command', () => {
  it('writes its rows, its log and its facts together', async () => {
    const { application, channel, group, two } = await makeApplication();
    const executed = await must({ kind: 'AssignPackage', application, channel, package: two });
    expect(executed.facts.map(({ kind }) => kind)).toEqual(['PackageAssigned', 'RolloutSuperseded', 'RolloutStarted']);

    const { rows: log } = await store.pool.query(
      'select number, actor, kind, at from catalog_change where revision = $1 order by number',
      [executed.revision],
    );
    expect(log).toEqual(executed.facts.map(({ kind }, number) => ({ number, actor: 'ada', kind, at: now })));
    const { rows: outbox } = await store.pool.query<{ facts: string }>(
      'select facts from outbox order by id desc limit 1',
    );
    expect(JSON.parse(outbox[0]?.facts ?? '')).toEqual(executed.facts);
    const snapshot = await readSnapshot(store, application);
    expect(snapshot?.groups[0]).toMatchObject({
      id: group,
      revision: executed.revision,
      rollout: { toVersion: '2.0.0', state: 'running' },
    });
  });

  it('that is refused changes nothing', async () => {
    const { application, channel } = await makeApplication();
    const before = [await readRevision(store.pool), await count('catalog_change', application)];
    expect(await execute({ kind: 'DeleteChannel', application, channel })).toMatchObject({ rejected: 'in-use' });
    expect([await readRevision(store.pool), await count('catalog_change', application)]).toEqual(before);
  });

  it('that wants what is so changes nothing', async () => {
    const { application, group } = await makeApplication();
    expect(await execute({ kind: 'ResumeGroup', application, group })).toEqual({ facts: [], revision: null });
  });

  it('as a dry run says what would go, and does nothing', async () => {
    const { application, channel, two } = await makeApplication();
    await must({ kind: 'BlacklistPackage', application, channel, package: two });
    const before = await readSnapshot(store, application);
    const executed = await execute({ kind: 'DeletePackage', application, package: two }, { dryRun: true });
    expect(executed).toMatchObject({
      facts: [{ kind: 'PackageUnblacklisted' }, { kind: 'PackageDeleted' }],
      revision: null,
    });
    expect(await readSnapshot(store, application)).toEqual(before);
  });

  it('by somebody who saw an older revision is refused', async () => {
    const { application, channel } = await makeApplication();
    const edited = await must({ kind: 'EditChannel', application, channel, changes: { color: '#123456' } });
    const seen = (edited.revision ?? 0) - 1;
    expect(
      await execute({ kind: 'EditChannel', application, channel, changes: { color: '#654321' }, seen }),
    ).toMatchObject({ rejected: 'stale-revision' });
    expect(
      await execute({ kind: 'EditChannel', application, channel, changes: { color: '#654321' }, seen: seen + 1 }),
    ).toMatchObject({ facts: [{ kind: 'ChannelEdited' }] });
  });

  it('counts a floor and a blacklisting as changes of the channel', async () => {
    const { application, channel, two } = await makeApplication();
    const { revision } = await must({ kind: 'SetFloor', application, channel, package: two, reason: 'layout' });
    const seen = (revision ?? 0) - 1;
    expect(await execute({ kind: 'RemoveFloor', application, channel, package: two, seen })).toMatchObject({
      rejected: 'stale-revision',
    });
  });

  it('whose snapshot would be too large for the followers is refused', async () => {
    const { application } = await makeApplication();
    await store.pool.query(
      `insert into dead_end (application, version, reason) select $1, v, repeat('y', 500) from unnest($2::text[]) v`,
      [application, Array.from({ length: 700 }, (_, n) => longVersion(n))],
    );
    expect(await execute({ kind: 'MarkDeadEnd', application, version: '0.0.9', reason: 'x' })).toMatchObject({
      rejected: 'snapshot-too-large',
    });
    expect((await readSnapshot(store, application))?.deadEnds).toHaveLength(700);
  });

  it('works for every kind, and the snapshot says what became of it', async () => {
    const { application, channel, group, one, two } = await makeApplication();
    await must({ kind: 'EditApplication', application, changes: { description: 'fleet' } });
    await must({ kind: 'EditPackage', application, package: two, changes: { size: 11 } });
    await must({ kind: 'MarkDeadEnd', application, version: '0.9.0', reason: 'no room' });
    await must({ kind: 'MarkDeadEnd', application, version: '0.8.0', reason: 'gone soon' });
    await must({ kind: 'ClearDeadEnd', application, version: '0.8.0' });
    await must({ kind: 'SetFloor', application, channel, package: one, reason: 'first' });
    await must({ kind: 'BlacklistPackage', application, channel, package: two });
    await must({
      kind: 'EditGroup',
      application,
      group,
      changes: { name: 'Renamed', track: 'prod', policy: { timezone: 'Europe/Berlin' } },
    });
    await must({ kind: 'PauseRollout', application, group, cause: 'lunch' });
    await must({ kind: 'HoldMachine', application, machine: 'm1', note: 'disk' });
    await must({ kind: 'ForceMachine', application, machine: 'm2' });
    await must({ kind: 'LabelMachine', application, machine: 'm1', labels: { rack: '7' } });
    await must({ kind: 'RenameMachine', application, machine: 'm1', name: 'door' });
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
    await must({ kind: 'RemoveFloor', application, channel, package: one });
    await must({ kind: 'UnblacklistPackage', application, channel, package: two });
    await must({ kind: 'ReleaseMachine', application, machine: 'm1' });
    await must({ kind: 'PauseGroup', application, group });
    await must({ kind: 'DeleteGroup', application, group });
    await must({ kind: 'DeleteChannel', application, channel });
    await must({ kind: 'DeletePackage', application, package: two });
    await must({ kind: 'DeleteApplication', application });
    expect(await readSnapshot(store, application)).toBeNull();
    expect(await count('catalog_change', application)).toBeGreaterThan(20);
  });

  it('D1: takes hostile text as text', async () => {
    const { application, group } = await makeApplication();
    const name = `'; drop table "update_group"; --$1\\ %s`;
    await must({ kind: 'EditGroup', application, group, changes: { name, track: `${name} <&>` } });
    expect((await readSnapshot(store, application))?.groups[0]).toMatchObject({ name, track: `${name} <&>` });
  });

  it('D18: with an id that a thing of another application has leaves that thing alone', async () => {
    const [mine, other] = [await makeApplication(), await makeApplication()];
    const before = await readSnapshot(store, other.application);
    const taken: CatalogCommandInput[] = [
      { kind: 'CreateChannel', application: mine.application, id: other.channel, name: 'x', arch: 'amd64' },
      { kind: 'CreateGroup', application: mine.application, id: other.group, name: 'x', track: 'x' },
    ];
    for (const command of taken) expect(await execute(command)).toMatchObject({ rejected: 'id-taken' });
    expect(await execute({ kind: 'PauseGroup', application: mine.application, group: other.group })).toMatchObject({
      rejected: 'unknown-group',
    });
    expect({ ...(await readSnapshot(store, other.application)), revision: 0 }).toEqual({ ...before, revision: 0 });
  });

  it('clones an application in one transaction', async () => {
    const { application } = await makeApplication();
    const copy = id(drawn++);
    const executed = await must({ kind: 'CreateApplication', id: copy, name: 'copy of one', cloneOf: application });
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
      Array.from({ length: 8 }, () => execute({ kind: 'CreateApplication', name: 'only one' })),
    );
    expect(results.filter(isRejection).map(({ rejected }) => rejected)).toEqual(
      Array.from({ length: 7 }, () => 'name-taken'),
    );
  });

  it('of one application and of several neither lose a change nor wait for each other for ever', async () => {
    const apps = await Promise.all([makeApplication(), makeApplication()]);
    const before = await readRevision(store.pool);
    const commands = apps.flatMap(({ application, group, channel, two }) =>
      Array.from({ length: 10 }, (_, i): CatalogCommandInput[] => [
        { kind: 'HoldMachine', application, machine: `m${i}` },
        { kind: 'CreateChannel', application, name: `c${i}`, arch: 'amd64' },
        { kind: 'EditGroup', application, group, changes: { description: `${i}` } },
        { kind: 'AssignPackage', application, channel, package: i % 2 ? two : null },
      ]).flat(),
    );
    const results = await Promise.all(commands.map((command) => execute(command)));
    expect(results.filter(isRejection)).toEqual([]);
    const revisions = results.flatMap((result) =>
      isRejection(result) || result.revision === null ? [] : [result.revision],
    );
    expect(new Set(revisions).size).toBe(revisions.length);
    expect(await readRevision(store.pool)).toBe(before + revisions.length);
    for (const { application } of apps) {
      const snapshot = await readSnapshot(store, application);
      expect([snapshot?.held.length, snapshot?.channels.length]).toEqual([10, 11]);
    }
  });
});

describe('the database by itself', () => {
  it.each<[string, (a: Ids, b: Ids) => Refused, string]>([
    [
      'a second package of one version and arch',
      (a: Ids) => [
        `insert into package select gen_random_uuid(), application, version, arch, type, url, filename, size, sha1, sha256, description, files, action, example, changed from package where id = $1`,
        [a.one],
      ],
      'package_version_taken',
    ],
    [
      'a channel of another arch than its package',
      (a: Ids) => [
        `insert into channel values (gen_random_uuid(), $1, 'x', '#000000', 'arm64', $2, 1)`,
        [a.application, a.one],
      ],
      'channel_package_application_arch_fkey',
    ],
    [
      'a channel with a package of another application',
      (a: Ids, b: Ids) => [`update channel set package = $2 where id = $1`, [a.channel, b.one]],
      'channel_package_application_arch_fkey',
    ],
    [
      'another arch for a channel',
      (a: Ids) => [`update channel set arch = 'x86', package = null where id = $1`, [a.channel]],
      'channel_arch_fixed',
    ],
    [
      'a blacklisting of what the channel offers',
      (a: Ids) => [
        `insert into channel_mark values ($1, $2, $3, 'amd64', 'blacklisted', '')`,
        [a.channel, a.one, a.application],
      ],
      'channel_package_blacklisted',
    ],
    [
      'a second group for one track and arch',
      (a: Ids) => [
        `insert into update_group select gen_random_uuid(), application, 'x', '', track, channel, arch, policy, 1, null, 1 from update_group where id = $1`,
        [a.group],
      ],
      'group_track_taken',
    ],
    [
      'a group whose arch is not its channel’s',
      (a: Ids) => [`update update_group set arch = 'x86' where id = $1`, [a.group]],
      'update_group_channel_application_arch_fkey',
    ],
    [
      'two live rollouts of one group',
      (a: Ids) => [
        `insert into rollout select gen_random_uuid(), update_group, package, to_version, state, cause, salt, waves, open_wave, started_at, earlier_leases_until from rollout where update_group = $1`,
        [a.group],
      ],
      'rollout_one_live',
    ],
    [
      'a deletion of a package in use',
      (a: Ids) => [`delete from package where id = $1`, [a.one]],
      'channel_package_application_arch_fkey',
    ],
    [
      'a version that means "update me"',
      (a: Ids) => [`update package set version = '0.0.0' where id = $1`, [a.two]],
      'package_version_check',
    ],
  ])('refuses %s', async (_, statement, constraint) => {
    const [text, values] = statement(await makeApplication(), await makeApplication());
    await expect(store.pool.query(text, values)).rejects.toMatchObject({ constraint });
  });

  it('keeps the log of changes as it was written', async () => {
    await expect(store.pool.query(`update catalog_change set actor = 'eve'`)).rejects.toThrow('append-only');
    await expect(store.pool.query(`delete from catalog_change`)).rejects.toThrow('append-only');
    await expect(store.pool.query(`truncate catalog_change`)).rejects.toThrow('append-only');
  });
});

type Refused = [text: string, values: string[]];
type Ids = Awaited<ReturnType<typeof makeApplication>>;

it('rings when a command commits', async () => {
  let rings = 0;
  const bell = listenToCatalog({ url: database.url, onRing: () => (rings += 1) });
  await expect.poll(() => rings).toBe(1);
  await must({ kind: 'CreateApplication', name: 'rings' });
  await expect.poll(() => rings).toBe(2);
  await bell.stop();
});

it('goes on listening after its connection was cut', async () => {
  let rings = 0;
  const troubles: Error[] = [];
  const bell = listenToCatalog({
    url: database.url,
    onRing: () => (rings += 1),
    onTrouble: (error) => troubles.push(error),
  });
  await expect.poll(() => rings).toBe(1);
  await store.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'platte-catalog-bell' and datname = current_database()`,
  );
  await expect.poll(() => rings, { timeout: 10_000 }).toBe(2);
  expect(troubles.length).toBeGreaterThan(0);
  await bell.stop();
});

it('reads all snapshots at one revision', async () => {
  const { revision, snapshots } = await readSnapshots(store);
  expect(snapshots.length).toBeGreaterThan(2);
  expect(new Set(snapshots.map((snapshot) => snapshot.revision))).toEqual(new Set([revision]));
});
