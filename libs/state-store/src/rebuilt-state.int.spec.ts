import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { type FreshDatabase, makeFreshDatabase } from './fresh-database.js';
import { readStateTables } from './rebuilt-state.js';

let database: FreshDatabase;
beforeEach(async () => {
  database = await makeFreshDatabase(inject('postgresUrl'));
});
afterEach(() => database.drop());

describe('what a table is to the log', () => {
  it('is written in the comment of every table', async () => {
    const tables = await readStateTables(database.url);
    expect(tables.filter(({ mark }) => mark === 'fold').map(({ name }) => name)).toEqual(['instance']);
    expect(tables.find(({ name }) => name === 'instance')).toMatchObject({ key: ['application', 'machine'] });
    expect(tables.find(({ name }) => name === 'instance')?.columns).not.toContain('seen_at');
    expect(tables.find(({ name }) => name === 'machine_number')?.mark).toBe('authority');
  });

  it('is missed by name where a table does not say it', async () => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query('create table newcomer (a integer primary key)').finally(() => client.end());
    await expect(readStateTables(database.url)).rejects.toThrow('without a mark in their comment: newcomer');
  });
});
