// Ingress beside a real nats-server whose disk is full: it answers, keeps facts on its own disk, and says what to do.
import { readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeSmallDisk, whyNoSmallDisk } from '../../../test/clients/small-disk.js';
import { startTrialIngress, startTrialNats } from './testing/trial-ingress.js';

const check = readFileSync(
  new URL('../../../test/clients/recordings/update-engine.check.3-2.xml', import.meta.url),
  'utf8',
);

test.skipIf(whyNoSmallDisk() !== undefined)(
  'a NATS that is connected and stores nothing is a warning that says what to do, until it was started again',
  async () => {
    const disk = makeSmallDisk(64);
    const nats = await startTrialNats({ folder: join(disk.folder, 'nats') });
    const ingress = await startTrialIngress(nats.url, { PLATTE_FACTS_MAX: '1GiB' });
    const facts = async () => (await ingress.ready()).dependencies.find(({ name }) => name === 'facts')!;
    const post = async (machine: string) =>
      (await ingress.post(check.replace(/machineid="[^"]*"/, `machineid="${machine}"`))).status;
    try {
      const { bavail, bsize } = statfsSync(disk.folder);
      writeFileSync(join(disk.folder, 'ballast'), new Uint8Array(bavail * bsize - 65_536));
      let posted = 0;
      for (; (await facts()).state !== 'warning'; posted++) expect(await post(`m${posted}`)).toBe(200);
      expect((await facts()).detail).toMatch(
        /^to the spool, .*; NATS is connected and has stored nothing for \d+ s .*If its disk was full, free some of it and start nats-server again/,
      );
      expect((await ingress.ready()).status, 'the fleet is served').toBe(200);

      writeFileSync(join(disk.folder, 'ballast'), '');
      await nats.kill();
      await nats.restart();
      while ((await facts()).state !== 'up' || !(await facts()).detail.startsWith('to the stream')) await post('later');
      const stored = new Set((await nats.facts()).map(({ machine }) => machine));
      for (let number = 0; number < posted; number++) expect(stored).toContain(`m${number}`);
    } finally {
      await ingress.stop();
      await nats.stop();
      disk.remove();
    }
  },
);
