// What callers get while something that the API needs is away: a 503 that says what, and never a 500.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { withApiWithout, type Away, type LackingApi } from './testing/api-without.js';
import { checkedFetch } from './testing/checked-fetch.js';
import { startApi, type RunningApi } from './testing/running-api.js';
import { ids, seedCatalog } from './testing/sample-fleet.js';

let api: RunningApi;

beforeAll(async () => {
  api = await startApi({
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
  });
  await seedCatalog(api);
});

afterAll(async () => {
  await api.stop();
});

const withApi = (away: Away, work: (lacking: LackingApi, ask: typeof fetch) => Promise<void>) =>
  withApiWithout(api, away, (lacking) => work(lacking, checkedFetch(api.tokens.admin)));

const command = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } };
const typeOf = async (response: Response) => ((await response.json()) as { type: string }).type;

describe('whoever asks too often', () => {
  it('is told when to come back; nobody else is, and a guessed secret counts like a question', async () => {
    await withApi({ requestsPerMinute: 2 }, async ({ url }, ask) => {
      const guess = { headers: { authorization: `Bearer plt_${'z'.repeat(12)}_${'x'.repeat(32)}` } };
      const guesses = [await ask(`${url}/api/v1/me`, guess), await ask(`${url}/api/v1/me`, guess)];
      expect(guesses.map(({ status }) => status)).toEqual([401, 401]);
      expect(guesses[1]?.headers.get('ratelimit')).toMatch(/^"default";r=0;t=\d+$/);
      const third = await ask(`${url}/api/v1/me`, guess);
      expect([third.status, await typeOf(third)]).toEqual([429, 'urn:platte:problem:too-many-requests']);
      expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
      const own = [1, 2, 3].map(async () => (await ask(`${url}/api/v1/me`)).status);
      expect((await Promise.all(own)).toSorted((a, b) => a - b)).toEqual([200, 200, 429]);
    });
  });
});

describe('while something is away', () => {
  it('history’s questions say so, and the catalog goes on', async () => {
    await withApi({ clickhouse: true }, async ({ url }, ask) => {
      for (const path of [`groups/${ids.prod}/instances`, `groups/${ids.prod}/version-timeline`, 'instances/m1']) {
        const response = await ask(`${url}/api/v1/${path}`);
        expect([path, response.status, await typeOf(response)]).toEqual([
          path,
          503,
          'urn:platte:problem:store-unavailable',
        ]);
      }
      expect((await ask(`${url}/api/v1/groups/${ids.prod}`)).status).toBe(200);
    });
  });

  it('a machine is shown as PostgreSQL has it, and its answers wait for history', async () => {
    await api.store.pool.query(
      `insert into instance values ($1, 'm9', '1.0.0', $2, 'stable', '', 'web', '', '', '', 'amd64', '', 1, 2, 3, 'granted', 2, 3)`,
      [ids.flatcar, ids.prod],
    );
    await withApi({ clickhouse: true }, async ({ url }, ask) => {
      expect(await (await ask(`${url}/api/v1/instances/m9`)).json()).toMatchObject({
        version: '1.0.0',
        alias: 'web',
        answer: null,
      });
      expect((await ask(`${url}/api/v1/instances/m9/answer`)).status).toBe(503);
      expect((await ask(`${url}/api/v1/instances/m9/history`)).status).toBe(503);
    });
  });

  it('nobody signs in without PostgreSQL, and it is not their fault', async () => {
    await withApi({ postgres: true }, async ({ url }, ask) => {
      const response = await ask(`${url}/api/v1/applications`);
      expect([response.status, await typeOf(response)]).toEqual([503, 'urn:platte:problem:store-unavailable']);
      expect((await ask(`${url}/api/v1/health`)).status).toBe(200);
    });
  });

  it('commands are refused without NATS, and everything else that only it knows', async () => {
    await withApi({ nats: true }, async ({ url }, ask) => {
      const paused = await ask(`${url}/api/v1/groups/${ids.prod}/pause`, command);
      expect([paused.status, await typeOf(paused)]).toEqual([503, 'urn:platte:problem:policy-unavailable']);
      expect((await ask(`${url}/api/v1/malformed-requests`)).status).toBe(503);
      expect((await ask(`${url}/api/v1/events`)).status).toBe(503);
      expect((await ask(`${url}/api/v1/groups/${ids.prod}`)).status).toBe(200);
    });
  });

  it('commands are refused at once when no policy listens', async () => {
    await withApi({}, async ({ url }, ask) => {
      const paused = await ask(`${url}/api/v1/groups/${ids.prod}/pause`, command);
      expect([paused.status, await typeOf(paused)]).toEqual([503, 'urn:platte:problem:policy-unavailable']);
    });
  });

  it('streams that are not there yet are an answer, not a failure of ours', async () => {
    await withApi({}, async ({ url }, ask) => {
      expect((await ask(`${url}/api/v1/malformed-requests`)).status).toBe(503);
    });
  });
});
