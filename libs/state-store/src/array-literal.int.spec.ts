import * as fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { toArrayLiteral, toColumns } from './array-literal.js';

let client: Client;

beforeAll(async () => {
  client = new Client({ connectionString: inject('postgresUrl') });
  await client.connect();
});

afterAll(() => client.end());

async function readBack(literal: string, type: string): Promise<unknown> {
  const { rows } = await client.query<{ read: unknown }>(`select $1::${type}[] as read`, [literal]);
  return rows[0]?.read;
}

it('writes any text so that PostgreSQL reads the same', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', 'null', 'NULL', '{}', '"', '\\', ' a ', 'a,b', "it's"),
  );
  // PostgreSQL's texts hold no zero character, and UTF-8 no lone surrogate: neither gets so far.
  const values = fc.array(
    fc.option(
      text.filter((value) => !value.includes('\0') && value.isWellFormed()),
      { nil: null },
    ),
    { maxLength: 20 },
  );
  await fc.assert(
    fc.asyncProperty(values, async (texts) => {
      expect(await readBack(toArrayLiteral(texts), 'text')).toEqual(texts);
    }),
    { numRuns: 200 },
  );
});

it('writes numbers, truths and nothing', async () => {
  expect(await readBack(toArrayLiteral([0, -1, null, 2 ** 31 - 1]), 'int')).toEqual([0, -1, null, 2 ** 31 - 1]);
  expect(await readBack(toArrayLiteral([true, false, null]), 'boolean')).toEqual([true, false, null]);
});

it('writes a literal per column', () => {
  expect(
    toColumns(
      [
        { a: 1, b: 'x y' },
        { a: 2, b: 'z' },
      ],
      ['b', 'a'],
    ),
  ).toEqual(['{"x y",z}', '{1,2}']);
});
