// The rows of the list of hard inputs (omaha-protocol.md 5) that are about what becomes of a machine: its grants, its
// place in the rollout's count, and what a person sees of it. The other rows are in apps/ingress/src/hard-inputs.int.spec.ts.
import type { Attempt, Client, HistoryItem, Instance } from '@platte/api-contract';
import { composeRequest } from '@platte/omaha/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeGroup, type MadeGroup, untilServed } from './catalog.js';
import {
  askUntilDecided,
  checkOf,
  hear,
  type Heard,
  postOmaha,
  profileOf,
  reportOf,
  withAttribute,
} from './machines.js';
import { eventually, type Platform, startPlatform } from './platform.js';

let platform: Platform;
let client: Client;
let omaha: string;

beforeAll(async () => {
  platform = await startPlatform();
  client = platform.client;
  omaha = (await platform.run()).urls.omaha;
});
afterAll(() => platform?.stop());

describe('a machine', () => {
  it('row 28: whose id two of them have gets one grant for both, is shown as who spoke last, and as cloned', async () => {
    const { track, version } = await served('cloned');
    const asker = { machine: 'cloned-1', track };
    const says = async (bootId: string) => hear((await postOmaha(omaha, withBootId(checkOf(asker), bootId))).text);
    await askUntilDecided(omaha, { machine: 'cloned-0', track });
    for (let time = 0; time < 3; time++) {
      expect((await says('{one}')).offered).toBe(version);
      expect((await says('{other}')).offered).toBe(version);
    }
    const items = await historyOf(asker.machine, (kinds) => count(kinds, 'check-in') === 6);
    expect(items.filter(({ kind }) => kind === 'grant')).toHaveLength(1);
    expect(items.filter(({ reason }) => reason === 'granted')).toHaveLength(1);
    expect(await untilKnown(asker.machine)).toMatchObject({
      bootId: '{other}',
      isCloned: true,
      attempt: { number: 2 },
    });
    expect(await untilKnown('cloned-0')).toMatchObject({ isCloned: false });
  });

  it('row 28: whose id another has that is up to date already keeps its grant until it has installed it itself', async () => {
    const { track, version } = await served('cloned-apart');
    const asker = { machine: 'cloned-2', track };
    const says = async (bootId: string, body: string) => postOmaha(omaha, withBootId(body, bootId));
    const old = async () => hear((await says('{old}', checkOf(asker))).text);
    const current = () => says('{current}', checkOf({ ...asker, version }));
    expect(await askUntilDecided(omaha, { machine: 'cloned-3', track })).toMatchObject({ offered: version });
    expect((await old()).offered).toBe(version);
    await current();
    // Nobody can know better yet; what the machine asks next tells.
    await untilAttempt(asker.machine, ({ outcome }) => outcome === 'complete');
    for (let turn = 0; turn < 3; turn++) {
      expect((await old()).offered).toBe(version);
      await current();
    }
    const items = await historyOf(asker.machine, (kinds) => count(kinds, 'check-in') === 8);
    expect(items.filter(({ kind }) => kind === 'grant')).toHaveLength(1);
    expect(items.filter(({ kind }) => kind === 'lease-end')).toHaveLength(1);
    expect(await untilKnown(asker.machine)).toMatchObject({ isCloned: true, attempt: { number: 2, stage: 'leased' } });
    await says('{old}', reportOf(asker, { type: 3, result: 1 }));
    await untilAttempt(asker.machine, ({ stage }) => stage === 'installed');
    await says('{rebooted}', checkOf({ ...asker, version }));
    expect(await untilAttempt(asker.machine, ({ stage }) => stage === 'ended')).toMatchObject({
      outcome: 'complete',
      number: 2,
    });
  });

  it('row 29: that asks a hundred times at once gets one grant, and the same answer a hundred times', async () => {
    const { track, version } = await served('at-once');
    const asker = { machine: 'at-once-1', track };
    await askUntilDecided(omaha, { ...asker, machine: 'at-once-0' });
    const heard = await Promise.all(Array.from({ length: 100 }, () => askUntilDecided(omaha, asker)));
    expect(new Set(heard.map(({ offered }) => offered))).toEqual(new Set([version]));
    const items = await historyOf(asker.machine, (kinds) => count(kinds, 'check-in') === 100);
    expect(items.filter(({ kind }) => kind === 'grant')).toHaveLength(1);
    expect(items.filter(({ reason }) => reason === 'granted')).toHaveLength(1);
  });

  it('row 30: that nobody knows is known by its first event, and by no machine id nobody is', async () => {
    const { track, id } = await served('first-event');
    const event = { type: 3, result: 2, previousVersion: '0.9.0' };
    const stub = { machine: 'first-event-1', track };
    expect((await postOmaha(omaha, reportOf(stub, event))).text).toContain('<event status="ok"/>');
    expect(await untilKnown(stub.machine)).toMatchObject({ group: id, attempt: null, answer: null });
    const nobody = await postOmaha(omaha, reportOf({ machine: '', track }, event));
    expect(nobody.text).toContain('<event status="ok"/>');
    const { items } = await eventually(
      () => client.listGroupInstances({ params: { id }, query: { limit: 10 } }),
      (page) => page.items.length >= 2,
    );
    expect(items.map((item) => item.id).toSorted()).toEqual(['first-event-1', `probe-of-${track}`]);
  });

  it('row 31: whose success was never granted is recorded, and moves no counter of the rollout', async () => {
    const group = await served('never-granted', { safeMode: true });
    const machine = { machine: 'never-granted-1', track: group.track };
    for (const event of [
      { type: 13, result: 1 },
      { type: 14, result: 1 },
      { type: 3, result: 1 },
    ])
      await postOmaha(omaha, reportOf(machine, event));
    const arrived = checkOf({ ...machine, version: group.version }, '1000.0.0');
    expect((await postOmaha(omaha, arrived)).text).toContain('info="up-to-date"');
    const items = await historyOf(machine.machine, (kinds) => count(kinds, 'check-in') === 4);
    expect(
      items.flatMap(({ event }) => (event === null ? [] : [`${event.type}/${event.result}`])).toReversed(),
    ).toEqual(['13/1', '14/1', '3/1', '3/2']);
    expect((await client.getInstance({ params: { id: machine.machine } })).attempt).toBeNull();
    // In safe mode one success lets the others go: this one must not.
    const first = await askUntilDecided(omaha, { machine: 'never-granted-2', track: group.track });
    const second = await askUntilDecided(omaha, { machine: 'never-granted-3', track: group.track });
    expect([first.offered, second.reason]).toEqual([group.version, 'safe-mode-probing']);
    expect(await untilCounted(group)).toMatchObject({ attempts: [1, 0, 0, 0, 0], failures: 0 });
  });

  it('row 32: whose events come out of order, twice and late, never moves backward', async () => {
    const group = await served('out-of-order');
    const machine = { machine: 'out-of-order-1', track: group.track };
    expect((await askUntilDecided(omaha, machine)).offered).toBe(group.version);
    for (const type of [3, 13, 14, 14]) await postOmaha(omaha, reportOf(machine, { type, result: 1 }));
    const installed = await untilAttempt(machine.machine, ({ stage }) => stage === 'installed');
    expect(installed).toMatchObject({ stage: 'installed', outcome: null });
    await postOmaha(omaha, checkOf({ ...machine, version: group.version }, '1000.0.0'));
    const complete = await untilAttempt(machine.machine, ({ outcome }) => outcome !== null);
    expect(complete).toMatchObject({ stage: 'ended', outcome: 'complete' });
    await postOmaha(omaha, reportOf({ ...machine, version: group.version }, { type: 13, result: 1 }));
    await historyOf(machine.machine, (kinds) => count(kinds, 'event') === 6);
    expect(await untilAttempt(machine.machine, () => true)).toEqual(complete);
    expect(await untilCounted(group)).toMatchObject({ attempts: [1, 1, 1, 1, 1], failures: 0 });
  });

  it('row 33: that rolls back again and again is held at its version, and counts once', async () => {
    const group = await served('rolling-back');
    const machine = { machine: 'rolling-back-1', track: group.track };
    expect((await askUntilDecided(omaha, machine)).offered).toBe(group.version);
    for (const type of [13, 14, 3]) await postOmaha(omaha, reportOf(machine, { type, result: 1 }));
    await untilAttempt(machine.machine, ({ stage }) => stage === 'installed');
    for (let time = 0; time < 3; time++) {
      expect(await rollBack(machine)).toMatchObject({ offered: null, reason: 'rolled-back' });
      expect(await askUntilDecided(omaha, machine)).toMatchObject({ offered: null, reason: 'rolled-back' });
    }
    const items = await historyOf(machine.machine, (kinds) => count(kinds, 'check-in') >= 10);
    expect(items.filter(({ kind }) => kind === 'grant')).toHaveLength(1);
    expect(items.filter(({ kind }) => kind === 'lease-end').map(({ words }) => words)).toHaveLength(2);
    expect(await untilCounted(group)).toMatchObject({ attempts: [1, 1, 1, 1, 0], rolledBack: 1, failures: 0 });
    expect(await untilAttempt(machine.machine, () => true)).toMatchObject({ outcome: 'rolled-back', number: 1 });
  });
});

