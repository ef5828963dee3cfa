// Rollouts are marked as finished by what the history knows, with real servers. The commands are carried out as policy
// does it: in PostgreSQL, and then published.
import { randomInt, randomUUID } from 'node:crypto';
import { followSnapshots, publishSnapshot } from '@platte/fact-log';
import { makePositions, toActor } from '@platte/facts';
import { breakdown } from '@platte/history';
import { CatalogCommand, type CatalogCommandInput, CommandRequest, isRejection } from '@platte/rollout';
import { executeCatalogCommand, readSnapshot } from '@platte/state-store';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { app, checkIns, group, makeProgram, silentLog, type TestProgram } from '../test/program.js';
import { startFinishing } from './finish-rollouts.js';

const patience = { timeout: 30_000, interval: 20 };
const channel = 'bbbbbbbb-0000-4000-8000-000000000001';
const position = makePositions(randomInt(2 ** 32));
let program: TestProgram;
beforeEach(async () => {
  program = await makeProgram();
  await program.startReplica();
  for (const command of sampleCatalog) await run(command);
});
afterEach(() => program.end());

const payload = { url: 'https://example.org/', filename: 'update.gz', size: 10 };
const action = { sha256: `${'A'.repeat(43)}=` };
const packageOf = (version: string) => ({ id: randomUUID(), version, arch: 'amd64' as const, ...payload, action });
const [one, two] = [packageOf('1.0.0'), packageOf('2.0.0')];
const sampleCatalog: CatalogCommandInput[] = [
  { kind: 'CreateApplication', id: app, name: 'Flatcar' },
  { kind: 'CreatePackage', application: app, ...one },
  { kind: 'CreatePackage', application: app, ...two },
  { kind: 'CreateChannel', application: app, id: channel, name: 'stable', arch: 'amd64', package: one.id },
  { kind: 'CreateGroup', application: app, id: group, name: 'Stable', track: 'stable', channel },
];

async function run(command: CatalogCommandInput, actor = toActor('ada', 'person')) {
  const { store, nats, prefix } = program;
  const now = Date.now();
  const context = { actor, now, newId: randomUUID, forceMs: 1000, position: () => position(now) };
  const executed = await executeCatalogCommand(store, CatalogCommand.parse(command), context);
  const snapshot = await readSnapshot(store, app);
  if (snapshot !== null) await publishSnapshot(nats, snapshot, { prefix });
  return executed;
}

/** Carries out commands that come over NATS, until the test ends. */
function servePolicy(): void {
  const subscription = program.nats.subscribe(subjectOf(program), {
    callback: (_, message) => {
      const { actor, actorKind, command } = CommandRequest.parse(message.json());
      void run(command, toActor(actor, actorKind)).then((executed) =>
        message.respond(
          JSON.stringify(
            isRejection(executed)
              ? { status: 'rejected', rejection: executed }
              : { status: 'done', revision: executed.revision, changes: [] },
          ),
        ),
      );
    },
  });
  program.onEnd(() => subscription.drain());
}
const subjectOf = ({ prefix }: TestProgram) => `${prefix}.command`;

async function startTestFinishing({ later = 600_000, periodMs = 3_600_000, isLeading = true } = {}) {
  const { nats, history, prefix, onEnd } = program;
  const catalog = await followSnapshots({ nc: nats, prefix });
  await catalog.current;
  const aborter = new AbortController();
  const finishing = startFinishing({
    nats,
    history,
    catalog,
    isLeading: () => isLeading,
    now: () => Date.now() + later,
    log: silentLog,
    signal: aborter.signal,
    periodMs,
    subject: subjectOf(program),
  });
  onEnd(async () => {
    aborter.abort();
    await finishing.ended;
    await catalog.stop();
  });
  return finishing;
}

const rolloutNow = async () => (await readSnapshot(program.store, app))?.groups[0]?.rollout;

async function report(versions: Record<string, number>): Promise<void> {
  for (const [version, count] of Object.entries(versions)) await program.append(checkIns(count, version));
}
async function untilCounted(versions: Record<string, number>): Promise<void> {
  const count = async () => (await breakdown(program.history, { app, group, now: Date.now() })).versions;
  await vi.waitFor(async () => expect(await count()).toEqual(versions), patience);
}

test('a rollout is finished when every machine of the group has its version, and not before', async () => {
  servePolicy();
  const { finishDue } = await startTestFinishing();
  await finishDue();
  expect(await rolloutNow()).toMatchObject({ state: 'running' });
  await report({ '0.9.0': 10, '1.0.0': 9 });
  await untilCounted({ '0.9.0': 1, '1.0.0': 9 });
  await finishDue();
  expect(await rolloutNow()).toMatchObject({ state: 'running' });
  await report({ '1.0.0': 10 });
  await untilCounted({ '1.0.0': 10 });
  await finishDue();
  expect(await rolloutNow()).toMatchObject({ state: 'finished', cause: 'all 10 active machines report 1.0.0' });
  const { rows } = await program.store.pool.query('select actor, actor_kind from catalog_change where kind = $1', [
    'RolloutFinished',
  ]);
  expect(rows).toEqual([{ actor: 'platte', actor_kind: 'rule' }]);
});

test('a finished rollout makes way for the next one', async () => {
  servePolicy();
  const { finishDue } = await startTestFinishing();
  await report({ '1.0.0': 3 });
  await untilCounted({ '1.0.0': 3 });
  await finishDue();
  expect(await rolloutNow()).toMatchObject({ toVersion: '1.0.0', state: 'finished' });
  await run({ kind: 'AssignPackage', application: app, channel, package: two.id });
  await finishDue();
  expect(await rolloutNow()).toMatchObject({ toVersion: '2.0.0', state: 'running' });
  const { rows } = await program.store.pool.query('select state from rollout where to_version = $1', ['1.0.0']);
  expect(rows).toEqual([{ state: 'superseded' }]);
});

test.each([
  ['a rollout that has just started', { later: 0 }],
  ['what another replica counts', { isLeading: false }],
])('leaves %s', async (_, options) => {
  servePolicy();
  const { finishDue } = await startTestFinishing(options);
  await report({ '1.0.0': 3 });
  await untilCounted({ '1.0.0': 3 });
  await finishDue();
  expect(await rolloutNow()).toMatchObject({ state: 'running' });
});

test('is tried again while policy does not answer', async () => {
  const { finishDue } = await startTestFinishing({ periodMs: 50 });
  await report({ '1.0.0': 3 });
  await untilCounted({ '1.0.0': 3 });
  await expect(finishDue()).rejects.toThrow('no responders');
  servePolicy();
  await vi.waitFor(async () => expect(await rolloutNow()).toMatchObject({ state: 'finished' }), patience);
});
