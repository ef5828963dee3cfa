import { describe, expect, it } from 'vitest';
import { openFresh } from '../test/fresh-history.js';
import { NotOnCluster, readHistoryTables } from './rebuilt-history.js';

describe('what a table is to the log', () => {
  it('is written in the comment of every table', async () => {
    const history = await openFresh();
    const tables = await readHistoryTables(history);
    const named = (mark: string) => tables.filter((table) => table.mark === mark).map(({ name }) => name);
    expect(named('authority')).toEqual(['fact_archive']);
    expect(named('position')).toEqual(['fresh', 'watermark']);
    expect(named('working')).toEqual(['fact_in', 'stage_seed', 'stage_transition']);
    expect(named('fold')).toContain('transition');
    expect(tables.find(({ name }) => name === 'transition')).toMatchObject({ where: 'gone = 0' });
    expect(tables.find(({ name }) => name === 'machine')?.columns.map(({ name }) => name)).not.toContain('run');
  });

  it('is missed by name where a table does not say it', async () => {
    const history = await openFresh();
    await history.run('create table newcomer (a UInt8) engine = MergeTree order by a');
    await expect(readHistoryTables(history)).rejects.toThrow('without a mark in their comment: newcomer');
  });

  it('is not asked on a cluster', async () => {
    const history = await openFresh();
    await history.run(`create table spread as machine engine = Distributed('pair', '${history.database}', 'machine')`);
    await expect(readHistoryTables(history)).rejects.toThrow(NotOnCluster);
  });
});
