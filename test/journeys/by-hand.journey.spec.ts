// The programs run with the rights that docs/how-to/run-the-programs-yourself.md lists, and with no others.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, makeClient, watchEvents } from '@platte/api-contract';
import { cacheFolder, startClickhouse, startPostgres } from '@platte/backing';
import { connectNats } from '@platte/fact-log';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ByHand, readBlock, startByHand, startNatsOfPage, type StartedProgram } from './by-hand.js';
import { makeGroup, type MadeGroup, untilServed } from './catalog.js';
import { ask, askUntilDecided, postOmaha, reportOf } from './machines.js';
import { eventually } from './platform.js';

const token = `plt_${'a'.repeat(12)}_${'s'.repeat(43)}`;
const stops: (() => Promise<unknown>)[] = [];
const programs = new Map<string, StartedProgram>();
let folder: string;
let nats: ByHand;
let database: URL;
let client: Client;
let omaha: string;
let group: MadeGroup;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-by-hand-'));
  stops.push(() => rm(folder, { recursive: true, force: true }));
  const place = (name: string) => ({ dataDir: join(folder, name), cacheDir: cacheFolder() });
  const postgres = await startPostgres(place('postgres'));
  stops.push(() => postgres.stop());
  const clickhouse = await startClickhouse(place('clickhouse'));
  stops.push(() => clickhouse.stop());
  nats = await startNatsOfPage(join(folder, 'nats'));
  stops.push(nats.stop);

  // The embedded server has a database `platte` already.
  for (const statement of statementsOf(readBlock('roles.sql').replace('database platte', 'database fleet')))
    await runSql(new URL(postgres.url), statement);
  database = new URL(postgres.url);
  database.pathname = '/fleet';
  const natsOf = (name: string) => ({
    PLATTE_NATS_URL: nats.url,
    PLATTE_NATS_USER: name,
    PLATTE_NATS_PASSWORD: name,
    PLATTE_DATA_DIR: join(folder, name),
  });
  const postgresOf = (name: string) => ({ PLATTE_POSTGRES_URL: asRole(name).href });
  const history = {
    PLATTE_CLICKHOUSE_URL: clickhouse.url,
    PLATTE_CLICKHOUSE_USER: clickhouse.user,
    PLATTE_CLICKHOUSE_PASSWORD: clickhouse.password,
  };
  await start('policy', { ...natsOf('policy'), ...postgresOf('policy') });
  for (const statement of statementsOf(readBlock('grants.sql'))) await runSql(asRole('policy'), statement);
  await start('analytics', {
    ...natsOf('analytics'),
    ...postgresOf('analytics'),
    ...history,
    // The comparison with PostgreSQL needs rights, too.
    PLATTE_VERIFY_PERIOD: '1s',
  });
  await start('api', {
    ...natsOf('api'),
    ...postgresOf('api'),
    ...history,
    PLATTE_API_PORT: '0',
    PLATTE_BOOTSTRAP_TOKEN: token,
  });
  await start('ingress', { ...natsOf('ingress'), PLATTE_PORT: '0' });
  client = makeClient({ url: programs.get('api')!.urls['api']!, token });
  omaha = programs.get('ingress')!.urls['omaha']!;
  group = await makeGroup(client, 'by-hand');
  await untilServed(omaha, group);
});

afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
});

async function start(name: string, settings: Record<string, string>): Promise<void> {
  const program = await startByHand(name, settings);
  stops.push(program.stop);
  programs.set(name, program);
}

function asRole(name: string): URL {
  const url = new URL(database);
  url.username = `platte_${name}`;
  url.password = `${name.toUpperCase()}_PASSWORD`;
  return url;
}

const statementsOf = (block: string): string[] => block.split(/;\n/).filter((text) => text.trim() !== '');

