import { Application, Channel, defaultPolicy, Group, Package, Rollout } from '@platte/rollout';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import {
  findApplication,
  findChannel,
  findGroupView,
  findPackage,
  findRollout,
  listApplications,
  listChannels,
  listDeadEnds,
  listGroups,
  listPackages,
  listRollouts,
} from './catalog-reads.js';
import { type FreshDatabase, makeFreshDatabase } from './fresh-database.js';
import { addToken } from './access-tokens.js';
import { listChanges } from './audit-reads.js';
import { findAttempt, listLabelled, readMachineMarks } from './machine-reads.js';
import { closeStore, openStore, type Store } from './store.js';

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const all = { applications: null, limit: 100 };
let database: FreshDatabase;
let store: Store;

beforeAll(async () => {
  database = await makeFreshDatabase(inject('postgresUrl'));
  store = openStore({ url: database.url });
  await insertCatalog();
});

afterAll(async () => {
  await closeStore(store);
  await database.drop();
});

async function insertCatalog(): Promise<void> {
  const run = (statement: string, ...parameters: unknown[]) => store.pool.query(statement, parameters);
  for (const [n, name] of ['beta', 'alpha'].entries())
    await run(`insert into application values ($1, $2, '', 'semver', true, null, 1)`, id(n + 1), name);
  for (const [n, version] of ['1.9.0', '1.10.0', '1.10.0-beta.2', '0.1.0'].entries())
    await run(
      `insert into package values ($1, $2, $3, 'amd64', 'other', 'https://h/', 'f.gz', 5000000000, null, null, '', '[]', null, false, 2)`,
      id(10 + n),
      id(1),
      version,
    );
  await run(`insert into channel values ($1, $2, 'stable', '#aabbcc', 'amd64', $3, 3)`, id(20), id(1), id(11));
  await run(`insert into channel_mark values ($1, $2, $3, 'amd64', 'floor', 'new layout')`, id(20), id(10), id(1));
  await run(`insert into channel_mark values ($1, $2, $3, 'amd64', 'blacklisted', 'bad')`, id(20), id(13), id(1));
  await run(`insert into dead_end values ($1, '0.0.9', 'cannot boot')`, id(1));
  await run(
    `insert into update_group values ($1, $2, 'prod', '', 'stable', $3, 'amd64', $4, 7, null, 4)`,
    id(30),
    id(1),
    id(20),
    defaultPolicy,
  );
  const wave = {
    places: 10_000,
    soakMs: 0,
    successPercent: 0,
    errorPercent: 100,
    errorCountMin: 0,
    needsApproval: false,
  };
  await run(
    `insert into rollout values ($1, $2, $3, '1.10.0', 'running', '', 'salt', $4, 1, 1000, 2000)`,
    id(40),
    id(30),
    id(11),
    JSON.stringify([wave]),
  );
  await run(`update update_group set rollout = $1`, id(40));
  await run(
    `insert into catalog_change values (4, 0, 999, 'ada', 'GroupCreated', $1, $2, '', $3, '', null, '{"name":"prod"}')`,
    id(1),
    id(30),
    id(30),
  );
  await run(`insert into machine_hold values ($1, 'm1', 'wait')`, id(1));
}

it('shows applications by name, page by page, and only those that may be seen', async () => {
  const first = await listApplications(store.pool, { ...all, limit: 1 });
  expect(first).toMatchObject([{ name: 'alpha', productId: null, revision: 1 }]);
  const second = await listApplications(store.pool, { ...all, after: { name: 'alpha', id: id(2) } });
  expect(second.map(({ name }) => name)).toEqual(['beta']);
  expect(await listApplications(store.pool, { ...all, applications: [id(1)] })).toMatchObject([{ name: 'beta' }]);
  expect(await listApplications(store.pool, { ...all, applications: [] })).toEqual([]);
  expect(Application.parse(await findApplication(store.pool, id(1)))).toMatchObject({ name: 'beta' });
  expect(await findApplication(store.pool, id(9))).toBeUndefined();
  expect(await listDeadEnds(store.pool, id(1))).toEqual([{ version: '0.0.9', reason: 'cannot boot' }]);
});

it('shows packages with the highest version first, also across pages', async () => {
  const versions = (packages: { version: string }[]) => packages.map(({ version }) => version);
  expect(versions(await listPackages(store.pool, all))).toEqual(['1.10.0-beta.2', '1.10.0', '1.9.0', '0.1.0']);
  const after = ['beta', '1.10.0', 'amd64'];
  expect(versions(await listPackages(store.pool, { ...all, after }))).toEqual(['1.9.0', '0.1.0']);
  expect(await listPackages(store.pool, { ...all, arch: 'arm64' })).toEqual([]);
  expect(Package.parse(await findPackage(store.pool, id(10)))).toMatchObject({ version: '1.9.0', size: 5_000_000_000 });
});

