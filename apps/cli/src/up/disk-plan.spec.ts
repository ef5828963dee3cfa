import { describe, expect, test } from 'vitest';
import { type DiskPlan, defaultPlan, judgeDisk, toStoreBytes } from './disk-plan.js';

const mib = 2 ** 20;
const gib = 2 ** 30;
const plan = (factsBytes: number, spoolBytes: number): DiskPlan => ({ factsBytes, spoolBytes });
const first = { usedBytes: 0, kept: undefined, given: {} };

describe('a first start', () => {
  test.each([
    ['3 GiB', 3 * gib, plan(921 * mib, 153 * mib)],
    ['5 GiB', 5 * gib, plan(1536 * mib, 256 * mib)],
    ['13.9 GiB', 13.9 * gib, plan(4270 * mib, 512 * mib)],
    ['33 GiB', 33 * gib, plan(10_137 * mib, 512 * mib)],
    ['34 GiB', 34 * gib, defaultPlan],
    ['4 TiB', 4096 * gib, defaultPlan],
  ])('with %s free fits', (_, freeBytes, expected) => {
    expect(judgeDisk({ ...first, freeBytes })).toEqual({ status: 'fits', plan: expected });
    expect(toStoreBytes(expected) + expected.spoolBytes, 'leaves room for the others').toBeLessThan(
      freeBytes - 1.2 * gib,
    );
  });

  test.each([
    ['nothing', 0, '0 MiB is free there, and Platte needs 3.0 GiB'],
    ['a little less than it needs', 3 * gib - 1, '3.0 GiB is free there, and Platte needs 3.0 GiB'],
    ['1.2 GiB', 1.2 * gib, '1.2 GiB is free there, and Platte needs 3.0 GiB'],
  ])('with %s free is refused', (_, freeBytes, why) => {
    expect(judgeDisk({ ...first, freeBytes })).toEqual({ status: 'too-little', why });
  });

  test('with sizes that a person has set takes those, and says what they need', () => {
    const given = { factsBytes: 200 * mib, spoolBytes: 10 * mib };
    expect(judgeDisk({ ...first, freeBytes: 2.2 * gib, given })).toEqual({ status: 'fits', plan: given });
    expect(judgeDisk({ ...first, freeBytes: 5 * gib, given: { factsBytes: 10 * gib } })).toEqual({
      status: 'too-little',
      why: '5.0 GiB is free there, and Platte needs 12.1 GiB',
    });
  });
});

describe('a later start', () => {
  const kept = plan(1536 * mib, 256 * mib);

  test('keeps its sizes where others have filled the disk', () => {
    expect(judgeDisk({ freeBytes: gib, usedBytes: gib, kept, given: {} })).toEqual({ status: 'fits', plan: kept });
  });

  test('grows with the disk, by what the log has taken already too', () => {
    const judged = judgeDisk({ freeBytes: 8 * gib, usedBytes: 2 * gib, kept, given: {} });
    expect(judged).toEqual({ status: 'fits', plan: plan(3072 * mib, 512 * mib) });
  });

  test('does not make the log smaller; a spool that a person has set is what they say', () => {
    const judged = judgeDisk({ freeBytes: 8 * gib, usedBytes: 0, kept: defaultPlan, given: plan(gib, 64 * mib) });
    expect(judged).toEqual({ status: 'fits', plan: plan(10 * gib, 64 * mib) });
  });

  test('on a full disk is refused', () => {
    expect(judgeDisk({ freeBytes: 12 * mib, usedBytes: 5 * gib, kept, given: {} })).toEqual({
      status: 'too-little',
      why: '12 MiB is free there, and Platte needs 64 MiB',
    });
  });
});
