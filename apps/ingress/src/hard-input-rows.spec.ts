// omaha-protocol.md 5 lists hard inputs by number. Each row has a test whose name begins with `row NN:` and that sends bytes
// through the real handler. This spec compares the rows of the page with the names of those tests.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** CUP is not served: a `cup2key` is ignored. */
const waiting: ReadonlySet<number> = new Set([44]);

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/reference/omaha-protocol.md'), 'utf8');
const rows = [...page.slice(page.indexOf('\n## 5. ')).matchAll(/^\| (\d+) \|/gm)].map(([, row]) => Number(row));
const places = ['apps/ingress/src', 'test/journeys'];

/** Matches names of tests and of rows of `test.each`, not comments. */
const rowName = /(?:\(|\[)\s*['"`]row (\d+): \S/g;

function rowsTested(): Set<number> {
  const files = places.flatMap((place) => readdirSync(join(root, place)).map((name) => join(root, place, name)));
  const specs = files.filter((file) => file.endsWith('.spec.ts') && file !== import.meta.filename);
  const names = specs.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(rowName)]);
  return new Set(names.map(([, row]) => Number(row)));
}

test('every row of the hard inputs has a test, and every test names a row', () => {
  expect(rows).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  const expected = rows.filter((row) => !waiting.has(row));
  expect([...rowsTested()].toSorted((a, b) => a - b)).toEqual(expected);
});
