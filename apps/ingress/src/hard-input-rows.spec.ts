// The protocol notes list hard inputs by number (omaha.md, 7), and each row has a test that says `row NN:` in its name, through the
// real handler: bytes in, bytes out. Here is which rows there are; what the answer to each is stands in its test.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const rows = Array.from({ length: 50 }, (_, index) => index + 1);
/** CUP, which is not served: a `cup2key` is ignored. Of row 43, and of row 20, only JSON's refusal is there to be tested. */
const waiting: ReadonlySet<number> = new Set([44]);

const root = join(import.meta.dirname, '../../..');
const places = ['apps/ingress/src', 'test/journeys'];

/** Of names of tests, and of the tables of `test.each`: never of a comment. */
const rowName = /(?:\(|\[)\s*['"`]row (\d+): \S/g;

function rowsTested(): Set<number> {
  const files = places.flatMap((place) => readdirSync(join(root, place)).map((name) => join(root, place, name)));
  const specs = files.filter((file) => file.endsWith('.spec.ts') && file !== import.meta.filename);
  const names = specs.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(rowName)]);
  return new Set(names.map(([, row]) => Number(row)));
}

test('every row of the hard inputs has a test, and every test names a row', () => {
  const expected = rows.filter((row) => !waiting.has(row));
  expect([...rowsTested()].toSorted((a, b) => a - b)).toEqual(expected);
});
