// A history that is spread over two shards answers what one server answers, however facts arrive: each shard folds its own
// machines, and every question is asked of Distributed tables.
import { beforeAll, describe, expect, test } from 'vitest';
import { askEverything, deliver, from, now, spanMs } from '../test/ask-everything.js';
import { numberOf, openFresh, toBatches } from '../test/fresh-history.js';
import { openPair, type Pair } from '../test/pair-of-shards.js';
import { app, makeFacts, makeMarks, makeRandom, shuffled } from '../test/random-facts.js';
import {
  type History,
  migrateHistory,
  rebuildFromNothing,
  rebuildShards,
  ShardsChanged,
  writeFacts,
} from './history.js';

const facts = makeFacts({ seed: 23, machines: 4, facts: 200, from, spanMs });
const late = makeFacts({ seed: 24, machines: 4, facts: 60, from, spanMs });
const ordered = facts.toSorted((a, b) => a.at - b.at || a.n - b.n);
const mixed = shuffled(facts, makeRandom(5));
const machinesOf = async (history: History) =>
  (await history.read<{ inst: number }>('select distinct inst from fact order by inst')).map(({ inst }) => inst);
const countFacts = async (history: History) =>
  (await history.read<{ facts: number }>('select count() as facts from fact final'))[0]?.facts;

describe('a history over two shards', () => {
  let pair: Pair;
  let single: History;
  /** What one server answers, with all facts. */
  let expected: Record<string, unknown>;
  beforeAll(async () => {
    pair = await openPair();
    single = await openFresh();
    await deliver(single, toBatches(ordered, 80, 1), 2);
    await deliver(pair.history, [...toBatches(mixed, 60, 1), ...toBatches(mixed, 71, 200)], 4, pair.shards);
  });

  test('keeps all rows of a machine on one shard, and none twice', async () => {
    const [one, other] = await Promise.all(pair.shards.map(machinesOf));
    expect(one?.length).toBeGreaterThan(0);
    expect(other?.length).toBeGreaterThan(0);
    expect(one?.filter((machine) => other?.includes(machine))).toEqual([]);
    expect(await machinesOf(pair.history)).toEqual(await machinesOf(single));
    expect(await countFacts(pair.history)).toBe(await countFacts(single));
  });

  test('answers every question as one server does', async () => {
    expect(await askEverything(pair.history, facts)).toEqual(await askEverything(single, facts));
  });

  test('answers questions of now when one shard is folded further than the other, and all when both are', async () => {
    await deliver(single, toBatches(late, 60, 900), 1);
    const [ahead] = pair.shards;
    await writeFacts(pair.history, toBatches(late, 20, 900), numberOf);
    await rebuildShards([ahead], { acked: 902, now, attempt: 70 });
    expected = await askEverything(single, facts);
    const answers = await askEverything(pair.history, facts);
    const ofNow = Object.keys(expected).filter((name) => /^(now|seen|progress|list|state|history|presence)/.test(name));
    for (const name of ofNow) expect({ [name]: answers[name] }).toEqual({ [name]: expected[name] });
    expect(answers).not.toEqual(expected);
    await rebuildShards(pair.shards, { acked: 902, now, attempt: 71 });
    expect(await askEverything(pair.history, facts)).toEqual(expected);
  });

  test('is rebuilt from nothing shard by shard', async () => {
    for (const shard of pair.shards) await rebuildFromNothing(shard, { now, attempt: 2_000_000 });
    expect(await askEverything(pair.history, facts)).toEqual(expected);
  });

  test('answers people through the same views', async () => {
    const marks = makeMarks([...new Set(facts.map(({ machine }) => machine))]);
    for (const history of [pair.history, single]) await writeFacts(history, toBatches(marks, 2, 990), numberOf);
    expect(await pair.history.read('select machine from v_machine where is_held and labels != map()')).not.toEqual([]);
    const range = `application = '${app}', from = '2026-10-31', to = '2026-11-02 12:00:00'`;
    const views = [
      'v_machine',
      'v_breakdown',
      'v_transition',
      'v_failure',
      'v_silent',
      'v_activity',
      'v_fact',
      ...['v_seen', 'v_seen_machine', 'v_attempt', 'v_funnel', 'v_progress', 'v_difference'].map(
        (name) => `${name}(${range})`,
      ),
      `v_presence_by_oem(${range}, bucket = 7200)`,
      `v_presence(${range}, bucket = 7200)`,
      `v_timeline(${range}, by = 'status', bucket = 7200, window = 172800)`,
      `v_version_timeline(${range}, bucket = 7200)`,
      `v_machine_at(application = '${app}', at = '2026-11-01 12:00:00', window = 172800)`,
      `v_breakdown_at(application = '${app}', at = '2026-11-01 12:00:00')`,
    ];
    for (const view of views) {
      const question = `select * from ${view} order by all`;
      expect({ [view]: await pair.history.read(question) }).toEqual({ [view]: await single.read(question) });
    }
  });

  test('is made of statements that ClickHouse understands, on all of the cluster, with tables that are replicated', async () => {
    for (const sql of pair.statements) {
      await expect(pair.history.read('select formatQuery({sql:String})', { sql })).resolves.toHaveLength(1);
    }
    const made = pair.statements.filter((sql) => sql.startsWith('create'));
    expect(made.filter((sql) => !sql.includes(`on cluster 'pair'`))).toEqual([]);
    const engines = made.filter((sql) => /^create (or replace )?table/.test(sql));
    expect(engines.filter((sql) => !/^engine = (Replicated\w+\('|Distributed\('|Null$)/m.test(sql))).toEqual([]);
  });

  test('is not spread over another number of shards', async () => {
    await pair.history.beside({}).run(`insert into schema_migration (version, name, checksum, applied)
      values (0, 'shards', '3', now() + 10)`);
    await expect(migrateHistory(pair.history, { cluster: 'pair' })).rejects.toThrow(ShardsChanged);
  });
});