describe('what a machine says of itself', () => {
  it('a test source keeps it out of every count, and from nothing else', async () => {
    const group = await served('tested', { rateLimit: { max: 2, periodMs: 3_600_000 } });
    const { track, version, id } = group;
    const asker = { machine: 'prober-1', track };
    const asTest = (body: string) => body.replace('<request ', '<request testsource="prober" ');
    const says = async (body: string) => postOmaha(omaha, asTest(body));
    expect(hear((await says(checkOf(asker))).text).offered).toBe(version);
    await says(reportOf(asker, { type: 3, result: 0, errorCode: 9 }));
    const told = await historyOf(asker.machine, (kinds) => count(kinds, 'lease-end') === 1);
    expect(told.map(({ kind }) => kind).toSorted()).toEqual(['check-in', 'check-in', 'event', 'grant', 'lease-end']);
    expect(await untilKnown(asker.machine)).toMatchObject({
      testSource: 'prober',
      status: 'failed',
      group: id,
      attempt: { outcome: 'failed' },
      answer: { reason: 'granted' },
    });
    const ordinary = { machine: 'ordinary-1', track };
    expect(await askUntilDecided(omaha, ordinary)).toMatchObject({ offered: version });
    expect(await askUntilDecided(omaha, { machine: 'ordinary-2', track })).toMatchObject({ reason: 'rate-limited' });
    const { items } = await eventually(
      () => client.listGroupInstances({ params: { id }, query: { limit: 10 } }),
      (page) => page.items.length >= 3,
    );
    expect(items.map((item) => item.id).toSorted()).toEqual([ordinary.machine, 'ordinary-2', `probe-of-${track}`]);
    expect(await untilCounted(group)).toMatchObject({ attempts: [1, 0, 0, 0, 0], failures: 0 });
  });

  it('an alias stays when it tells an empty one', async () => {
    const { track } = await served('named');
    const asker = { machine: 'named-1', track };
    await postOmaha(omaha, withAttribute(checkOf(asker), 'machinealias', 'web 1'));
    await postOmaha(omaha, checkOf(asker));
    await historyOf(asker.machine, (kinds) => count(kinds, 'check-in') === 2);
    expect(await untilKnown(asker.machine)).toMatchObject({ alias: 'web 1' });
    const { items } = await client.listInstances({ query: { search: 'web 1', limit: 10 } });
    expect(items.map((item) => item.id)).toEqual([asker.machine]);
  });
});

