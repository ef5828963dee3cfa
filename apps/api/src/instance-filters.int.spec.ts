// Every filter of a list of machines, asked of the API: what it finds, that a count agrees, and that pages make the whole.
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { eachItem, type Client, type QueryOf } from '@platte/api-contract';
import { startApi, type RunningApi } from './testing/running-api.js';
import { checkIn, event, id, ids, seedCatalog, writeHistory } from './testing/sample-fleet.js';

let api: RunningApi;
let viewer: Client;
const minute = 60_000;
const start = Date.now() - 300 * minute;
const at = (minutes: number): string => new Date(start + minutes * minute).toISOString();

beforeAll(async () => {
  api = await startApi({
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
  });
  viewer = api.clientOf(api.tokens.viewer);
  await seedCatalog(api);
  const azure = { oem: 'azure', arch: 'arm64', channel: id(21) } as const;
  const done = { reason: 'up-to-date', inputs: {} } as const;
  await writeHistory(api, [
    checkIn('a-1', start, { alias: 'Web-1', ip: '10.0.0.1', oem: 'ami' }),
    checkIn('a-2', start + 100 * minute, { alias: 'web-2', ip: '10.0.0.12', version: '4152.1.0', answer: done }),
    checkIn('b-1', start + 200 * minute, { ip: '10.1.0.1', ...azure }),
    checkIn('b-2', start + 290 * minute, { ip: 'fd00::2', group: id(32), oem: 'azure' }),
    event('a-1', start + minute, 3, 0, '9'),
    event('b-1', start + 201 * minute, 3, 0, '37', azure),
  ]);
  await api.admin.editInstance({ params: { id: 'a-1' }, body: { labels: { role: 'db', rack: '7' } } });
  await api.admin.editInstance({ params: { id: 'b-1' }, body: { labels: { role: 'web' }, alias: 'Frontend West' } });
});

afterAll(async () => {
  await api.stop();
});

const cases: [QueryOf<'countInstances'>, string[]][] = [
  [{}, ['a-1', 'a-2', 'b-1', 'b-2']],
  [{ application: ids.agent }, []],
  [{ version: '4152.1.0' }, ['a-2']],
  [{ version: '4152.1.0,4081.2.0' }, ['a-1', 'a-2', 'b-1', 'b-2']],
  [{ status: 'failed' }, ['a-1', 'b-1']],
  [{ reason: 'up-to-date' }, ['a-2']],
  [{ group: ids.prod }, ['a-1', 'a-2', 'b-1']],
  [{ group: ids.prod, oem: 'azure' }, ['b-1']],
  [{ channel: id(21) }, ['b-1']],
  [{ arch: 'arm64' }, ['b-1']],
  [{ label: 'role' }, ['a-1', 'b-1']],
  [{ label: 'role=db' }, ['a-1']],
  [{ label: 'role=d' }, []],
  [{ ip: '10.0.0.1' }, ['a-1']],
  [{ search: '10.0.0.1' }, ['a-1', 'a-2']],
  [{ search: 'A-' }, ['a-1', 'a-2']],
  [{ search: 'WEB' }, ['a-1', 'a-2']],
  [{ search: 'west' }, ['b-1']],
  [{ seenSince: at(200) }, ['b-1', 'b-2']],
  [{ notSeenSince: at(101) }, ['a-1', 'a-2']],
  [{ seenSince: at(100), notSeenSince: at(290) }, ['a-2', 'b-1']],
  [{ seenWithin: '2h' }, ['b-1', 'b-2']],
  [{ silentFor: '2h' }, ['a-1', 'a-2']],
  [{ seenWithin: '2h', seenSince: at(280) }, ['b-2']],
  [{ errorCode: '9' }, ['a-1']],
  [{ errorCode: '37', label: 'role', search: 'front' }, ['b-1']],
];

it.each(cases)('finds by %o', async (query, wanted) => {
  const found = async (limit: number) => {
    const listed: string[] = [];
    for await (const machine of eachItem(viewer.listInstances, { query: { ...query, limit } })) listed.push(machine.id);
    return listed;
  };
  expect(await found(50)).toEqual(wanted);
  expect(await found(1)).toEqual(wanted);
  expect(await viewer.countInstances({ query })).toEqual({ count: wanted.length });
});

it.each([
  ['id', ['a-1', 'a-2', 'b-1', 'b-2']],
  ['lastSeen', ['a-1', 'a-2', 'b-1', 'b-2']],
  ['firstSeen', ['a-1', 'a-2', 'b-1', 'b-2']],
  ['ip', ['a-1', 'a-2', 'b-1', 'b-2']],
] as const)('sorts by %s either way, page by page', async (sort, wanted) => {
  for (const query of [{ sort }, { sort: `-${sort}` }] as const) {
    const listed: string[] = [];
    const pages = eachItem(viewer.listInstances, { query: { ...query, limit: 1 } });
    for await (const machine of pages) listed.push(machine.id);
    expect(listed).toEqual(query.sort === sort ? wanted : wanted.toReversed());
  }
});

it('shows the name that a person gave in the place of the reported one', async () => {
  const { items } = await viewer.listInstances();
  expect(items.map(({ alias }) => alias)).toEqual(['Web-1', 'web-2', 'Frontend West', '']);
});

it('refuses a label that too many machines have, as a part of them would look whole', async () => {
  await api.store.pool.query(
    `insert into machine_card (application, machine, name, labels)
     select $1, 'many-' || n, 'many ' || n, '{"many": "yes"}' from generate_series(1, 1001) n`,
    [ids.flatcar],
  );
  for (const [pointer, query] of [
    ['?label', { label: 'many' }],
    ['?search', { search: 'many' }],
  ] as const) {
    const refused = { problem: { status: 422, errors: [{ pointer }] } };
    await expect(viewer.listInstances({ query })).rejects.toMatchObject(refused);
    await expect(viewer.countInstances({ query })).rejects.toMatchObject(refused);
  }
});
