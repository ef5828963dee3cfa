// The plain reader against node's own parser: the same bytes to a listener with it and to one without, and both must receive,
// refuse and say the same.
import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { portOf } from '@platte/service';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeOmahaServer, type OmahaServerOptions, refuseBrokenRequest, type Reply } from './omaha-server.js';
import { takePlainRequests } from './plain-connections.js';
import { readPlainRequest } from './plain-request.js';

const limits = { headerBytesMax: 8192, bodyBytesMax: 1000 };
const isOmahaPath = (url: string) => url === '/v1/update/' || url === '/v1/update';

function read(head: string, body = 'abc') {
  return readPlainRequest(
    Buffer.from(`${head.trim().replaceAll('\n', '\r\n')}\r\n\r\n${body}`, 'latin1'),
    isOmahaPath,
    limits,
  );
}

describe('a plain request', () => {
  test.each([
    [
      'update_engine',
      'POST /v1/update/ HTTP/1.1\nHost: x:8000\nAccept: */*\nContent-Type: text/xml\nContent-Length: 3',
    ],
    [
      'a Go client',
      'POST /v1/update HTTP/1.1\nHost: x\nUser-Agent: Go-http-client/1.1\nContent-Length: 3\nContent-Type: text/xml\nAccept-Encoding: gzip',
    ],
    [
      'a Rust client',
      'POST /v1/update/ HTTP/1.1\naccept: */*\nhost: x\ncontent-length: 3\ncontent-type: application/xml',
    ],
    ['one that keeps its connection', 'POST /v1/update/ HTTP/1.1\nHost: x\nConnection: Keep-Alive\nContent-Length: 3'],
  ])('is what %s sends', (_, head) => {
    expect(read(head)).toMatchObject({ forwardedFor: '', closes: false });
  });

  test('says where its body is, whom it was forwarded for, and whether it is the last', () => {
    const head =
      'POST /v1/update HTTP/1.1\nHost: x\nX-Forwarded-For: 192.0.2.1\nX-Forwarded-For: 192.0.2.2\nConnection: close\nContent-Length: 2';
    const { bodyStart = 0, end = 0, ...said } = read(head, 'abc') ?? {};
    expect(end - bodyStart).toBe(2);
    expect(said).toEqual({ forwardedFor: ' 192.0.2.1, 192.0.2.2', closes: true });
  });

  const withLines = (...lines: string[]) =>
    ['POST /v1/update/ HTTP/1.1', 'Host: x', 'Content-Length: 3', ...lines].join('\n');
  test.each([
    ['another method', withLines().replace('POST', 'PUT')],
    ['another path', withLines().replace('update', 'other')],
    ['a query', withLines().replace('update/', 'update/?x')],
    ['an older version', withLines().replace('1.1', '1.0')],
    ['no host', withLines().replace('Host', 'Ghost')],
    ['two hosts', withLines('Host: y')],
    ['no length', withLines().replace('Length', 'Width')],
    ['two lengths', withLines('Content-Length: 3')],
    ['an odd length', withLines().replace(': 3', ': +3')],
    ['a length of nothing', withLines().replace(': 3', ': 0')],
    ['a body over the limit', withLines().replace(': 3', ': 1001')],
    ['half a body', withLines().replace(': 3', ': 4')],
    ['chunks', withLines('Transfer-Encoding: chunked')],
    ['a compressed body', withLines('Content-Encoding: gzip')],
    ['a picture', withLines('Content-Type: image/png')],
    ['an expectation', withLines('Expect: 100-continue')],
    ['an upgrade', withLines('Connection: upgrade', 'Upgrade: h2c')],
    ['a folded line', withLines('X: a', ' b')],
    ['a space before the colon', withLines('X : a')],
    ['a control character', withLines('X: \u0001')],
  ])('is declined with %s', (_, head) => {
    expect(read(head)).toBeNull();
  });

  test('is declined while its headers are not complete', () => {
    expect(readPlainRequest(Buffer.from('POST /v1/update/ HTTP/1.1\r\nHost: x\r\n'), isOmahaPath, limits)).toBeNull();
  });
});

interface Listener {
  port: number;
  server: Server;
  seen: string[];
}