async function runSql(url: URL, statement: string): Promise<void> {
  const connection = new pg.Client({ connectionString: url.href });
  await connection.connect();
  try {
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}

describe('the rights of the page', () => {
  it('are enough for a machine to be granted an update, to be counted, and to be found again', async () => {
    const { granted } = await watchLive();
    expect(await askUntilDecided(omaha, { machine: 'm1', track: group.track })).toMatchObject({
      offered: group.version,
    });
    await postOmaha(
      omaha,
      reportOf({ machine: 'm1', track: group.track }, { type: 3, result: 1, previousVersion: '' }),
    );
    await ask(omaha, { machine: 'm1', track: group.track, version: group.version });
    await eventually(
      () => client.getGroupBreakdown({ params: { id: group.id } }),
      ({ versions }) => versions[group.version] === 1,
    );
    await eventually(
      () => client.getInstance({ params: { id: 'm1' }, query: {} }),
      ({ status, attempt }) => status === 'complete' && attempt?.stage === 'ended',
    );
    expect((await client.listInstances({ query: { group: group.id } })).items.map(({ id }) => id)).toContain('m1');
    await granted;
  });

  it('are enough for people: to pause, to read what was refused, to retry and drop what is parked', async () => {
    const { id } = group;
    await client.pauseGroup({ params: { id }, body: { note: 'lunch' } });
    await eventually(
      () => ask(omaha, { machine: 'm2', track: group.track }),
      ({ reason }) => reason === 'updates-disabled',
    );
    await client.createToken({ body: { name: 'script', role: 'viewer' }, idempotencyKey: 'once' });
    expect((await client.listTokens()).items.map(({ name }) => name)).toContain('script');
    expect((await client.listAudit()).items.map(({ kind }) => kind)).toContain('GroupPaused');
    expect(await client.getRestore()).toBeDefined();
    expect((await client.listActivity()).items.map(({ kind }) => kind)).toContain('GroupPaused');
    await postOmaha(omaha, '<nonsense');
    await eventually(
      () => client.listRefusedRequests(),
      ({ items }) => items.length > 0,
    );
    const policy = await connectNats({
      url: nats.url,
      user: 'policy',
      password: 'policy',
      name: 'test',
      say: () => {},
    });
    for (const body of ['[]', '[]']) await policy.request('platte.parked.policy', body);
    await policy.close();
    const { items } = await client.listParkedMessages();
    await client.retryParkedMessage({ params: { id: items[0]!.id } });
    await client.dropParkedMessage({ params: { id: items[1]!.id } });
    expect((await client.listParkedMessages()).items).toEqual([]);
  });

  it('are all that the programs asked for: no server refused anything', async () => {
    expect(nats.output()).not.toMatch(/Violation/);
    for (const [name, { output }] of programs)
      expect([name, output()]).toEqual([name, expect.not.stringMatching(/permission denied/i)]);
    for (const { urls } of programs.values()) {
      const { status } = await fetch(`${urls['internal']}/readyz`);
      expect(status).toBe(200);
    }
  });

  it.each([
    ['ingress', 'platte.catalog.command'],
    ['ingress', 'platte.facts.policy'],
    ['api', 'platte.facts.ingress'],
    ['analytics', '$JS.API.STREAM.DELETE.FACTS'],
  ])('refuse %s to publish on %s', async (user, subject) => {
    const nc = await connectNats({ url: nats.url, user, password: user, name: 'test', say: () => {} });
    await expect(nc.request(subject, '{}', { timeout: 10_000 })).rejects.toThrow(/permissions violation/i);
    await nc.close();
  });

  it.each([
    ['api', `update update_group set policy = '{}'`],
    ['api', 'delete from attempt'],
    ['analytics', 'select from access_token'],
    ['analytics', 'delete from machine_number'],
    ['policy', 'create role other'],
  ])('refuse the role of %s: %s', async (role, statement) => {
    await expect(runSql(asRole(role), statement)).rejects.toThrow(/permission denied/);
  });
});

/** Resolves when the live stream is open; `granted` when it tells of a grant. */
async function watchLive(): Promise<{ granted: Promise<void> }> {
  const opened = Promise.withResolvers<void>();
  const ending = new AbortController();
  const onState = ({ isOpen }: { isOpen: boolean }) => isOpen && opened.resolve();
  const events = watchEvents({ url: programs.get('api')!.urls['api']!, token }, { signal: ending.signal, onState });
  const granted = (async () => {
    for await (const { kind } of events) {
      if (kind === 'UpdateGranted') return ending.abort();
    }
    throw new Error('the live stream ended without a grant');
  })();
  await opened.promise;
  return { granted };
}
