// How long the front waits for a body. Over a real connection: a request's bytes are those of its socket.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { openBody, patience, readRest, toAllowedMs } from './body.js';

const open: { server: Server; client: Socket }[] = [];
afterEach(() => {
  for (const { server, client } of open.splice(0)) {
    client.destroy();
    server.close();
  }
});

async function receive(head: string): Promise<{ request: IncomingMessage; response: ServerResponse; client: Socket }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  open.push({ server, client });
  client.write(`POST / HTTP/1.1\r\nHost: a\r\n${head}\r\n`);
  const [request, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
  return { request, response, client };
}

const nothingYet = Buffer.alloc(0);

describe('a body', () => {
  test('that stops coming is given up', async () => {
    const { request, response, client } = await receive('Content-Length: 10\r\n');
    const body = openBody(request, response, { startMs: 20, bytesPerSecond: 1 });
    client.write('1234');
    await expect(readRest(nothingYet, body)).rejects.toMatchObject({ code: 159, type: 'TIMEOUT_EXCEEDED' });
  });

  test('that stops coming behind its decoder is given up', async () => {
    const { request, response } = await receive('Content-Encoding: gzip\r\nContent-Length: 10\r\n');
    const body = openBody(request, response, { startMs: 20, bytesPerSecond: 1 });
    await expect(readRest(nothingYet, body)).rejects.toMatchObject({ code: 159, type: 'TIMEOUT_EXCEEDED' });
  });

  test.each([
    [0, 20_000],
    [16 * 1024, 21_000],
    [16 * 1024 * 1024, 1_044_000],
  ])('of which %i bytes came may have taken %i ms', (bytes, allowedMs) => {
    expect(toAllowedMs(bytes, patience)).toBe(allowedMs);
  });

  test('that is no gzip fails its reader, and nobody when it has none', async () => {
    const { request, response, client } = await receive('Content-Encoding: gzip\r\nContent-Length: 10\r\n');
    openBody(request, response);
    const ended = once(request, 'end');
    client.write('0123456789');
    request.resume();
    await ended;
    expect(response.destroyed).toBe(false);
  });
});
