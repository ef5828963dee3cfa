// The internal port of a program, and what guards every request there and on the port of api.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { ofVersion, rawRequests, statusOf } from '../../../test/clients/raw-requests.js';
import { guardRequests, requestLimits } from './guard-requests.js';
import { makeHealth, makeMetrics, portOf, startInternalServer } from './service.js';

test.each(rawRequests)('the internal port answers $name, and goes on', async (request) => {
  const { registry } = makeMetrics({ program: 'trial' });
  const server = await startInternalServer({ port: 0, host: '127.0.0.1', health: makeHealth(), registry });
  expect((await statusOf(server.port, request)) ?? 400).toBeLessThan(500);
  expect((await fetch(`http://127.0.0.1:${server.port}/livez`)).status).toBe(200);
  await server.close();
});

async function withServer(listener: RequestListener, work: (port: number) => Promise<void>): Promise<void> {
  const server = createServer(requestLimits, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work(portOf(server));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const bytes = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

test.each([
  [
    'at once',
    () => {
      throw new Error('a mistake');
    },
  ],
  ['later', () => Promise.reject(new Error('a mistake'))],
])('what a request throws %s costs it a 500, and the next is served', async (_, fail) => {
  const errors: unknown[] = [];
  let calls = 0;
  const listener = guardRequests(
    (_, response) => (calls++ === 0 ? fail() : response.end('fine')),
    (error) => errors.push(error),
  );
  await withServer(listener, async (port) => {
    expect(await statusOf(port, { bytes })).toBe(500);
    expect(await statusOf(port, { bytes })).toBe(200);
  });
  expect(errors).toMatchObject([{ message: 'a mistake' }]);
});

test('what a request throws behind its headers ends its connection', async () => {
  const listener = guardRequests(
    (_, response) => {
      response.writeHead(200, { 'content-length': 10 });
      response.write('half');
      throw new Error('a mistake');
    },
    () => {},
  );
  await withServer(listener, async (port) => {
    await expect(fetch(`http://127.0.0.1:${port}/`).then((response) => response.text())).rejects.toThrow(
      /terminated|fetch failed/,
    );
  });
});

test.each(['2.0', '0.9'])('HTTP/%s is refused before anything is asked of it', async (version) => {
  const listener = guardRequests(
    (_, response) => response.end('served'),
    () => {},
  );
  await withServer(listener, async (port) => expect(await statusOf(port, ofVersion(version))).toBe(505));
});

test('headers that trickle get 408 after ten seconds, and a body after twenty', async () => {
  const listener = guardRequests(
    (request, response) => void request.resume().once('end', () => response.end('whole')),
    () => {},
  );
  await withServer(listener, async (port) => {
    const began = performance.now();
    const slow = [
      statusOf(port, { bytes: 'GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ' }).then((status) => [status, performance.now()]),
      statusOf(port, { bytes: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc' }).then((status) => [
        status,
        performance.now(),
      ]),
    ];
    const [headers, body] = await Promise.all(slow);
    expect([headers![0], body![0]]).toEqual([408, 408]);
    expect(headers![1]! - began).toBeLessThan(body![1]! - began);
  });
});
