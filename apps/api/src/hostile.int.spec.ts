// What a stranger sends to the API's port: it costs one small answer, and the API goes on for everybody else.
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { ofVersion, rawRequests, statusOf } from '../../../test/clients/raw-requests.js';
import { startApi, type RunningApi } from './testing/running-api.js';

let api: RunningApi;
let port: number;

beforeAll(async () => {
  api = await startApi({
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
  });
  port = Number(new URL(api.url).port);
});
afterAll(async () => {
  await api.stop();
});

it.each([
  ...rawRequests,
  ...rawRequests.map(({ name, bytes, ...rest }) => ({
    name: `${name}, below /api/v1`,
    bytes: typeof bytes === 'string' ? bytes.replace(/^(\w+) (\/\S*)/, '$1 /api/v1$2') : bytes,
    ...rest,
  })),
])('answers $name, and goes on', async (request) => {
  expect((await statusOf(port, request)) ?? 400).toBeLessThan(500);
  expect((await api.fetch(`${api.url}/api/v1/me`)).status).toBe(200);
});

it.each(['2.0', '0.9'])('refuses HTTP/%s', async (version) => {
  expect(await statusOf(port, ofVersion(version))).toBe(505);
});

it('ends a connection whose headers trickle: 408 after ten seconds', async () => {
  expect(await statusOf(port, { bytes: 'GET /api/v1/me HTTP/1.1\r\nHost: a\r\nX-Slow: ' })).toBe(408);
});

it('ends a connection whose body trickles: 408 after twenty seconds', async () => {
  const head = `POST /api/v1/applications HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${api.tokens.admin}\r\n`;
  const bytes = `${head}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"`;
  expect(await statusOf(port, { bytes })).toBe(408);
});
