// The rows of the list of hard inputs (omaha-protocol.md 5) that are about a request around its body, over HTTP.
import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ofVersion, rawRequests, statusOf } from '../../../test/clients/raw-requests.js';
import { upToDate } from './testing/trial-check-ins.js';
import { startTrialIngress, startTrialNats, type TrialIngress, type TrialNats } from './testing/trial-ingress.js';

let nats: TrialNats;
let ingress: TrialIngress;

beforeAll(async () => {
  nats = await startTrialNats();
  ingress = await startTrialIngress(nats.url);
});
afterAll(async () => {
  await ingress.stop();
  await nats.stop();
});

describe('a request', () => {
  test('row 7: a body of a megabyte: 413', async () => {
    expect((await ingress.post(upToDate.replace('lang=', `x="${'x'.repeat(2 ** 20)}" lang=`))).status).toBe(413);
  });
  test('row 39: a compressed body: 415', async () => {
    expect((await ingress.post(upToDate, { 'content-encoding': 'gzip' })).status).toBe(415);
  });
  test('row 43: JSON: 415', async () => {
    expect((await ingress.post('{"request":{"protocol":"3.0"}}')).status).toBe(415);
  });
  test('row 41: another method: 405, and no redirect', async () => {
    const response = await fetch(ingress.url, { redirect: 'manual' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
  });
  test('row 42: the endpoint is served with and without its last slash', async () => {
    const response = await fetch(ingress.url.slice(0, -1), { method: 'POST', body: upToDate, redirect: 'manual' });
    expect(response.status).toBe(200);
  });

  test('row 42: the endpoint is served to who names the whole URL, as to a proxy', async () => {
    const { host, port, pathname } = new URL(ingress.url);
    const sent = httpRequest({
      host: '127.0.0.1',
      port,
      method: 'POST',
      path: `http://${host}${pathname}`,
      agent: false,
    });
    sent.end(upToDate.replace(/machineid="[^"]*"/, 'machineid="m42-absolute"'));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    expect(await text(response)).toContain('<updatecheck ');
    expect((await nats.facts()).filter(({ machine }) => machine === 'm42-absolute')).toHaveLength(1);
  });

  test.each(['/V1/UPDATE/', '//v1/update/', '/v1//update/', '/v1/update//', '/v1/update/x', '/update/'])(
    'row 42: %s is another path: 404, and no redirect',
    async (path) => {
      const { status } = await fetch(new URL(ingress.url).origin + path, {
        method: 'POST',
        body: upToDate,
        redirect: 'manual',
      });
      expect(status).toBe(404);
    },
  );

  test('row 45: the host that a request names is in no answer', async () => {
    const { port, pathname } = new URL(ingress.url);
    const headers = { host: 'evil.example', 'x-forwarded-proto': 'https', forwarded: 'host=evil.example' };
    const sent = httpRequest({ host: '127.0.0.1', port, method: 'POST', path: pathname, agent: false, headers });
    sent.end(upToDate);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    const answer = await text(response);
    expect(answer).toContain('info="up-to-date"');
    expect(answer + JSON.stringify(response.headers)).not.toContain('evil');
  });
});

describe('what no client sends', () => {
  const port = (): number => Number(new URL(ingress.url).port);

  test.each(rawRequests)('$name is answered, and machines are served', async (request) => {
    expect((await statusOf(port(), request)) ?? 400).toBeLessThan(500);
    expect((await ingress.post(upToDate)).status).toBe(200);
  });
  test.each(['2.0', '0.9'])('HTTP/%s: 505', async (version) => {
    expect(await statusOf(port(), ofVersion(version))).toBe(505);
    const { bytes } = ofVersion(version);
    expect(await statusOf(port(), { bytes: String(bytes).replace('GET /', 'POST /v1/update/') })).toBe(505);
  });
});
