// A machine whose row of the ledger no program can read is shown, and a person can remove it.
import { makeHealth, makeLog } from '@platte/service';
import { logNames } from '@platte/fact-log';
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { startApi, type RunningApi } from './testing/running-api.js';
import { checkIn, ids, seedCatalog, writeHistory } from './testing/sample-fleet.js';
import { makeLookForParked } from './watch-parked.js';

let api: RunningApi;
const at = { params: { id: 'm' }, query: { application: ids.flatcar } };

beforeAll(async () => {
  api = await startApi({
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
  });
  await seedCatalog(api);
  await writeHistory(api, [checkIn('m', Date.now())]);
});

beforeEach(async () => {
  await api.store.pool.query(
    `insert into attempt (application, machine, update_group, rollout, package, to_version, from_version, versioning,
       reboots, arch, oem, opened_at, opened_n, since_at, since_n, number, granted_at, forced, stage, due_at)
     values ($1, 'm', $2, $3, $4, '4152.1.0', '4081.2.0', 'semver', true, 'amd64', '', 1, ${2n ** 62n}, 1, 1, 1, 1000, false,
       'leased', 2000)`,
    [ids.flatcar, ids.prod, ids.rollout, ids.newPackage],
  );
});

afterAll(async () => {
  await api.nc.request(`$JS.API.STREAM.DELETE.${logNames(api.logPrefix).parked.stream}`);
  await api.stop();
});

it('is shown without its attempt, and goes when the attempt is cancelled', async () => {
  expect(await api.admin.getInstance(at)).toMatchObject({ id: 'm', version: '4081.2.0', attempt: null });
  expect(await api.admin.cancelInstance({ ...at, body: { note: '' } })).toMatchObject({ attempt: null });
  expect((await api.store.pool.query('select from attempt')).rowCount).toBe(0);
});

it('goes with the machine', async () => {
  await api.admin.deleteInstance(at);
  expect((await api.store.pool.query('select from attempt')).rowCount).toBe(0);
});

it('makes health say so while its facts are parked', async () => {
  const health = makeHealth();
  const log = makeLog({ program: 'api', level: 'silent' });
  const look = makeLookForParked({ nats: { live: () => api.nc }, logPrefix: api.logPrefix, log, health });
  const { stream, subject } = logNames(api.logPrefix).parked;
  const report = async () => {
    await look();
    return health.report().dependencies.map(({ name, state, detail }) => [name, state, detail]);
  };
  await api.nc.request(`$JS.API.STREAM.CREATE.${stream}`, JSON.stringify({ name: stream, subjects: [`${subject}.>`] }));
  expect(await report()).toEqual([['parked messages', 'up', 'none']]);
  await api.nc.request(`${subject}.policy`, '[]');
  expect(await report()).toEqual([['parked messages', 'down', '1 wait for a person: platte parked list']]);
  await api.store.pool.query('delete from attempt');
});
