import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSpool, type Spool, type SpoolOptions } from './spool.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-spool-'));
});
afterEach(() => rm(folder, { recursive: true }));

const open = (options: Partial<SpoolOptions> = {}) => openSpool({ folder, bytesMax: 1_000_000, ...options });

function put(spool: Spool, id: string, bytes = 100): Promise<void> {
  return new Promise((resolve, reject) => {
    spool.append({ id, body: Buffer.alloc(bytes, id) }, (error) => (error === undefined ? resolve() : reject(error)));
  });
}

/** Reads and removes everything, as the drain does. */
async function takeAll(spool: Spool): Promise<string[]> {
  const ids: string[] = [];
  for (let segment = await spool.readOldest(); segment !== undefined; segment = await spool.readOldest()) {
    ids.push(...segment.records.map(({ id }) => id));
    await spool.removeOldest(segment);
  }
  return ids;
}

const names = (count: number) => Array.from({ length: count }, (_, n) => `r${n}`);

describe('the spool', () => {
  it('gives back in order what was put, over several segments', async () => {
    const spool = await open({ segmentBytesMax: 500 });
    for (const id of names(20)) await put(spool, id);
    expect((await readdir(folder)).filter((name) => name.endsWith('.spool'))).toHaveLength(4);
    expect(await takeAll(spool)).toEqual(names(20));
    expect([spool.isEmpty(), spool.bytes()]).toEqual([true, 0]);
    await spool.close();
  });

  it('is not empty from the moment of a put until its segment is removed', async () => {
    const spool = await open();
    expect(spool.isEmpty()).toBe(true);
    const putting = put(spool, 'r0');
    expect(spool.isEmpty()).toBe(false);
    await putting;
    expect(spool.isEmpty()).toBe(false);
    await takeAll(spool);
    expect(spool.isEmpty()).toBe(true);
    await spool.close();
  });

  it('shares one write among all that wait', async () => {
    const spool = await open();
    await Promise.all(names(1000).map((id) => put(spool, id)));
    expect(await takeAll(spool)).toEqual(names(1000));
    await spool.close();
  });

  it('finds what an earlier run left, and begins a segment of its own', async () => {
    const first = await open();
    await put(first, 'old');
    await first.close();
    const second = await open();
    expect(second.isEmpty()).toBe(false);
    await put(second, 'new');
    expect(await takeAll(second)).toEqual(['old', 'new']);
    await second.close();
  });

  it('refuses what does not fit, says what to do, and takes it once there is room', async () => {
    const spool = await open({ bytesMax: 1000 });
    await put(spool, 'r0', 500);
    await expect(put(spool, 'r1', 500)).rejects.toMatchObject({
      reason: 'spool-full',
      message: expect.stringMatching(/full \(1000 bytes\)/),
    });
    expect(await takeAll(spool)).toEqual(['r0']);
    await put(spool, 'r1', 500);
    await spool.close();
  });

  it('has no room a little before it is full', async () => {
    const spool = await open({ bytesMax: 200_000 });
    expect(spool.hasRoom(0)).toBe(true);
    expect(spool.hasRoom(140_000)).toBe(false);
    await spool.close();
  });

  it('forgets a record that was cut off, and keeps those before it', async () => {
    const first = await open();
    await put(first, 'r0');
    await put(first, 'r1');
    await first.close();
    const file = join(folder, '0000000001.spool');
    await writeFile(file, (await readFile(file)).subarray(0, -1));
    const second = await open();
    expect(await takeAll(second)).toEqual(['r0']);
    expect((await readdir(folder)).filter((name) => name !== 'lock')).toEqual([]);
    await second.close();
  });

  it('keeps a damaged segment for a person, and says so', async () => {
    const first = await open();
    for (const id of names(3)) await put(first, id);
    await first.close();
    const file = join(folder, '0000000001.spool');
    const bytes = await readFile(file);
    bytes[150]! ^= 1;
    await writeFile(file, bytes);
    const said: string[] = [];
    const second = await open({ say: (line) => said.push(line) });
    expect(await takeAll(second)).toEqual(['r0']);
    expect(said.join('\n')).toContain('bytes that cannot be read');
    expect((await readdir(folder)).filter((name) => name.includes('damaged'))).toHaveLength(1);
    await second.close();
  });

  it('belongs to one process', async () => {
    const spool = await open();
    await expect(open()).rejects.toThrow(`is used by process ${process.pid}`);
    await spool.close();
    await (await open()).close();
  });

  it('takes over from a process that is gone', async () => {
    // No Linux process has an id above 2^22.
    await writeFile(join(folder, 'lock'), '99999999 12345');
    const spool = await open();
    expect(spool.isEmpty()).toBe(true);
    await spool.close();
  });

  it('ignores other files in its folder', async () => {
    await appendFile(join(folder, 'notes.txt'), 'x');
    const spool = await open();
    expect(spool.isEmpty()).toBe(true);
    await spool.close();
  });
});
