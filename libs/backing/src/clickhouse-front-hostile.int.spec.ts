// What a stranger sends to the SQL port: it costs one small answer, and the history goes on for everybody else.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { exchangeRaw, ofVersion, rawRequests, statusOf } from '../../../test/clients/raw-requests.js';
import { useFront } from './clickhouse-front.fixture.js';

const front = useFront();

const authorization = (user: 'reader' | 'platte'): string => {
  const { server } = front;
  const password = user === 'reader' ? server.reader.password : server.password;
  return `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}\r\n`;
};

function post(target: string, headers: string, body: Uint8Array): Buffer {
  const head = `POST ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}Content-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

async function assertServes(): Promise<void> {
  expect(await front.rows('select 1 as one')).toEqual([{ one: 1 }]);
}

describe('the SQL port', () => {
  it.each(rawRequests)('answers $name, and goes on', async (request) => {
    const status = (await statusOf(front.server.port, request)) ?? 400;
    expect(status).toBeLessThan(500);
    await assertServes();
  });

  it.each(['//', '/\\', 'http://', '/?query=select%201&query_id=%0a', '/?query=select%201&query_id=%0d%0aX:%20y'])(
    'GET %s is 400, without a password',
    async (target) => {
      expect(
        await statusOf(front.server.port, { bytes: `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n` }),
      ).toBe(400);
      await assertServes();
    },
  );

  it.each(['2.0', '0.9'])('refuses HTTP/%s', async (version) => {
    expect(await statusOf(front.server.port, ofVersion(version))).toBe(505);
  });
});

describe('a compressed body that is not what its encoding says', () => {
  const noise = Buffer.from('this is not gzip');
  const insert = `/?query=${encodeURIComponent('insert into t format JSONEachRow')}`;

  it.each(['gzip', 'deflate', 'br', 'zstd'])(
    'of an insert by the reader, as %s, is refused as every insert',
    async (encoding) => {
      const bytes = post(insert, `${authorization('reader')}Content-Encoding: ${encoding}\r\n`, noise);
      expect(await statusOf(front.server.port, { bytes })).toBe(403);
      await assertServes();
    },
  );

  it.each(['gzip', 'deflate', 'br', 'zstd'])('of an insert by a program, as %s, is 400', async (encoding) => {
    const bytes = post(insert, `${authorization('platte')}Content-Encoding: ${encoding}\r\n`, noise);
    expect(await statusOf(front.server.port, { bytes })).toBe(400);
    await assertServes();
  });

  it('is 400 also when it begins well', async () => {
    const cut = gzipSync(Buffer.alloc(100_000, '{"a":1}\n')).subarray(0, 60);
    const bytes = post('/', `${authorization('reader')}Content-Encoding: gzip\r\n`, cut);
    expect(await statusOf(front.server.port, { bytes })).toBe(400);
    await assertServes();
  });
});

it('headers that trickle end their connection: 408 after ten seconds', async () => {
  expect(await statusOf(front.server.port, { bytes: 'GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ' })).toBe(408);
});

describe('a body that nobody reads', () => {
  it('ends its connection with the answer: what follows is not taken for the next request', async () => {
    const bytes =
      'POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nGET /ping HTTP/1.1\r\nHost: a\r\n\r\n';
    const text = await exchangeRaw(front.server.port, { bytes });
    expect(text).toMatch(/^HTTP\/1\.1 404 /);
    expect(text).toContain('Connection: close');
  });
});
