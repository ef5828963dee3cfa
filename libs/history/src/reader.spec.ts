import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { openReader, type Reader } from './reader.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function readerOf(server: Server): Promise<Reader> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server listens on a port');
  const url = `http://127.0.0.1:${address.port}`;
  const reader = openReader({ url, user: 'u', password: 'p', database: 'd', settings: {}, connectionsMax: 1 });
  closing.push(
    () => reader.close(),
    () => server.close(),
  );
  return reader;
}

const { signal } = new AbortController();

it('asks again when the server closed the idle connection just then', async () => {
  let asked = 0;
  const reader = await readerOf(
    createServer((request, response) => {
      asked++;
      // The second request of the first connection finds it closed.
      if (asked === 2) request.socket.destroy();
      else response.end(`{"n":${asked}}\n`);
    }),
  );
  expect(await reader.ask('select 1', {}, signal)).toEqual([{ n: 1 }]);
  expect(await reader.ask('select 1', {}, signal)).toEqual([{ n: 3 }]);
});

it('does not ask again when a new connection fails', async () => {
  let asked = 0;
  const reader = await readerOf(
    createServer((request) => {
      asked++;
      request.socket.destroy();
    }),
  );
  await expect(reader.ask('select 1', {}, signal)).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(asked).toBe(1);
});

it('throws for an answer that ends in its middle', async () => {
  const reader = await readerOf(
    createServer((request, response) => {
      response.writeHead(200, { 'Content-Length': 100 });
      response.write('{"n":1}\n', () => request.socket.destroy());
    }),
  );
  await expect(reader.ask('select 1', {}, signal)).rejects.toMatchObject({ code: 'ECONNRESET' });
});

it('throws what a proxy says, when it is no word of ClickHouse', async () => {
  const reader = await readerOf(createServer((_, response) => void response.writeHead(502).end('Bad gateway')));
  await expect(reader.ask('select 1', {}, signal)).rejects.toThrow('Bad gateway');
});

it('refuses a parameter that ClickHouse has no text for', async () => {
  const reader = await readerOf(createServer());
  await expect(reader.ask('select 1', { x: {} }, signal)).rejects.toThrow('no parameter can be a object');
});
