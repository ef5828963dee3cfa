// The whole policy against a simple model: machines that ask, report, lie, move and fall silent; people who pause, limit
// and force; a clock that jumps; processes that die before they commit; facts that come twice and late.
//
// The model knows only what was answered: each grant with its time, and which of them are over. What must hold at each
// moment is checked after every step; what must hold in the end (every lease ends, nobody is wedged), after the last one.
import type { AnswerReason, Fact } from '@platte/facts';
import {
  type AskedMachine,
  type Decision,
  indexSnapshot,
  isRefusedBy,
  judgeInGroup,
  type Policy,
  type SpentNotice,
  toRefusal,
} from '@platte/rollout';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { useFreshStore } from '../test/fresh-store.js';
import { readSnapshot } from './catalog-snapshots.js';
import { foldFacts, type FoldFactsContext } from './fold-facts.js';
import { type BatchOutcome, grantBatch, type GrantContext } from './grant-batch.js';
import { makeInstanceCache } from './instance-cache.js';
import { relayOutbox } from './outbox.js';
import { makeGrantContext, makeSampleFleet, type SampleFleet } from '../test/sample-fleet.js';
import { recountLedger } from './recount.js';
import { findSpent } from './refuse-spent.js';
import { readSpentNotice } from './spent-notice.js';
import type { Store } from './store.js';
import { sweepLeases } from './sweep-leases.js';

const hourMs = 3_600_000;
const machines = 6;
const periodMs = 2 * hourMs;

let store: Store;
let offsetMs = 0;

useFreshStore((opened) => (store = opened), { clockOffsetMs: () => offsetMs });

interface Model {
  /** The times of all grants, as answered. */
  grants: number[];
  limits: { rate: number | null; slots: number | null };
  isStopped: boolean;
}

interface Real {
  fleet: SampleFleet;
  context: GrantContext & FoldFactsContext;
  /** What machines reported, for deliveries that come again. */
  said: Fact[];
  facts: Fact[];
}

type Command = fc.AsyncCommand<Model, Real>;

const name = (machine: number) => `m${machine}`;
const offers: ReadonlySet<AnswerReason> = new Set<AnswerReason>(['granted', 're-offered']);

/** One step: what it does, and then what must hold whatever it was. */
function step(label: string, run: (model: Model, real: Real) => Promise<unknown>): Command {
  return {
    check: () => true,
    async run(model, real) {
      await run(model, real);
      await expectOneBook(real);
    },
    toString: () => label,
  };
}

async function decide(model: Model, real: Real, asked: AskedMachine[]): Promise<BatchOutcome> {
  const outcome = await grantBatch(store, real.context, real.fleet.group, asked);
  const { decisions, after } = outcome;
  const now = after?.ledger.now ?? 0;
  const reasons = decisions.map(({ answer }) => answer.reason);
  if (model.isStopped) expect(reasons.filter((reason) => offers.has(reason))).toEqual([]);
  model.grants.push(...reasons.filter((reason) => reason === 'granted').map(() => now));
  const { rate, slots } = model.limits;
  const granted = reasons.includes('granted');
  if (granted && rate !== null)
    expect(model.grants.filter((at) => at > now - periodMs).length).toBeLessThanOrEqual(rate);
  if (granted && slots !== null) expect(after?.ledger.openLeases).toBeLessThanOrEqual(slots);
  return outcome;
}

const machine = fc.integer({ min: 0, max: machines - 1 });

const ask = fc.array(machine, { minLength: 1, maxLength: 4 }).map((asking) =>
  step(`ask ${asking.join()}`, (model, real) =>
    decide(
      model,
      real,
      asking.map((one) => real.fleet.ask(name(one))),
    ),
  ),
);

const crash = machine.map((one) =>
  step(`the process dies while ${one} is decided`, async (_, real) => {
    const decided = grantBatch(dying(store), real.context, real.fleet.group, [real.fleet.ask(name(one))]);
    const error: unknown = await decided.catch((cause: unknown) => cause);
    if (!(error instanceof Error) || error.message !== 'died') throw new Error('it did not die', { cause: error });
  }),
);

const reported = fc.tuple(
  machine,
  fc.constantFrom<[type: number, result: number, errorCode: string]>(
    [13, 1, ''],
    [14, 1, ''],
    [3, 1, ''],
    [3, 0, '9'],
    [3, 0, '44'],
    [3, 9, '40'],
  ),
);
const report = reported.map(([one, [type, result, errorCode]]) =>
  step(`${one} reports ${type}/${result} ${errorCode}`, (_, real) =>
    fold(real, [real.fleet.report(name(one), { type, result, errorCode })]),
  ),
);

const arrive = fc
  .tuple(machine, fc.constantFrom('2.0.0', '3.0.0'))
  .map(([one, version]) =>
    step(`${one} runs ${version}`, (_, real) =>
      fold(real, [real.fleet.checkIn(name(one), { version, answer: { reason: 'up-to-date', inputs: {} } })]),
    ),
  );

