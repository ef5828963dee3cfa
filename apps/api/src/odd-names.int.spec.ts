// Machines choose the names of what is counted: also those of properties that every object has.
import { rebuild } from '@platte/history';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startApi, type RunningApi } from './testing/running-api.js';
import { checkIn, ids, seedCatalog, writeHistory } from './testing/sample-fleet.js';

const odd = ['__proto__', 'constructor', 'hasOwnProperty', 'toString'];
const minute = 60_000;
const start = Date.now() - 30 * minute;
let api: RunningApi;

beforeAll(async () => {
  api = await startApi({
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
  });
  await seedCatalog(api);
  await writeHistory(api, [
    ...odd.map((version, n) => checkIn(`m${n}`, start, { version })),
    checkIn('second', start, { version: '__proto__' }),
    checkIn('plain', start, { version: '4152.1.0' }),
  ]);
  await rebuild(api.history, { acked: 1, now: Date.now(), attempt: 1 });
});

afterAll(async () => {
  await api.stop();
});

/** As it is on the wire. */
async function read(path: string): Promise<string> {
  const response = await api.fetch(`${api.url}/api/v1${path}`);
  expect(response.status).toBe(200);
  return response.text();
}

const counted = '{"4152.1.0":1,"__proto__":2,"constructor":1,"hasOwnProperty":1,"toString":1}';

it('are counted as any other name, in every answer that counts versions', async () => {
  const group = `/groups/${ids.prod}`;
  const from = new Date(start - 60 * minute).toISOString();
  expect(await read(`${group}/breakdown`)).toContain(`"versions":${counted}`);
  expect(await read(`${group}/breakdown?at=${new Date().toISOString()}`)).toContain(`"versions":${counted}`);
  expect(await read(`${group}/difference?from=${from}`)).toContain(`"versions":${counted}`);
  expect(await read(`${group}/version-timeline?range=1h`)).toContain(`"total":6,"versions":${counted}`);
  expect(await read(`${group}/presence-timeline?range=1d&bucket=2d`)).toContain(`"total":6,"counts":${counted}`);
});
