// The port that waits for the browser's code: anybody on this machine, and any web page, can send to it.
import { expect, test } from 'vitest';
import { rawRequests, statusOf } from '../../../../../test/clients/raw-requests.js';
import { listenForCode } from './loopback.js';

test.each(rawRequests)('answers $name, and still takes the code', async (request) => {
  const loopback = await listenForCode('our-state');
  expect((await statusOf(loopback.port, request)) ?? 400).toBeLessThan(500);
  const response = await fetch(`http://127.0.0.1:${loopback.port}/callback?code=c0de&state=our-state`);
  expect(response.status).toBe(200);
  expect(await loopback.code).toBe('c0de');
  loopback.close();
});