const move = machine.map((one) =>
  step(`${one} asks in another group`, (_, real) =>
    fold(real, [
      real.fleet.checkIn(name(one), { group: real.fleet.packages.one, answer: { reason: 'no-package', inputs: {} } }),
    ]),
  ),
);

const again = fc.nat().map((index) =>
  step(`what was said comes again (${index})`, async (_, real) => {
    const fact = real.said[index % Math.max(real.said.length, 1)];
    if (fact !== undefined) await foldFacts(store, { ...real.context, instances: makeInstanceCache(10) }, [fact]);
  }),
);

const wait = fc.constantFrom(1, 30, 61, 180, 1500, 1500).map((minutes) =>
  step(`${minutes} minutes pass`, async () => {
    offsetMs += minutes * 60_000;
  }),
);

const sweepAll = async ({ context }: Real) =>
  void (await sweepLeases(store, { ...context, until: Number.MAX_SAFE_INTEGER }));
const sweep = fc.constant(step('leases are swept', (_, real) => sweepAll(real)));

/** A whole way in one step: alone, chance would seldom take a machine so far. */
const install = fc.tuple(machine, fc.boolean()).map(([one, late]) =>
  step(`${one} asks and installs${late ? ', and waits for days' : ''}`, async (model, real) => {
    await decide(model, real, [real.fleet.ask(name(one))]);
    await fold(real, [real.fleet.report(name(one))]);
    if (late) offsetMs += 25 * hourMs;
    await sweepAll(real);
  }),
);

const limit = fc.record({ rate: fc.constantFrom(null, 1, 3), slots: fc.constantFrom(null, 1, 2) }).map((limits) =>
  step(`limits are ${JSON.stringify(limits)}`, async (model, real) => {
    await real.fleet.setPolicy(toPolicy(limits));
    model.limits = { rate: limits.rate, slots: limits.slots ?? limits.rate };
  }),
);

const pause = fc.boolean().map((isStopped) =>
  step(isStopped ? 'updates are stopped' : 'updates go on', async (model, { fleet }) => {
    await fleet.run({
      kind: isStopped ? 'PauseGroup' : 'ResumeGroup',
      application: fleet.application,
      group: fleet.group,
    });
    model.isStopped = isStopped;
  }),
);

const force = machine.map((one) =>
  step(`${one} is forced`, (_, { fleet }) =>
    fleet.run({ kind: 'ForceMachine', application: fleet.application, machine: name(one) }),
  ),
);

const hold = fc.tuple(machine, fc.boolean()).map(([one, isHeld]) =>
  step(`${one} is ${isHeld ? 'held' : 'released'}`, (_, { fleet }) =>
    fleet.run({
      kind: isHeld ? 'HoldMachine' : 'ReleaseMachine',
      application: fleet.application,
      machine: name(one),
    }),
  ),
);

const forget = machine.map((one) =>
  step(`${one} is deleted`, async (_, real) => {
    const { fleet, context } = real;
    await fold(real, [fleet.checkIn(name(one))]);
    await fleet.run({ kind: 'DeleteMachine', application: fleet.application, machine: name(one) });
    // As the fact of it does.
    context.instances.clear();
  }),
);

const patience = fc
  .constantFrom(1, 60, 600)
  .map((minutes) =>
    step(`leases last ${minutes} minutes`, (_, { fleet }) => fleet.setPolicy({ updateTimeoutMs: minutes * 60_000 })),
  );

/** There and back: each time another rollout, while leases of those before stay open. */
const switchChannel = fc.constantFrom<'one' | 'two'>('one', 'two').map((target) =>
  step(`the channel has package ${target}`, (_, { fleet }) =>
    fleet.run({
      kind: 'AssignPackage',
      application: fleet.application,
      channel: fleet.channel,
      package: fleet.packages[target],
    }),
  ),
);

/** Whatever a notice says of a machine that ingress asks for, the lock says too, and in the same words. */
const notice = fc.constant(
  step('a notice is compared with the lock', async (model, real) => {
    const { fleet } = real;
    const { after } = await decide(model, real, [fleet.ask(name(0))]);
    const budget = after && findSpent(after.group, after.ledger);
    const said = budget && after && (await readSpentNotice(store, after.group, budget));
    if (!said || !after) return;
    const excepted = new Set(said.except);
    const snapshot = await readSnapshot(store, fleet.application);
    const known = snapshot === null ? undefined : indexSnapshot(snapshot).groups.get(fleet.group);
    const refused = Array.from({ length: machines }, (_, one) => fleet.ask(name(one), { revision: said.revision }))
      .filter((asked) => judgeInGroup({ ...asked, track: 'stable' }, known, asked.at).kind === 'ask')
      .filter((asked) => isRefusedBy(said, excepted, asked));
    if (refused.length === 0) return;
    const { decisions } = await decide(model, real, refused);
    expectSaid(said, decisions);
  }),
);