let answer: (reply: Reply) => void = (reply) => reply.document('<response/>');
let plain: Listener;
let node: Listener;
beforeAll(async () => {
  plain = await listen(true);
  node = await listen(false);
});
afterAll(async () => {
  for (const { server } of [plain, node]) {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
});

const headersTimeoutMs = 1000;

async function listen(isPlain: boolean): Promise<Listener> {
  const seen: string[] = [];
  const options: OmahaServerOptions = {
    isOmahaPath,
    addressOf: (_, forwardedFor) => forwardedFor.replaceAll(' ', ''),
    receive: (body, address, reply) => {
      seen.push(`${Buffer.from(body).toString('latin1')} of ${address}`);
      answer(reply);
    },
    onRefused: (cause) => void seen.push(cause),
    isClosing: () => false,
    bodyBytesMax: limits.bodyBytesMax,
    headersTimeoutMs,
    requestTimeoutMs: 5000,
    keepAliveMs: 5000,
    connectionsMax: 100,
  };
  const server = makeOmahaServer(options, (_, response) => response.writeHead(404).end('ordinary'));
  if (isPlain) takePlainRequests(server, options);
  server.on('clientError', (error, socket) => refuseBrokenRequest(options, error, socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: portOf(server), server, seen };
}

/** What a listener says to these writes until it closes the connection, and what it received and refused. */
async function talk({ port, seen }: Listener, writes: readonly Buffer[]) {
  seen.length = 0;
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const said = listenTo(socket);
  for (const bytes of writes) await new Promise((resolve) => socket.write(bytes, resolve));
  socket.end();
  const { text, isBroken } = await said;
  return {
    text: upToRefusal(text),
    isBroken,
    // Whether bytes behind a refused request are counted once more, and when, is a matter of node's turns.
    seen: seen.filter((what) => what !== 'http'),
  };
}

/** Its first refusal ends a connection: the last that a client can rely on is its status. */
function upToRefusal(text: string): string {
  return /^(?:(?!HTTP\/1\.1 4)[^])*(?:HTTP\/1\.1 4.*)?/.exec(text.replaceAll(/Date: .*\r\n/g, ''))?.[0] ?? '';
}

async function listenTo(socket: Socket): Promise<{ text: string; isBroken: boolean }> {
  let text = '';
  let isBroken = false;
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.on('error', () => (isBroken = true));
  await once(socket, 'close');
  return { text, isBroken };
}

async function expectSame(writes: readonly Buffer[]): Promise<void> {
  const [byPlain, byNode] = [await talk(plain, writes), await talk(node, writes)];
  expect(byPlain.seen).toEqual(byNode.seen);
  // A refusal that closes while more is on its way may reach the client or not: the same by both.
  const isComparable = !byPlain.isBroken && !byNode.isBroken;
  expect(isComparable && byPlain.text).toBe(isComparable && byNode.text);
}

const usual = 'POST /v1/update/ HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc';

const oftenFirst = (usual: string, ...others: string[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

const oddLines = [
  'Host : x',
  'HOST: y',
  'Content-Length: 2',
  'Content-Length: +3',
  'Content-Length: 0x3',
  'Content-Length: 03',
  'Content-Length:\t3 ',
  'Content-Length: \u00a03',
  'Content-Length: 3, 3',
  'Content-Length:',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: identity',
  'Expect: 100-continue',
  'Connection: close, keep-alive',
  'Connection: upgrade',
  'Upgrade: websocket',
  'Content-Encoding: gzip',
  'Content-Type: image/png',
  ' folded',
  '\tfolded: x',
  'X-Nul: \u0000',
  'X\u0000: 1',
  'X: a\nb: c',
  'X: a\rb',
  'X: \u00e9',
  'X:',
  ': x',
  'no colon',
  `X: ${'x'.repeat(9000)}`,
];
const usualLines = [
  'Accept: */*',
  'User-Agent: x',
  'Content-Type: text/xml',
  'X-Forwarded-For: 192.0.2.1',
  'X-Forwarded-For:192.0.2.2 ',
  'Connection: keep-alive',
  'Connection: close',
  'connection: Keep-Alive',
  'X-a!#$%: b',
];
const request = fc
  .record({
    method: oftenFirst('POST', 'GET', 'post', 'PUT', 'POST\t', ' POST'),
    url: oftenFirst(
      '/v1/update/',
      '/v1/update',
      '/v1/update/?x=1',
      '/v1/other',
      'http://x/v1/update/',
      '/v1/update/#',
      '*',
      '/v1/\u00fcpdate',
    ),
    version: oftenFirst('HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'http/1.1', 'HTTP/1.1 ', ''),
    host: oftenFirst('Host: x', 'host:x', 'Host:', 'Ghost: x'),
    length: oftenFirst(
      'Content-Length: 3',
      'content-length:3',
      'Content-Length: 5',
      'Content-Length: 0',
      'Content-Length: 2000',
    ),
    more: fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...usualLines) },
        { weight: 1, arbitrary: fc.constantFrom(...oddLines) },
      ),
      { maxLength: 4 },
    ),
    lineEnd: oftenFirst('\r\n', '\n', '\r'),
    body: oftenFirst('abc', 'ab', '', 'abcd', '3\r\nabc\r\n0\r\n\r\n'),
  })
  .map(({ method, url, version, host, length, more, lineEnd, body }) =>
    [[method, url, version].join(' '), host, ...more, length, '', body].join(lineEnd),
  );

test('a client that does not take its last answer is cut off', async () => {
  const accepted = once(plain.server, 'connection') as Promise<[Socket]>;
  answer = (reply) => reply.document('x'.repeat(30_000_000));
  const client = connect({ port: plain.port, host: '127.0.0.1' }).pause();
  client.write(usual.replace('keep-alive', 'close'));
  const [socket] = await accepted;
  await once(socket, 'close');
  expect(socket.bytesWritten).toBeGreaterThan(0);
  expect(socket.writableFinished).toBe(false);
  client.destroy();
  answer = (reply) => reply.document('<response/>');
});

test('a request that came in time is answered by a process that was held up until after it', async () => {
  const accepted = once(plain.server, 'connection');
  const client = connect({ port: plain.port, host: '127.0.0.1' });
  await accepted;
  client.write(usual);
  const until = performance.now() + headersTimeoutMs + 100;
  while (performance.now() < until);
  const [said] = (await once(client, 'data')) as [Buffer];
  expect(said.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
  client.destroy();
});

describe('a listener that takes plain requests by itself says, receives and refuses what node:http alone does', () => {
  // What follows on an odd one is node's business by both.
  test('of a request with odd parts, alone or behind plain ones, in one write or in two', async () => {
    const conversation = fc.record({
      before: fc.nat(2),
      last: request,
      cut: fc.option(fc.nat(400), { nil: 0, freq: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(conversation, ({ before, last, cut }) => {
        const bytes = Buffer.from(usual.repeat(before) + last, 'latin1');
        return expectSame([bytes.subarray(0, cut), bytes.subarray(cut)].filter(({ length }) => length > 0));
      }),
      { numRuns: 400, timeout: 3000 },
    );
  });

  test('of a plain request with any byte changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(usual.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(usual, 'latin1');
        changed[at] = byte;
        return expectSame([changed]);
      }),
      { numRuns: 400, timeout: 3000 },
    );
  });
});
