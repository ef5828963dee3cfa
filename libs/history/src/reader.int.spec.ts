// Plain requests to the engine of the run: what goes in as a parameter comes out as a row, and refusals keep their codes.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { openFresh } from '../test/fresh-history.js';

const anyText = fc
  .string({ unit: 'binary', maxLength: 20 })
  .filter((text) => !text.includes('\0') && text.isWellFormed());

test('gives back whatever text, list, number or nothing it was given', async () => {
  const history = await openFresh();
  const question = `select {text:String} as text, {list:Array(String)} as list, {numbers:Array(UInt32)} as numbers,
    {wide:Int64} as wide, {yes:Bool} as yes, {none:Nullable(String)} as none`;
  const given = {
    text: anyText,
    list: fc.array(anyText, { maxLength: 4 }),
    wide: fc.maxSafeInteger(),
    yes: fc.boolean(),
  };
  await fc.assert(
    fc.asyncProperty(fc.record(given), async (some) => {
      const params = { ...some, numbers: [0, 4_294_967_295], none: null };
      expect(await history.read(question, params)).toEqual([params]);
    }),
    { numRuns: 50 },
  );
});

test.each([
  ['nothing', 'select 1 as n where 0', []],
  ['a line end', `select arrayJoin(['a\\nb', 'c']) as n`, [{ n: 'a\nb' }, { n: 'c' }]],
  ['a number of 53 bits', 'select toUInt64(9007199254740991) as n', [{ n: Number.MAX_SAFE_INTEGER }]],
])('reads an answer of %s', async (_, question, rows) => {
  const history = await openFresh();
  expect(await history.read(question)).toEqual(rows);
});

test.each([
  ['select nothing', '47'],
  ['select {missing:String}', '456'],
  [`select count(throwIf(number = 3000000, 'late')) from numbers(5000000)`, '395'],
])('throws what the engine says of %s', async (question, code) => {
  const history = await openFresh();
  await expect(history.read(question)).rejects.toMatchObject({ code });
});

test('asks many questions at once', async () => {
  const history = await openFresh();
  const numbers = Array.from({ length: 100 }, (_, n) => n);
  const answers = await Promise.all(numbers.map((n) => history.read<{ n: number }>('select {n:UInt32} as n', { n })));
  expect(answers.flat().map(({ n }) => n)).toEqual(numbers);
});
