import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type RequestOptions, type Server } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { portOf } from '@platte/service';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeOmahaServer, type OmahaServerOptions, refuseBrokenRequest, type Reply } from './omaha-server.js';
import { takePlainRequests } from './plain-connections.js';

interface Received {
  body: string;
  address: string;
}

let server: Server;
let port: number;
let received: Received[];
let refused: string[];
let isClosing: boolean;
let answer: (reply: Reply) => void;

async function start(plain: boolean): Promise<void> {
  received = [];
  refused = [];
  isClosing = false;
  answer = (reply) => reply.document('<response/>');
  const options: OmahaServerOptions = {
    isOmahaPath: (url) => url === '/v1/update/',
    addressOf: (peer) => peer ?? '',
    receive: (body, address, reply) => {
      received.push({ body: Buffer.from(body).toString(), address });
      answer(reply);
    },
    onRefused: (cause) => void refused.push(cause),
    isClosing: () => isClosing,
    bodyBytesMax: 1000,
    headersTimeoutMs: 100,
    requestTimeoutMs: 200,
    keepAliveMs: 5000,
    connectionsMax: 100,
  };
  server = makeOmahaServer(options, (_, response) => response.writeHead(404).end('ordinary'));
  if (plain) takePlainRequests(server, options);
  server.on('clientError', (error, socket) => refuseBrokenRequest(options, error, socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = portOf(server);
}

afterEach(async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
});

async function send(options: RequestOptions, ...chunks: string[]): Promise<IncomingMessage & { body: string }> {
  const sent = httpRequest({ host: '127.0.0.1', port, path: '/v1/update/', method: 'POST', agent: false, ...options });
  const answered = new Promise<IncomingMessage>((resolve, reject) =>
    sent.once('response', resolve).once('error', reject),
  );
  for (const chunk of chunks) sent.write(chunk);
  sent.end();
  const response = await answered;
  return Object.assign(response, { body: await text(response) });
}

/** Answers are left to the test: each `next` is the reply of the next request. */
function holdAnswers(): { next: () => Promise<Reply> } {
  const replies: Reply[] = [];
  let wake = (): void => {};
  answer = (reply) => {
    replies.push(reply);
    wake();
  };
  return {
    async next() {
      if (replies.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return replies.shift()!;
    },
  };
}

/** Everything that the server says to these bytes until it closes the connection. */
async function sendRaw(bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}

describe.each([
  ['with plain requests on the bare connection', true],
  ['with node:http alone', false],
])('the Omaha listener %s', (_, plain) => {
  beforeEach(() => start(plain));

  test('gives body and address on, and answers what it is told, uncached and with its length', async () => {
    const response = await send({ headers: { 'content-length': 10 } }, '<request/>');
    expect(received).toEqual([{ body: '<request/>', address: '127.0.0.1' }]);
    expect(response.statusCode).toBe(200);
    expect(response.body).toBe('<response/>');
    expect(response.headers).toMatchObject({
      'content-type': 'text/xml; charset=utf-8',
      'content-length': '11',
      'cache-control': 'no-store',
    });
  });

  test('counts the length of an answer in bytes', async () => {
    answer = (reply) => reply.document('<é/>');
    expect((await send({}, 'x')).headers['content-length']).toBe('5');
  });

  test('row 40: puts a body together that comes in chunks without a length', async () => {
    await send({ headers: { 'transfer-encoding': 'chunked' } }, '<req', 'uest', '/>');
    expect(received[0]?.body).toBe('<request/>');
  });

  test('gives an empty body on, too', async () => {
    await send({ headers: { 'content-length': 0 } });
    expect(received[0]?.body).toBe('');
  });

  test('closes its connections while it stops', async () => {
    expect((await send({ headers: { connection: 'keep-alive' } }, 'x')).headers['connection']).toBe('keep-alive');
    isClosing = true;
    expect((await send({ headers: { connection: 'keep-alive' } }, 'x')).headers['connection']).toBe('close');
  });

  test('leaves other paths to the ordinary handler', async () => {
    expect((await send({ path: '/v1/other' }, 'x')).body).toBe('ordinary');
    expect(received).toEqual([]);
  });

  test.each(['GET', 'HEAD', 'PUT', 'OPTIONS', 'DELETE'])(
    'answers %s with 405 and what is allowed, and no redirect',
    async (method) => {
      const response = await send({ method });
      expect(response.statusCode).toBe(405);
      expect(response.headers.allow).toBe('POST');
    },
  );

  test('answers 413 to a body over the limit that says its length', async () => {
    const response = await send({ headers: { 'content-length': 5000 } }, 'x'.repeat(5000));
    expect(response.statusCode).toBe(413);
    expect(response.headers.connection).toBe('close');
    expect(refused).toEqual(['too-large']);
    expect(received).toEqual([]);
  });

  test('answers 413 to a body over the limit that comes in chunks', async () => {
    const response = await send(
      { headers: { 'transfer-encoding': 'chunked' } },
      'x'.repeat(600),
      'x'.repeat(600),
      'x'.repeat(60_000),
    );
    expect(response.statusCode).toBe(413);
    expect(refused).toEqual(['too-large']);
    expect(received).toEqual([]);
  });

  test('takes a body of exactly the limit', async () => {
    expect(
      (await send({ headers: { 'transfer-encoding': 'chunked' } }, 'x'.repeat(600), 'x'.repeat(400))).statusCode,
    ).toBe(200);
  });

  test.each(['gzip', 'br', 'zstd', 'GZIP'])('answers 415 to a body encoded with %s', async (encoding) => {
    expect((await send({ headers: { 'content-encoding': encoding } }, 'x')).statusCode).toBe(415);
    expect(received).toEqual([]);
  });

  test.each(['multipart/form-data; boundary=x', 'image/png'])('answers 415 to the type %s', async (type) => {
    expect((await send({ headers: { 'content-type': type } }, 'x')).statusCode).toBe(415);
  });

  test.each([
    'text/xml',
    'application/xml',
    'text/xml; charset=utf-8',
    'application/x-www-form-urlencoded',
    'nonsense',
  ])('reads a body of the type %s', async (type) => {
    expect((await send({ headers: { 'content-type': type } }, 'x')).statusCode).toBe(200);
  });

  test('asks a client that waits for it to go on', async () => {
    const sent = httpRequest({
      host: '127.0.0.1',
      port,
      path: '/v1/update/',
      method: 'POST',
      agent: false,
      headers: { expect: '100-continue' },
    });
    sent.flushHeaders();
    await new Promise((resolve) => sent.once('continue', resolve));
    const answered = new Promise<IncomingMessage>((resolve) => sent.once('response', resolve));
    sent.end('<request/>');
    expect((await answered).statusCode).toBe(200);
  });

  test('row 40: answers pipelined requests in their order', async () => {
    let count = 0;
    answer = (reply) => reply.document(`<answer-${++count}/>`);
    const one = 'POST /v1/update/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx';
    const last = 'POST /v1/update/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx';
    const answers = await sendRaw(one + one + last);
    expect(answers.match(/<answer-\d\/>/g)).toEqual(['<answer-1/>', '<answer-2/>', '<answer-3/>']);
  });

  test('row 40: refuses a request with both a length and chunks, and closes the connection', async () => {
    const said = await sendRaw(
      'POST /v1/update/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    );
    expect(said).toMatch(/^HTTP\/1\.1 400 /);
    expect(received).toEqual([]);
    expect(refused).toEqual(['http']);
  });

  test.each([
    ['bytes that are no HTTP', '\u0016\u0003\u0001 hello\r\n\r\n', '400'],
    ['two lengths', 'POST /v1/update/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx', '400'],
    ['headers without end', `POST /v1/update/ HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`, '431'],
  ])('row 40: refuses %s and closes the connection', async (_, bytes, status) => {
    expect(await sendRaw(bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(refused).toEqual(['http']);
  });

  test.each([
    ['headers', 'POST /v1/update/ HTTP/1.1\r\nHost: x\r\n'],
    ['body', 'POST /v1/update/ HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx'],
  ])('row 40: ends a request whose %s do not come in time', async (_, bytes) => {
    expect(await sendRaw(bytes)).toMatch(/^HTTP\/1\.1 408 /);
    expect(refused).toEqual(['slow']);
  });

  test('takes no more connections than it may, and counts those that it drops', async () => {
    server.maxConnections = 1;
    const first = connect(port, '127.0.0.1');
    await once(first, 'connect');
    const second = connect(port, '127.0.0.1');
    await Promise.race([once(second, 'close'), once(second, 'error')]);
    expect(refused).toEqual(['too-many-connections']);
    first.destroy();
  });

  const plainRequest = 'POST /v1/update/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx';

  test('ends a connection on which nothing comes', async () => {
    expect(await sendRaw('')).toMatch(/^HTTP\/1\.1 408 /);
    expect(refused).toEqual(['slow']);
  });

  test('answers a client that has closed its half while its answer was held', async () => {
    const held = holdAnswers();
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const said = text(socket);
    socket.end(plainRequest);
    (await held.next()).document('<late/>');
    expect(await said).toContain('<late/>');
  });

  test('keeps what comes while an answer is held, and refuses what is broken only behind that answer', async () => {
    const held = holdAnswers();
    const socket = connect(port, '127.0.0.1');
    const said = text(socket);
    socket.write(plainRequest);
    const first = await held.next();
    await new Promise((resolve) => socket.write('no HTTP\r\n\r\n', resolve));
    first.document('<first/>');
    expect((await said).match(/HTTP\/1.1 \d+|<first\/>/g)).toEqual(['HTTP/1.1 200', '<first/>', 'HTTP/1.1 400']);
  });

  test('closes idle connections with the server, and lets those with a held answer finish', async () => {
    const idle = connect(port, '127.0.0.1');
    idle.write(plainRequest);
    await once(idle, 'data');
    const held = holdAnswers();
    const busy = connect(port, '127.0.0.1');
    const said = text(busy);
    busy.write(plainRequest);
    const reply = await held.next();
    isClosing = true;
    server.close();
    await once(idle, 'close');
    reply.document('<last/>');
    expect(await said).toMatch(/Connection: close[^]*<last\/>/);
  });

  test('survives a client that leaves before its answer', async () => {
    const left = new Promise<void>((resolve) => {
      answer = (reply) => {
        socket.destroy();
        setImmediate(() => {
          reply.document('<late/>');
          resolve();
        });
      };
    });
    const socket = connect(port, '127.0.0.1');
    socket.write('POST /v1/update/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx');
    await left;
    answer = (reply) => reply.document('<response/>');
    expect((await send({}, 'x')).statusCode).toBe(200);
  });
});
