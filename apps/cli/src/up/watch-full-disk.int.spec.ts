// A real nats-server on a small disk that fills up, as `up` keeps it.
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { startNats } from '@platte/backing';
import { connectNats, type NatsConnection } from '@platte/fact-log';
import { expect, test } from 'vitest';
import { makeSmallDisk, whyNoSmallDisk } from '../../../../test/clients/small-disk.js';
import { keepServer } from './servers.js';
import { isEnough } from './watch-full-disk.js';

test.each([
  ['300 MiB of 100 GiB', 300, 102_400, true],
  ['200 MiB of 100 GiB', 200, 102_400, false],
  ['60 MiB of 1 GiB', 60, 1_024, true],
  ['40 MiB of 1 GiB', 40, 1_024, false],
])('%s free is enough: %o', (_, freeMib, diskMib, expected) => {
  expect(isEnough(freeMib * 2 ** 20, diskMib * 2 ** 20)).toBe(expected);
});

/** Whether JetStream acknowledged it. Its patience is the client's: a full stream answers nothing. */
async function store(nc: NatsConnection, bytes: number): Promise<boolean> {
  const ack = await nc.request('x', new Uint8Array(bytes), { timeout: 1_000 }).catch(() => undefined);
  return ack?.json<{ seq?: number }>().seq !== undefined;
}

async function until(isTrue: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isTrue())) await turn();
}

test.skipIf(whyNoSmallDisk() !== undefined)(
  'a nats-server whose disk was full is started again once there is space, and stores again',
  async () => {
    const disk = makeSmallDisk(96);
    const said: string[] = [];
    const options = { dataDir: disk.folder, say: (line: string) => void said.push(line), onRestart: () => {} };
    const start = (given: Parameters<typeof startNats>[0]) =>
      startNats({ ...given, auth: 'none', fileStoreBytesMax: 2 ** 30 });
    await writeFile(join(disk.folder, 'ballast'), new Uint8Array(60 * 2 ** 20));
    const server = await keepServer('nats', start, 0, options);
    const nc = await connectNats({ url: server.now.url, name: 'test', say: () => {} });
    try {
      await nc.request(
        '$JS.API.STREAM.CREATE.X',
        JSON.stringify({
          name: 'X',
          subjects: ['x'],
          storage: 'file',
          num_replicas: 1,
          max_bytes: -1,
          max_msgs: -1,
          retention: 'limits',
          discard: 'new',
        }),
      );
      let stored = 0;
      for (; await store(nc, 500_000); stored++);
      expect(stored).toBeGreaterThan(10);
      await until(() => said.some((line) => line.includes('is full')));
      expect(await store(nc, 10), 'still full').toBe(false);

      await rm(join(disk.folder, 'ballast'));
      await until(() => store(nc, 10));
      expect(said.filter((line) => line.includes('is full'))).toHaveLength(1);
      expect(said.filter((line) => line.includes('has room again'))).toHaveLength(1);
      const { bavail, bsize } = await statfs(disk.folder);
      expect(bavail * bsize).toBeGreaterThan(50 * 2 ** 20);
    } finally {
      await nc.close();
      await server.stop();
      disk.remove();
    }
  },
);
