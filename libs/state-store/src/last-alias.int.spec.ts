// The alias of a row: the newest that a check-in told and that is not empty, whatever arrives when and how often.
import type { Fact, MachineCheckedIn } from '@platte/facts';
import { beforeEach, describe, expect, it } from 'vitest';
import { useFreshStore } from '../test/fresh-store.js';
import { drawPositions, makeSampleFleet, type SampleFleet } from '../test/sample-fleet.js';
import { foldFacts, type FoldFactsContext } from './fold-facts.js';
import { findInstance } from './instance-rows.js';
import { makeInstanceCache } from './instance-cache.js';
import type { Store } from './store.js';

let store: Store;
let fleet: SampleFleet;

useFreshStore((opened) => (store = opened));
beforeEach(async () => {
  fleet = await makeSampleFleet(store);
});

const makeContext = (): FoldFactsContext => ({ position: drawPositions(), instances: makeInstanceCache(10) });
const aliasNow = async () => (await findInstance(store.pool, fleet.application, 'a'))?.alias;
/** One check-in a second. */
const told = (...aliases: string[]): MachineCheckedIn[] =>
  aliases.map((alias, index) => fleet.checkIn('a', { alias, at: 1_790_000_000_000 + index * 1000, n: index }));

const deletionOf = ({ app, machine, at, n }: Fact): Fact => ({
  kind: 'MachineDeleted',
  v: 1,
  app,
  machine,
  at: at + 1,
  n,
  actor: 'ada',
  revision: 1,
  subject: machine,
  group: null,
  before: null,
  after: null,
});

describe('an empty alias', () => {
  it('erases none, and costs nothing', async () => {
    const context = makeContext();
    const [first, second, third] = told('web-1', '', '') as [Fact, Fact, Fact];
    await foldFacts(store, context, [first]);
    expect((await foldFacts(store, context, [second])).written).toEqual([]);
    expect((await foldFacts(store, makeContext(), [third])).written).toEqual([]);
    expect(await aliasNow()).toBe('web-1');
  });

  it.each([
    [['web-1', ''], 'web-1'],
    [['', 'web-1'], 'web-1'],
    [['web-1', '', 'web-2', ''], 'web-2'],
    [['', '', ''], ''],
  ])('leaves of %j, in any order and twice, %j', async (aliases, expected) => {
    const facts = told(...aliases);
    for (const order of permutations(facts)) {
      for (const makeNext of [makeContext, always(makeContext())]) {
        await store.pool.query('delete from instance where application = $1', [fleet.application]);
        for (const fact of [...order, ...order]) await foldFacts(store, makeNext(), [fact]);
        expect(await aliasNow()).toBe(expected);
      }
    }
  });

  it('is what a machine has that was deleted since it told one, in one batch or in several', async () => {
    const [named, back] = told('web-1', '') as [Fact, Fact];
    const facts = [named, deletionOf(named), back];
    for (const batches of [[facts], [[named], facts.slice(1)], facts.map((fact) => [fact]), [[back], [named], facts]]) {
      await store.pool.query('delete from instance where application = $1', [fleet.application]);
      for (const batch of batches) await foldFacts(store, makeContext(), batch);
      expect(await aliasNow()).toBe('');
    }
  });

  it('erases none of a row from before positions of aliases were kept, and a later one replaces that', async () => {
    const [, older, first, second, third] = told('', 'old', 'web-1', '', 'web-2') as [Fact, Fact, Fact, Fact, Fact];
    await foldFacts(store, makeContext(), [first]);
    await store.pool.query('update instance set alias_at = null, alias_n = null');
    await foldFacts(store, makeContext(), [older]);
    await foldFacts(store, makeContext(), [second]);
    expect(await aliasNow()).toBe('web-1');
    await foldFacts(store, makeContext(), [third]);
    expect(await aliasNow()).toBe('web-2');
  });
});

const always =
  <T>(value: T) =>
  () =>
    value;

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}
