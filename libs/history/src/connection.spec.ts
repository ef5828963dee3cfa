import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { openHistory } from './connection.js';

it('gives up a question to a server that takes it and says nothing, in words of ours', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('a server listens on a port');
  const history = openHistory({
    url: `http://127.0.0.1:${address.port}`,
    user: 'x',
    password: 'x',
    database: 'x',
    log: { info: () => {}, warn: () => {} },
    readSecondsMax: 0.05,
  });
  try {
    await expect(history.read('select 1')).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: 'ClickHouse did not answer within 0.05 s',
    });
  } finally {
    await history.close();
    silent.close();
  }
});
