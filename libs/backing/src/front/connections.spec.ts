import { expect, it } from 'vitest';
import type { ChdbConnection } from './chdb.js';
import { type Connections, makeConnections, type Preparation } from './connections.js';

function makeOpener() {
  const opened: { isClosed: boolean }[] = [];
  const open = (): ChdbConnection => {
    const state = { isClosed: false };
    opened.push(state);
    return {
      query: () => Promise.resolve({ bytes: new Uint8Array(0), elapsed: 0, rowsRead: 0, bytesRead: 0 }),
      async *stream() {},
      close: () => (state.isClosed = true),
    };
  };
  return { opened, open };
}

const work = (given: Partial<Preparation> = {}): Preparation => ({
  database: 'here',
  parameters: new Map([['a', '1']]),
  settings: new Map([['max_threads', '2']]),
  leavesTraces: false,
  ...given,
});

function use(connections: Connections, given?: Partial<Preparation>, isClean = true) {
  const { connection, isPrepared, release } = connections.take(work(given));
  release(isClean);
  return { connection, isPrepared };
}

it('uses a connection again for other values of the same parameters', () => {
  const { opened, open } = makeOpener();
  const connections = makeConnections(open);
  const first = use(connections);
  const second = use(connections, { parameters: new Map([['a', '2']]) });
  expect([first.isPrepared, second.isPrepared]).toEqual([false, true]);
  expect(second.connection).toBe(first.connection);
  connections.close();
  expect(opened).toEqual([{ isClosed: true }]);
});

it.each<[string, Partial<Preparation>]>([
  ['another database', { database: 'there' }],
  ['another value of a setting', { settings: new Map([['max_threads', '3']]) }],
  ['no such setting', { settings: new Map() }],
  ['another parameter', { parameters: new Map([['b', '1']]) }],
  ['a parameter less', { parameters: new Map() }],
])('opens a new one for %s', (_, other) => {
  const connections = makeConnections(makeOpener().open);
  const { connection } = use(connections);
  const next = use(connections, other);
  expect(next.isPrepared).toBe(false);
  expect(next.connection).not.toBe(connection);
});

it.each<[string, Partial<Preparation>, boolean]>([
  ['failed', {}, false],
  ['may have set something', { leavesTraces: true }, true],
  ['was read-only', { settings: new Map([['readonly', '2']]) }, true],
  ['had parameters that need another limit', { parameters: new Map([['a', 'x'.repeat(100_000)]]) }, true],
])('closes the connection of a statement that %s', (_, given, isClean) => {
  const { opened, open } = makeOpener();
  const connections = makeConnections(open);
  use(connections, given, isClean);
  expect(opened).toEqual([{ isClosed: true }]);
  expect(use(connections, given).isPrepared).toBe(false);
});

it('closes those that wait longest when there are many', () => {
  const { opened, open } = makeOpener();
  const connections = makeConnections(open);
  for (let n = 0; n < 30; n++) use(connections, { database: `d${n}` });
  expect(opened.map(({ isClosed }) => isClosed)).toEqual([...Array(6).fill(true), ...Array(24).fill(false)]);
});

it('renews a connection after many statements', () => {
  const { opened, open } = makeOpener();
  const connections = makeConnections(open);
  for (let n = 0; n < 10_002; n++) use(connections);
  expect(opened).toEqual([{ isClosed: true }, { isClosed: false }]);
});

it('keeps none once it is closed', () => {
  const { opened, open } = makeOpener();
  const connections = makeConnections(open);
  const { release } = connections.take(work());
  connections.close();
  release(true);
  expect(opened).toEqual([{ isClosed: true }]);
});
