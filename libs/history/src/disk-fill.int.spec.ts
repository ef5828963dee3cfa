import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { openFresh } from '../test/fresh-history.js';
import { readDiskFill } from './history.js';

test('says how full the disk of the server is', async () => {
  const history = await openFresh();
  const fill = await readDiskFill(history);
  const { blocks, bsize } = await statfs(tmpdir());
  expect(fill?.where).toMatch(/.+, default$/);
  expect(fill?.limitBytes).toBe(blocks * bsize);
  expect(fill?.usedBytes).toBeGreaterThan(0);
  expect(fill?.usedBytes).toBeLessThan(fill?.limitBytes ?? 0);
});
