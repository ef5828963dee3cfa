import { expect, test } from 'vitest';
import { openFresh } from '../test/fresh-history.js';
import { assertReadable, HistoryTooNew, migrateHistory, MigrationChanged } from './history.js';

test('a migrated database has nothing to migrate', async () => {
  const history = await openFresh();
  expect(await migrateHistory(history)).toEqual([]);
});

test('programs that start at once migrate together', async () => {
  const history = await openFresh();
  await history.run('truncate table schema_migration');
  await Promise.all([migrateHistory(history), migrateHistory(history), migrateHistory(history)]);
  expect(await migrateHistory(history)).toEqual([]);
});

test('a database of a newer release is refused', async () => {
  const history = await openFresh();
  await history.run(`insert into schema_migration (version, name, checksum) values (9000, '9000-later.sql', 'x')`);
  await expect(migrateHistory(history)).rejects.toThrow(HistoryTooNew);
  await expect(migrateHistory(history)).rejects.toThrow('start a newer release');
  await expect(assertReadable(history)).rejects.toThrow(HistoryTooNew);
});

test('who only reads waits for the tables, and makes none', async () => {
  const history = await openFresh();
  expect(await assertReadable(history)).toBe(true);
  await history.run('truncate table schema_migration');
  expect(await assertReadable(history)).toBe(false);
  await history.run('drop table schema_migration');
  expect(await assertReadable(history)).toBe(false);
});

test('a migration that was changed after it was applied is refused', async () => {
  const history = await openFresh();
  await history.run(
    `insert into schema_migration (version, name, checksum, applied) values (1, '0001-facts.sql', 'other', now() + 10)`,
  );
  await expect(migrateHistory(history)).rejects.toThrow(MigrationChanged);
  await expect(migrateHistory(history)).rejects.toThrow('restore the file');
});
