import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeNewMachines, toSource } from './new-machines.js';

const hourMs = 3_600_000;
const app = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';

describe('a cap of new machines per address and hour', () => {
  test('lets so many in, and refuses the next until the hour is over', () => {
    const { admit } = makeNewMachines({ perHour: 2 });
    const at = (minute: number, machine: string) => admit(app, machine, '192.0.2.7', minute * 60_000);
    expect(['a', 'b', 'c'].map((machine) => at(0, machine))).toEqual([true, true, false]);
    expect(at(59, 'c')).toBe(false);
    expect(at(60, 'c')).toBe(true);
  });

  test('never refuses a machine that it has let in, and does not count it again', () => {
    const { admit } = makeNewMachines({ perHour: 1 });
    expect(admit(app, 'a', '192.0.2.7', 0)).toBe(true);
    expect(admit(app, 'b', '192.0.2.7', 1)).toBe(false);
    for (let hour = 0; hour < 5; hour++) expect(admit(app, 'a', '192.0.2.7', hour * hourMs)).toBe(true);
    expect(admit(app, 'b', '192.0.2.7', 5 * hourMs)).toBe(true);
  });

  test('is of each address by itself, and of the same machine in each application', () => {
    const { admit } = makeNewMachines({ perHour: 1 });
    expect(admit(app, 'a', '192.0.2.7', 0)).toBe(true);
    expect(admit(app, 'b', '192.0.2.8', 0)).toBe(true);
    expect(admit('io.example.other', 'a', '192.0.2.7', 0)).toBe(false);
  });

  test('of 0 is none', () => {
    const { admit } = makeNewMachines({ perHour: 0 });
    for (let machine = 0; machine < 1000; machine++) expect(admit(app, `${machine}`, '192.0.2.7', 0)).toBe(true);
  });

  test('remembers a bounded number of machines: the oldest are new again', () => {
    const { admit } = makeNewMachines({ perHour: 4, rememberedMax: 2 });
    for (const machine of ['a', 'b', 'c', 'd']) expect(admit(app, machine, 'x', 0)).toBe(true);
    expect(admit(app, 'd', 'x', 0)).toBe(true);
    expect(admit(app, 'c', 'x', 0)).toBe(true);
    expect(admit(app, 'b', 'x', 0)).toBe(true);
    expect(admit(app, 'e', 'x', 0)).toBe(false);
  });

  test('counts a bounded number of addresses: the one whose hour began first goes', () => {
    const { admit } = makeNewMachines({ perHour: 1, addressesMax: 2 });
    for (const address of ['x', 'y', 'z']) expect(admit(app, `of-${address}`, address, 0)).toBe(true);
    expect(admit(app, 'another', 'z', 1)).toBe(false);
    expect(admit(app, 'another', 'x', 1)).toBe(true);
  });

  test('tells machines apart', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ maxLength: 40 }), { minLength: 2, maxLength: 50 }), (machines) => {
        const { admit } = makeNewMachines({ perHour: machines.length - 1 });
        const admitted = machines.map((machine) => admit(app, machine, 'x', 0));
        expect(admitted).toEqual(machines.map((_, index) => index < machines.length - 1));
      }),
    );
  });
});

describe('a source', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::7', '2001:db8:0:0'],
    ['2001:db8:1:2::7', '2001:db8:1:2'],
    ['::1', '0:0:0:0'],
    ['2001:db8::', '2001:db8:0:0'],
    ['2001:db8::1:2:3:4:5', '2001:db8:0:1'],
    ['', ''],
  ])('of %s is %s', (address, source) => {
    expect(toSource(address)).toBe(source);
  });
});