function expectSaid(said: SpentNotice, decisions: readonly Decision[]): void {
  for (const { answer } of decisions) expect(answer).toEqual(toRefusal(said, answer.inputs.target ?? ''));
}

const toPolicy = ({ rate, slots }: Model['limits']): Partial<Policy> => ({
  rateLimit: rate === null ? null : { max: rate, periodMs },
  concurrencyLimit: slots,
});

async function fold(real: Real, facts: Fact[]): Promise<void> {
  real.said.push(...facts);
  await foldFacts(store, real.context, facts);
}

/** A store whose process dies when it would commit. */
function dying(alive: Store): Store {
  const connect = async () => {
    const client = await alive.hot.connect();
    return new Proxy(client, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (key !== 'query' || typeof value !== 'function')
          return typeof value === 'function' ? value.bind(target) : value;
        return (...sent: unknown[]) =>
          isLast(sent[0]) ? Promise.reject(new Error('died')) : Reflect.apply(value, target, sent);
      },
    });
  };
  return {
    ...alive,
    hot: new Proxy(alive.hot, { get: (pool, key) => (key === 'connect' ? connect : Reflect.get(pool, key)) }),
  };
}

/** What ends a transaction that was decided. */
function isLast(statement: unknown): boolean {
  if (typeof statement !== 'object' || statement === null || !('name' in statement)) return false;
  return statement.name === 'commit' || statement.name === 'rollback';
}

/** Counters say what a count would say, and the facts what the ledger did. */
async function expectOneBook(real: Real): Promise<void> {
  const { fleet } = real;
  await relayOutbox(store, async (batch) => void real.facts.push(...batch));
  const { rows } = await store.pool.query<{ seq: number }>('select seq from grant_counter where update_group = $1', [
    fleet.group,
  ]);
  const miscounts = (await recountLedger(store)).filter(({ group }) => group === fleet.group);
  const ofKind = (kind: Fact['kind']) =>
    real.facts.filter((fact) => fact.kind === kind && fact.app === fleet.application);
  expect(miscounts).toEqual([]);
  expect(rows[0]?.seq).toBe(ofKind('UpdateGranted').length);
}

/** What must hold in the end, whatever happened. */
async function expectNobodyWedged(model: Model, real: Real): Promise<void> {
  const { fleet, context } = real;
  const { application, group } = fleet;
  await fleet.run({ kind: 'ResumeGroup', application, group });
  await fleet.run({ kind: 'AssignPackage', application, channel: fleet.channel, package: fleet.packages.two });
  offsetMs += 25 * hourMs;
  await sweepAll(real);
  const { rows } = await store.pool.query(`select machine from attempt where update_group = $1 and stage = 'leased'`, [
    group,
  ]);
  expect(rows, 'every lease ends').toEqual([]);

  await fleet.setPolicy({ rateLimit: null, concurrencyLimit: null, safeMode: false });
  model.limits = { rate: null, slots: null };
  const { rows: rollouts } = await store.pool.query<{ state: string }>(
    'select state from rollout where update_group = $1',
    [group],
  );
  if (rollouts.some(({ state }) => state === 'halted')) await fleet.run({ kind: 'ResumeRollout', application, group });
  for (let one = 0; one < machines; one++) {
    await fold(real, [real.fleet.checkIn(name(one))]);
    await fleet.run({ kind: 'ReleaseMachine', application, machine: name(one) });
    await fleet.run({ kind: 'ForgiveFailures', application, machine: name(one) });
    const { decisions } = await grantBatch(store, context, group, [fleet.ask(name(one))]);
    expect(
      offers.has(decisions[0]?.answer.reason ?? 'held'),
      `machine ${one} can update: ${decisions[0]?.answer.reason}`,
    ).toBe(true);
  }
}

it.each([false, true])('holds limits, ends leases and wedges nobody, with safe mode %s', async (safeMode) => {
  const machinesDo = [ask, ask, install, crash, report, report, report, arrive, move, again, wait, wait, sweep, notice];
  const peopleDo = [limit, limit, pause, force, hold, forget, patience, switchChannel];
  const commands = fc.commands([...machinesDo, ...peopleDo], { maxCommands: 50, size: 'max' });
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      offsetMs = 0;
      await store.pool.query('truncate attempt');
      const fleet = await makeSampleFleet(store, { safeMode });
      const real: Real = {
        fleet,
        context: { ...makeGrantContext(), instances: makeInstanceCache(100) },
        said: [],
        facts: [],
      };
      const model: Model = { grants: [], limits: { rate: null, slots: null }, isStopped: false };
      await fc.asyncModelRun(() => ({ model, real }), sequence);
      await expectNobodyWedged(model, real);
    }),
    { numRuns: 25, endOnFailure: true },
  );
});
