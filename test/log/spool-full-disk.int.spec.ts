// A spool whose disk is full while NATS is away.
import { readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSpool, type Spool } from '@platte/fact-log';
import { expect, test } from 'vitest';
import { makeSmallDisk, whyNoSmallDisk } from '../clients/small-disk.js';

const record = (id: string) => ({ id, body: Buffer.alloc(20_000, id) });
const append = (spool: Spool, id: string) =>
  new Promise<string>((resolve) => spool.append(record(id), (error) => resolve(error?.reason ?? 'stored')));

/** How many bytes are free when the disk is as full as it will be: not even a segment, or a segment and no record. */
test.skipIf(whyNoSmallDisk() !== undefined).each([0, 4_096, 8_192])(
  'with %i bytes free refuses records, leaves no file behind for each, and takes them when there is space',
  async (leftBytes) => {
    const disk = makeSmallDisk(8);
    const folder = join(disk.folder, 'spool');
    const spool = await openSpool({ folder, bytesMax: 2 ** 30 });
    const segments = () => readdirSync(folder).filter((name) => name.endsWith('.spool'));
    try {
      const { bavail, bsize } = statfsSync(disk.folder);
      writeFileSync(join(disk.folder, 'ballast'), new Uint8Array(bavail * bsize - leftBytes));
      for (let tries = 0; tries < 5; tries++) {
        expect(await append(spool, `refused-${tries}`)).toBe('spool-failed');
        expect(segments()).toEqual([]);
      }
      expect([spool.isEmpty(), spool.bytes(), spool.hasRoom(1)]).toEqual([true, 0, false]);

      rmSync(join(disk.folder, 'ballast'));
      expect(await append(spool, 'kept')).toBe('stored');
      const segment = await spool.readOldest();
      expect(segment?.records.map(({ id }) => id)).toEqual(['kept']);
      await spool.removeOldest(segment!);
      expect([segments(), spool.isEmpty()]).toEqual([[], true]);
    } finally {
      await spool.close();
      disk.remove();
    }
  },
);
