// The whole of PostgreSQL's side (locks, reads, writes, constraints) against the pure one: any sequence of commands gets
// the same answers from both, and leaves the same state.
import { makePositions, toActor } from '@platte/facts';
import {
  type ApplicationState,
  CatalogCommand,
  type CatalogState,
  decideCatalog,
  evolveCatalog,
  isRejection,
  noCatalog,
  type Rejection,
} from '@platte/rollout';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { useFreshStore } from '../test/fresh-store.js';
import { executeCatalogCommand } from './catalog-commands.js';
import { readState } from './catalog-state.js';
import type { Store } from './store.js';
import { withTransaction } from './transaction.js';

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const now = Date.parse('2026-11-27T11:00:00Z');
let store: Store;

useFreshStore((opened) => (store = opened));

/** Few of everything, so that commands meet each other. */
const some = (from: number, count: number) => fc.integer({ min: from, max: from + count - 1 }).map(id);
const [applications, packages, channels, groups] = [some(1, 2), some(10, 4), some(20, 3), some(30, 3)];
const setUp = [1, 2].map((n) => CatalogCommand.parse({ kind: 'CreateApplication', id: id(n), name: `app ${n}` }));
/** The things of the second application have ids of their own. */
const withOwnIds = (command: CatalogCommand): CatalogCommand => {
  if (!('application' in command) || command.application !== id(2)) return command;
  const shifted = JSON.stringify(command).replaceAll(/-0{10}([123]\d)"/g, '-0000000001$1"');
  return CatalogCommand.parse(JSON.parse(shifted));
};
const name = fc.constantFrom('one', 'two', 'three');
const application = applications;
const kind = <const K extends string>(name: K) => fc.constant(name);

const command = fc
  .oneof(
    fc.record({
      kind: kind('CreateApplication'),
      id: applications,
      name,
      productId: fc.constantFrom(null, 'io.example.a', 'IO.example.A'),
    }),
    fc.record({ kind: kind('CreateApplication'), id: applications, name, cloneOf: applications }),
    fc.record({
      kind: kind('EditApplication'),
      application,
      changes: fc.record({ name, versioning: fc.constantFrom('semver', 'dotted') }, { requiredKeys: [] }),
    }),
    fc.record({ kind: kind('DeleteApplication'), application }),
    fc.record({ kind: kind('MarkDeadEnd'), application, version: fc.constantFrom('1.0.0', '2.0', 'x'), reason: name }),
    fc.record({ kind: kind('ClearDeadEnd'), application, version: fc.constantFrom('1.0.0', '2.0') }),
    fc.record({ kind: kind('RemoveExamplePackages'), application }),
    fc.record({
      kind: kind('CreatePackage'),
      application,
      id: packages,
      version: fc.constantFrom('1.0.0', '2.0.0', '3.0.0-rc.1', '1.2'),
      arch: fc.constantFrom('amd64', 'arm64'),
      type: fc.constantFrom('other', 'flatcar'),
      url: fc.constant('https://example.org/'),
      filename: fc.constant('f.gz'),
      size: fc.constant(1),
      example: fc.boolean(),
    }),
    fc.record({
      kind: kind('EditPackage'),
      application,
      package: packages,
      changes: fc.record({ size: fc.integer({ min: 1, max: 3 }), description: name }),
    }),
    fc.record({ kind: kind('DeletePackage'), application, package: packages }),
    fc.record({
      kind: kind('CreateChannel'),
      application,
      id: channels,
      name,
      arch: fc.constantFrom('amd64', 'arm64'),
      package: fc.option(packages),
    }),
    fc.record({
      kind: kind('EditChannel'),
      application,
      channel: channels,
      changes: fc.record({ name, package: packages }, { requiredKeys: [] }),
    }),
    fc.record({ kind: kind('AssignPackage'), application, channel: channels, package: fc.option(packages) }),
    fc.record({ kind: kind('DeleteChannel'), application, channel: channels }),
    fc.record({
      kind: fc.constantFrom('SetFloor', 'RemoveFloor', 'BlacklistPackage', 'UnblacklistPackage'),
      application,
      channel: channels,
      package: packages,
    }),
    fc.record({ kind: kind('CreateGroup'), application, id: groups, name, track: name, channel: fc.option(channels) }),
    fc.record({
      kind: kind('EditGroup'),
      application,
      group: groups,
      changes: fc.record({ name, track: name, channel: fc.option(channels) }, { requiredKeys: [] }),
    }),
    fc.record({
      kind: kind('SetGroupPolicy'),
      application,
      group: groups,
      policy: fc.record({ safeMode: fc.boolean(), updatesEnabled: fc.boolean() }, { requiredKeys: [] }),
    }),
    fc.record({
      kind: fc.constantFrom(
        'PauseGroup',
        'ResumeGroup',
        'DeleteGroup',
        'StartRollout',
        'PauseRollout',
        'ResumeRollout',
        'HaltRollout',
      ),
      application,
      group: groups,
    }),
    fc.record({
      kind: fc.constantFrom(
        'HoldMachine',
        'ReleaseMachine',
        'ForceMachine',
        'DeleteMachine',
        'CancelAttempt',
        'ForgiveFailures',
      ),
      application,
      machine: name,
    }),
    fc.record(
      { kind: kind('EditMachine'), application, machine: name, name, labels: fc.dictionary(name, fc.option(name)) },
      { requiredKeys: ['kind', 'application', 'machine'] },
    ),
  )
  .map((input) => withOwnIds(CatalogCommand.parse(input)));

/** Applications by id, decided and evolved in memory. */
function makeMemory() {
  const states = new Map<string, ApplicationState>();
  const newId = drawIds();
  const read = (id: string | undefined) => (id === undefined ? null : (states.get(id) ?? null));
  return {
    states,
    execute(command: CatalogCommand): string[] | Rejection {
      const names = new Map([...states].map(([id, { application }]) => [id, application]));
      const of =
        command.kind === 'CreateApplication'
          ? { application: null, source: read(command.cloneOf) }
          : { application: read(command.application), source: null };
      const decided = decideCatalog(
        command,
        { ...noCatalog, applications: names, ...of },
        { actor: toActor('ada', 'person'), now, newId, forceMs: 1000 },
      );
      if (isRejection(decided)) return decided;
      const next = decided.reduce<CatalogState>(evolveCatalog, { ...noCatalog, ...of });
      const changed = decided[0]?.application;
      if (changed !== undefined && next.application !== null) states.set(changed, next.application);
      if (changed !== undefined && next.application === null) states.delete(changed);
      return decided.map(({ kind, subject }) => `${kind} ${subject}`);
    },
  };
}

function drawIds(): () => string {
  let drawn = 1000;
  return () => id(drawn++);
}

async function readFromPostgres(application: string): Promise<ApplicationState | null> {
  return withTransaction(
    store.pool,
    async (client) => (await readState(client, { kind: 'RemoveExamplePackages', application })).application,
  );
}

/** In an order of their own, whatever order rows came in. */
function byText(items: readonly object[]): string[] {
  return items.map((item) => JSON.stringify(item, (_, value: unknown) => toSorted(value))).toSorted();
}

function toSorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** What both sides know: counts of leases are the ledger's, and rows come in an order of their own. */
function toComparable(state: ApplicationState | null | undefined): unknown {
  if (!state) return null;
  const {
    openLeases: _,
    changed: __,
    machines: ___,
    cards: ____,
    floors,
    blacklist,
    rollouts,
    groups,
    ...rest
  } = state;
  const current = [...rollouts.values()].filter(({ group }) => groups.has(group));
  return { ...rest, groups, rollouts: byText(current), floors: byText(floors), blacklist: byText(blacklist) };
}

const emptyCatalog = 'truncate application cascade';

let done = 0;

it('answers and becomes what the pure decisions say, for any commands in any order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 40, maxLength: 120 }), async (commands) => {
      await store.pool.query(emptyCatalog);
      const [memory, newId, draw] = [makeMemory(), drawIds(), makePositions(1)];
      const context = { actor: toActor('ada', 'person'), now, forceMs: 1000, newId, position: () => draw(now) };
      for (const command of [...setUp, ...commands]) {
        const expected = memory.execute(command);
        const executed = await executeCatalogCommand(store, command, context);
        if (!isRejection(executed) && executed.facts.length > 0) done += 1;
        const answer = isRejection(executed)
          ? executed
          : executed.facts.map((fact) => `${fact.kind} ${'subject' in fact ? fact.subject : fact.rollout}`);
        expect([command.kind, answer]).toEqual([command.kind, expected]);
      }
      for (const application of [id(1), id(2)]) {
        expect(toComparable(await readFromPostgres(application))).toEqual(toComparable(memory.states.get(application)));
      }
    }),
    { numRuns: 12, endOnFailure: true },
  );
  // A model that refuses everything would agree too.
  expect(done).toBeGreaterThan(100);
});