const withBootId = (body: string, bootId: string): string => withAttribute(body, 'bootid', bootId);

/** The check that a machine sends from its old partition: 44 and an updatecheck in one app. */
async function rollBack({ machine, track }: { machine: string; track: string }): Promise<Heard> {
  const event = { type: 3, result: 0, errorCode: 44 };
  const content = { version: '1000.0.0', bootId: '', interactive: false, ping: true, updateCheck: true, event };
  return hear((await postOmaha(omaha, composeRequest(profileOf(machine, track), content))).text);
}

async function served(track: string, policy: Parameters<typeof makeGroup>[2] = {}): Promise<MadeGroup> {
  const group = await makeGroup(client, track, policy);
  await untilServed(omaha, group);
  return group;
}

async function untilKnown(id: string): Promise<Instance> {
  return eventually(
    () => client.getInstance({ params: { id } }),
    () => true,
  );
}

async function untilAttempt(id: string, isRight: (attempt: Attempt) => boolean): Promise<Attempt> {
  const { attempt } = await eventually(
    () => client.getInstance({ params: { id } }),
    (instance) => instance.attempt !== null && isRight(instance.attempt),
  );
  return attempt!;
}

/** Newest first, idle check-ins too, once so many of the kinds are there. */
async function historyOf(id: string, isRight: (kinds: readonly string[]) => boolean): Promise<HistoryItem[]> {
  const { items } = await eventually(
    () => client.getInstanceHistory({ params: { id }, query: { all: 'true', limit: 200 } }),
    (page) => isRight(page.items.map(({ kind }) => kind)),
  );
  return items;
}

const count = (kinds: readonly string[], kind: string): number => kinds.filter((one) => one === kind).length;

/** The group's updates once the first one is counted: history takes a moment. `attempts` by step, from granted to complete. */
async function untilCounted({ id }: MadeGroup) {
  return eventually(
    async () => {
      const { steps, failed, rolledBack } = await client.getGroupFunnel({ params: { id }, query: {} });
      return { attempts: steps.map(({ attempts }) => attempts), failures: failed, rolledBack };
    },
    ({ attempts }) => attempts[0]! > 0,
  );
}
