import { expect, test } from 'vitest';
import { openShards, renderSpread } from './cluster.js';
import type { History } from './connection.js';

const place = { cluster: 'fleet', local: 'platte_local' };

test('facts are spread by machine', () => {
  expect(renderSpread('fact_in', place)).toBe(
    `create or replace table fact_in on cluster 'fleet' as platte_local.fact_in
engine = Distributed('fleet', 'platte_local', 'fact_in', inst)`,
  );
  expect(renderSpread('fact_archive', place)).toContain(`'fact_archive', cityHash64(app, machine))`);
});

test('what a rebuild writes cannot be inserted through the table over all shards', () => {
  expect(renderSpread('machine', place)).toContain(`Distributed('fleet', 'platte_local', 'machine')`);
});

/** Servers by host; those that are named are away. */
function fakeCluster(away: readonly string[]) {
  const opened: string[] = [];
  const ran: string[] = [];
  const at = (host: string): History => ({
    database: 'platte',
    log: { info: () => {}, warn: () => {} },
    async read<Row>(question: string) {
      const rows = question.includes('system.clusters')
        ? [
            { shard: 1, host: 'a1' },
            { shard: 1, host: 'a2' },
            { shard: 2, host: 'b1' },
            { shard: 2, host: 'b2' },
          ]
        : [{ table: 'machine' }];
      return rows as Row[];
    },
    run: async (statement) => void ran.push(`${host}: ${statement.trim().split('\n')[0]}`),
    insert: async () => {},
    async ping() {
      if (away.includes(host)) throw new Error(`${host} is away`);
    },
    beside({ host: other = host, database }) {
      opened.push(`${other}/${database}`);
      return at(other);
    },
    close: async () => void opened.splice(opened.indexOf(`${host}/platte_local`), 1),
  });
  return { history: at('any'), opened, ran };
}

test('each shard is folded at the first of its replicas that answers, once that one has what the others wrote', async () => {
  const { history, opened, ran } = fakeCluster(['a1']);
  const { shards, close } = await openShards(history, 'fleet');
  expect(shards).toHaveLength(2);
  expect(opened).toEqual(['a2/platte_local', 'b1/platte_local']);
  expect(ran).toEqual([
    'a2: system sync replica machine',
    'b1: system sync replica machine',
    'a2: insert into watermark (name, run, seq, silence)',
    'b1: insert into watermark (name, run, seq, silence)',
  ]);
  await close();
  expect(opened).toEqual([]);
});

test('nothing is folded while a whole shard is away', async () => {
  const { history, opened } = fakeCluster(['b1', 'b2']);
  await expect(openShards(history, 'fleet')).rejects.toThrow('no replica of shard 2 answers');
  expect(opened).toEqual([]);
});

test('one server is its own shard', async () => {
  const { history } = fakeCluster([]);
  expect((await openShards(history, '')).shards).toEqual([history]);
});
