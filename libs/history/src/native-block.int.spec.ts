// What is written in the Native format is what the engine reads: hostile texts, wide dictionaries, large numbers.
import { expect, test } from 'vitest';
import { openFresh } from '../test/fresh-history.js';
import { int32s, int8s, renderBlock, repeatedTexts, texts, uint64Column } from './native-block.js';

const hostile = [
  '',
  'a',
  '\0',
  `'; drop table x; --`,
  'ß€𝄞',
  '\ud800',
  'x'.repeat(127),
  'x'.repeat(128),
  'é'.repeat(70),
  'y'.repeat(100_000),
];

test('texts and numbers come back as they were', async () => {
  const history = await openFresh();
  await history.run(
    'create table t (id UInt64, plain String, low LowCardinality(String), small Int32) engine = Memory',
  );
  const rows = hostile.length;
  const columns = [uint64Column('id', 'UInt64'), texts('plain'), repeatedTexts('low'), int32s('small')] as const;
  for (const [index, text] of hostile.entries()) {
    columns[0].put(index * 2 ** 48);
    columns[1].put(text);
    columns[2].put(text);
    columns[3].put(-index);
  }
  await history.insert('insert into t format Native', renderBlock(columns, rows));
  const read = await history.read<{ id: number; plain: string; low: string; small: number }>(
    'select * from t order by id',
  );
  // A lone surrogate has no UTF-8: it becomes the replacement character.
  const kept = hostile.map((text) => text.toWellFormed());
  expect(read.map(({ plain }) => plain)).toEqual(kept);
  expect(read.map(({ low }) => low)).toEqual(kept);
  expect(read.map(({ id, small }) => [id, small])).toEqual(
    hostile.map((_, index) => [index * 2 ** 48, index === 0 ? 0 : -index]),
  );
});

test.each([200, 300, 70_000])('a dictionary of %i texts is referred to rightly', async (distinct) => {
  const history = await openFresh();
  await history.run('create table d (low LowCardinality(String)) engine = Memory');
  const column = repeatedTexts('low');
  for (let row = 0; row < distinct * 2; row++) column.put(`text ${row % distinct}`);
  await history.insert('insert into d format Native', renderBlock([column], distinct * 2));
  expect(await history.read('select uniqExact(low) as distinct, count() as rows from d')).toEqual([
    { distinct, rows: distinct * 2 },
  ]);
});

test.each([0, 1, 99, 5_000])(
  'of rows that are cut back to %i the first are kept, and more can follow',
  async (kept) => {
    const history = await openFresh();
    await history.run(
      'create table c (id UInt64, plain String, low LowCardinality(String), small Int8) engine = Memory',
    );
    const plain = texts('plain');
    const columns = [uint64Column('id', 'UInt64'), plain, repeatedTexts('low'), int8s('small', 'Int8')] as const;
    const textOf = (row: number) => (hostile[row % hostile.length]!.length > 1000 ? 'é'.repeat(row % 300) : `${row}`);
    function put(from: number, to: number): void {
      for (let row = from; row < to; row++) {
        columns[0].put(row);
        plain.putWritten(Buffer.from(textOf(row)));
        columns[2].put(`${row % 7}`);
        columns[3].put(row % 100);
      }
    }
    put(0, 20_000);
    for (const column of columns) column.cut(kept);
    put(kept, kept + 1_000);
    await history.insert('insert into c format Native', renderBlock(columns, kept + 1_000));
    const read = await history.read<{ id: number; plain: string; low: string; small: number }>(
      'select * from c order by id',
    );
    expect(read).toEqual(
      Array.from({ length: kept + 1_000 }, (_, row) => ({
        id: row,
        plain: textOf(row),
        low: `${row % 7}`,
        small: row % 100,
      })),
    );
  },
);