it('lists things by application, name and arch, also across pages', async () => {
  const addChannel = `insert into channel values ($1, $2, $3, '#aabbcc', $4, null, 3)`;
  const channels = [
    [id(2), 'zulu', 'amd64'],
    [id(1), 'edge', 'arm64'],
    [id(1), 'edge', 'amd64'],
  ];
  for (const [at, [application, name, arch]] of channels.entries())
    await store.pool.query(addChannel, [id(50 + at), application, name, arch]);
  const addGroup = `insert into update_group values ($1, $2, $3, '', $3, null, null, $4, 1, null, 4)`;
  await store.pool.query(addGroup, [id(60), id(2), 'zone', defaultPolicy]);
  await store.pool.query(addGroup, [id(61), id(1), 'apron', defaultPolicy]);
  const pages = async (list: (after: readonly string[] | undefined) => Promise<{ place: readonly string[] }[]>) => {
    const places: string[] = [];
    for (let after: readonly string[] | undefined; ;) {
      const [first] = await list(after);
      if (first === undefined) return places;
      places.push(first.place.join(' '));
      after = first.place;
    }
  };
  expect(await pages((after) => listChannels(store.pool, { ...all, limit: 1, after }))).toEqual([
    'alpha zulu amd64',
    'beta edge amd64',
    'beta edge arm64',
    'beta stable amd64',
  ]);
  expect(await pages((after) => listGroups(store.pool, { ...all, limit: 1, after }))).toEqual([
    'alpha zone',
    'beta apron',
    'beta prod',
  ]);
  for (const [table, from] of [['channel', 50] as const, ['update_group', 60] as const])
    await store.pool.query(`delete from ${table} where id = any ($1)`, [[0, 1, 2].map((n) => id(from + n))]);
});

it('shows a channel with its floors and blacklist', async () => {
  const channel = await findChannel(store.pool, id(20));
  expect(Channel.parse(channel)).toMatchObject({ name: 'stable', package: id(11) });
  expect(channel).toMatchObject({
    revision: 3,
    floors: [{ package: id(10), reason: 'new layout' }],
    blacklist: [id(13)],
  });
  expect(await listChannels(store.pool, all)).toEqual([{ ...channel, place: ['beta', 'stable', 'amd64'] }]);
});

it('shows a group with its rollout', async () => {
  const group = await findGroupView(store.pool, id(30));
  expect(Group.parse(group)).toMatchObject({ track: 'stable', policy: defaultPolicy });
  expect(Rollout.parse(group?.rollout)).toMatchObject({ id: id(40), startedAt: 1000 });
  expect(await listGroups(store.pool, all)).toEqual([{ ...group, place: ['beta', 'prod'] }]);
  const rollout = await findRollout(store.pool, id(40));
  expect(rollout).toEqual({ ...group?.rollout, application: id(1) });
  expect(await listRollouts(store.pool, { ...all, group: id(30), state: 'running' })).toEqual([rollout]);
  expect(await listRollouts(store.pool, { ...all, after: { startedAt: 1000, id: id(40) } })).toEqual([]);
});

it('shows who changed what, of catalog and tokens together, the newest first', async () => {
  const token = {
    id: 'aaaaaaaaaaaa',
    secret: 's',
    name: 'ci',
    role: 'viewer',
    applications: null,
    expiresAt: null,
  } as const;
  await addToken(store.pool, { ...token, createdBy: { kind: 'person', name: 'bob' }, createdAt: 999 });
  const changes = await listChanges(store.pool, all);
  expect(changes.map(({ kind }) => kind)).toEqual(['GroupCreated', 'TokenCreated']);
  expect(await listChanges(store.pool, { ...all, limit: 1 })).toEqual(changes.slice(0, 1));
  expect(await listChanges(store.pool, { ...all, after: changes[0] })).toEqual(changes.slice(1));
  expect(await listChanges(store.pool, { ...all, after: changes[1] })).toEqual([]);
  expect(await listChanges(store.pool, { ...all, actor: 'ada' })).toMatchObject([
    { after: { name: 'prod' }, group: id(30), actor: { kind: 'person', name: 'ada' } },
  ]);
  expect(await listChanges(store.pool, { ...all, applications: [id(2)] })).toEqual([]);
  expect(await listChanges(store.pool, { ...all, kinds: ['TokenCreated'] })).toMatchObject([{ after: { name: 'ci' } }]);
});

it('reads what programs of before kinds of actors logged', async () => {
  const log = `insert into access_change (at, actor, kind, subject) values (1, $1, 'TokenRevoked', 'x')`;
  for (const name of ['platte', 'ci', 'eve']) await store.pool.query(log, [name]);
  const kindsOf = async (listing: object) =>
    (await listChanges(store.pool, { ...all, kinds: ['TokenRevoked'], ...listing })).map(({ actor }) => actor);
  expect(await kindsOf({})).toEqual([
    { kind: 'person', name: 'eve' },
    { kind: 'token', name: 'ci' },
    { kind: 'rule', name: 'platte' },
  ]);
  expect(await kindsOf({ actorKind: 'rule' })).toEqual([{ kind: 'rule', name: 'platte' }]);
});

it('shows what people did to a machine, also to one that they did nothing to', async () => {
  expect(await readMachineMarks(store.pool, id(1), 'm1')).toEqual({
    held: 'wait',
    forcedUntil: null,
    name: '',
    labels: {},
  });
  expect(await readMachineMarks(store.pool, id(1), 'm2')).toMatchObject({ held: null });
  expect(await findAttempt(store.pool, id(1), 'm1')).toBeUndefined();
});

it('finds machines by a label, and by its value', async () => {
  const labelled = [
    ['m1', { role: 'db' }],
    ['m2', { role: 'web', site: 'x' }],
    ['m3', {}],
  ];
  for (const [machine, labels] of labelled)
    await store.pool.query(`insert into machine_card values ($1, $2, '', $3)`, [id(1), machine, labels]);
  const find = (name: string, value?: string) =>
    listLabelled(store.pool, { application: id(1), name, value, limit: 10 });
  expect(await find('role')).toEqual(['m1', 'm2']);
  expect(await find('role', 'web')).toEqual(['m2']);
  expect(await find('site', 'y')).toEqual([]);
});
