// What release managers do with Platte, told with simulated machines in a time that goes as fast as they live it.
import type { Client } from '@platte/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeGroup, makePackage, untilServed } from './catalog.js';
import { openClock, type PlatformClock, testMode } from './clock.js';
import { type Fleet, liveTogether, type LivingMachine, makeFleet } from './fleet.js';
import { askUntilDecided, flatcarApp } from './machines.js';
import { eventually, type Platform, startPlatform } from './platform.js';
import { addDays, nextChange, wallTime } from './zones.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const wholeUpdate = ['check', 'event 13/1', 'event 14/1', 'event 3/1', 'check after 1000.0.0'];

let platform: Platform;
let client: Client;
let clock: PlatformClock;
let url: string;

beforeAll(async () => {
  // Machines ask every 45 minutes here: one that a loaded computer keeps waiting would tell another story.
  platform = await startPlatform({ env: { ...testMode, PLATTE_DECIDE_TIMEOUT: '10s', PLATTE_FINISH_PERIOD: '1s' } });
  client = platform.client;
  clock = await openClock(platform);
  url = (await platform.run()).urls.omaha;
});
afterAll(async () => {
  await clock?.close();
  await platform?.stop();
});

describe('ten machines per hour to the latest stable', () => {
  it('takes thirty machines there, never more than ten in any hour', async () => {
    const group = await makeGroup(client, 'latest', { rateLimit: { max: 10, periodMs: hourMs } });
    await untilServed(url, group);
    const start = clock.now();
    const fleet = makeFleet({ url, track: 'latest', count: 30, clock });

    await fleet.liveUntil(start + 20 * minuteMs);
    const held = fleet.machines.find(({ engine }) => engine.offered === null)!;
    const why = await whyOf(held.id, 'rate-limited');
    expect(why.answer.inputs).toMatchObject({ limit: 10, used: 10, periodMs: hourMs, target: group.version });
    expect(fleet.machines.filter(({ engine }) => engine.offered !== null)).toHaveLength(10);

    await fleet.liveUntil(start + 6 * hourMs);
    expect(fleet.machines.map(({ engine }) => engine.version)).toEqual(Array(30).fill(group.version));
    for (const machine of fleet.machines) expectWholeUpdate(machine);

    const grants = await grantTimes(fleet);
    expect(grants).toHaveLength(30);
    expect(busiestWindow(grants, hourMs)).toBe(10);
    const breakdown = await eventually(
      () => client.getGroupBreakdown({ params: { id: group.id } }),
      ({ statuses }) => statuses['complete'] === 30,
    );
    // With the probe of the beginning, which is far ahead.
    expect(breakdown.versions).toEqual({ [group.version]: 30, '9999.0.0': 1 });
  });
});

describe('dogfood at once, the public by hand', () => {
  it('D7: goes to the public one at a time, stops at the first failure, and goes on with a mended version', async () => {
    const dogfood = await makeGroup(client, 'dogfood');
    const open = await makeGroup(client, 'public', { updatesEnabled: false, safeMode: true, concurrencyLimit: 1 });
    for (const group of [dogfood, open]) await untilServed(url, group);
    const first = makeFleet({ url, track: 'dogfood', count: 5, clock });
    const others = makeFleet({ url, track: 'public', count: 4, clock });

    await liveTogether([first, others], clock, clock.now() + 90 * minuteMs);
    expect(first.machines.map(({ engine }) => engine.version)).toEqual(Array(5).fill(dogfood.version));
    expect(busiestWindow(await grantTimes(first), 15 * minuteMs)).toBe(5);
    for (const { id } of others.machines) await whyOf(id, 'updates-disabled');

    // Now, by hand. The first machine that is tried cannot download.
    for (const machine of others.machines) machine.failsDownload = true;
    const { revision: ifMatch } = await client.getGroup({ params: { id: open.id } });
    await client.editGroup({ params: { id: open.id }, ifMatch, body: { policy: { updatesEnabled: true } } });
    const tried = await eventually(
      async () => {
        await others.askNow();
        return others.machines.filter(({ engine }) => engine.offered !== null);
      },
      ({ length }) => length > 0,
    );
    expect(tried).toHaveLength(1);
    // The ones before it may have asked an ingress that had not heard of the resumption yet.
    await others.askNow();
    const waiting = others.machines.find((machine) => !tried.includes(machine))!;
    await whyOf(waiting.id, 'safe-mode-probing');
    await others.liveUntil(clock.now() + 2 * hourMs);
    expect(tried[0]!.transcript).toEqual(expect.arrayContaining(['event 13/1', 'event 3/0']));

    const halted = await eventually(
      () => client.getGroup({ params: { id: open.id } }),
      ({ rollout }) => rollout?.state === 'halted',
    );
    expect(halted.rollout!.cause).toContain(`safe mode: machine ${tried[0]!.id} failed with ${open.version}`);
    for (const { id, engine } of others.machines) {
      expect(engine.version).toBe('1000.0.0');
      expect((await whyOf(id, 'rollout-halted')).answer.words).toContain(tried[0]!.id);
    }

    // A mended version is another rollout: one machine at a time still, and nobody is in its way.
    for (const machine of others.machines) machine.failsDownload = false;
    const mended = await makePackage(client, '2000.900.0');
    const { revision } = await client.getChannel({ params: { id: open.channel } });
    await client.editChannel({ params: { id: open.channel }, body: { package: mended }, ifMatch: revision });
    await others.liveUntil(clock.now() + 7 * hourMs);
    expect(others.machines.map(({ engine }) => engine.version)).toEqual(Array(4).fill('2000.900.0'));
    const rollouts = await client.listRollouts({ query: { group: open.id } });
    expect(rollouts.items.map(({ toVersion, state }) => [toVersion, state])).toContainEqual([
      open.version,
      'superseded',
    ]);
    await expectOneAtATime(others);
  });
});

describe('a rollout during which everything is killed once', () => {
  it('grants each machine once, keeps its limit, and takes all of them there', async () => {
    const group = await makeGroup(client, 'killed', { rateLimit: { max: 8, periodMs: hourMs } });
    await untilServed(url, group);
    const start = clock.now();
    const fleet = makeFleet({ url, track: 'killed', count: 24, clock });
    for (const victim of ['policy', 'postgres', 'nats', 'ingress', 'analytics', 'clickhouse', 'api']) {
      await clock.moveTo(clock.now() + 10 * minuteMs);
      const acting = fleet.act();
      const pid = await pidOf(victim);
      process.kill(pid, 'SIGKILL');
      await acting;
      await eventually(
        () => pidOf(victim),
        (now) => now !== pid,
      );
    }
    await fleet.liveUntil(start + 8 * hourMs);
    expect(fleet.machines.map(({ engine }) => engine.version)).toEqual(Array(24).fill(group.version));

    const attempts = await attemptsOf(fleet);
    const numbers = attempts.map(({ number }) => number).toSorted((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 24 }, (_, index) => index + 1));
    expect(busiestWindow(await grantTimes(fleet), hourMs)).toBeLessThanOrEqual(8);
    const { statuses } = await eventually(
      () => client.getGroupBreakdown({ params: { id: group.id } }),
      (breakdown) => breakdown.statuses['complete'] === 24,
    );
    expect(statuses['failed'] ?? 0).toBe(0);
  });
});

describe('two locations in their own office hours', () => {
  const zones = { berlin: 'Europe/Berlin', 'new-york': 'America/New_York' };

  it('opens each by the clock on its wall, before and after its change of summer time', async () => {
    const groups = await Promise.all(
      Object.entries(zones).map(async ([track, zone]) => {
        const group = await makeGroup(client, track, { hours: { kind: 'office' }, timezone: zone });
        await untilServed(url, group);
        return { ...group, zone };
      }),
    );
    const moments = groups.flatMap((group) => {
      const change = nextChange(group.zone, clock.now());
      const [friday, monday] = [addDays(change, -2), addDays(change, 1)];
      const at = (date: string, time: string): number => wallTime(group.zone, date, time);
      return [
        { group, at: at(friday, '08:59:30'), isOpen: false, until: at(friday, '09:00') },
        { group, at: at(friday, '09:00'), isOpen: true },
        { group, at: at(friday, '16:59:30'), isOpen: true },
        // Nights and the weekend are as long as the wall says, one hour more or less than three days.
        { group, at: at(friday, '17:00'), isOpen: false, until: at(monday, '09:00') },
        { group, at: at(monday, '08:59:30'), isOpen: false, until: at(monday, '09:00') },
        { group, at: at(monday, '09:00'), isOpen: true },
        { group, at: at(monday, '16:59:30'), isOpen: true },
        { group, at: at(monday, '17:00'), isOpen: false, until: at(addDays(monday, 1), '09:00') },
      ];
    });

    for (const [index, { group, at, isOpen, until }] of moments.toSorted((a, b) => a.at - b.at).entries()) {
      await clock.moveTo(at);
      const machine = `${group.track}-at-${index}`;
      const heard = await askUntilDecided(url, { machine, track: group.track });
      const when = `${group.zone} at ${new Date(at).toISOString()}`;
      expect({ when, ...heard }).toEqual({
        when,
        offered: isOpen ? group.version : null,
        reason: isOpen ? '' : 'outside-window',
      });
      if (until === undefined) continue;
      const { answer } = await whyOf(machine, 'outside-window');
      expect(answer.inputs.window).toBe(`Mon-Fri 09:00-17:00 ${group.zone}`);
      expect(Date.parse(answer.until!)).toBe(until);
    }
  });
});

describe('a machine that is away', () => {
  it('D26: for a weekend loses no completion', async () => {
    const group = await makeGroup(client, 'away');
    await untilServed(url, group);
    const fleet = makeFleet({ url, track: 'away', count: 1, clock });
    const [machine] = fleet.machines;
    await fleet.liveUntil(clock.now() + 30 * minuteMs);
    expect(machine!.transcript).toEqual(wholeUpdate.slice(0, 4));
    // Nobody is there until Monday: nothing is posted meanwhile.
    await clock.moveTo(clock.now() + 72 * hourMs);
    await fleet.liveUntil(clock.now() + hourMs);
    expectWholeUpdate(machine!);
    const { attempt } = await eventually(
      () => client.getInstance({ params: { id: machine!.id } }),
      ({ status }) => status === 'complete',
    );
    expect(attempt).toMatchObject({ stage: 'ended', outcome: 'complete', toVersion: group.version });
    // The probe of the beginning has been silent for longer than a machine counts as active.
    await eventually(
      () => client.getGroup({ params: { id: group.id } }),
      ({ rollout }) => rollout?.state === 'finished',
    );
  });

  it('D6: and never comes back holds its slot until the deadline, and counts as timed out for good', async () => {
    const group = await makeGroup(client, 'silent', { concurrencyLimit: 1 });
    await untilServed(url, group);
    const track = 'silent';
    expect((await askUntilDecided(url, { machine: 'silent-1', track })).offered).toBe(group.version);
    expect((await askUntilDecided(url, { machine: 'silent-2', track })).reason).toBe('concurrency-limited');
    await clock.moveTo(clock.now() + 61 * minuteMs);
    const { attempt } = await eventually(
      () => client.getInstance({ params: { id: 'silent-1' } }),
      (found) => found.attempt?.stage === 'ended',
    );
    expect(attempt).toMatchObject({ outcome: 'timed-out', cause: 'the deadline passed' });
    const heard = await eventually(
      () => askUntilDecided(url, { machine: 'silent-2', track }),
      ({ offered }) => offered !== null,
    );
    expect(heard.offered).toBe(group.version);
    const { items } = await eventually(
      () => client.listGroupInstances({ params: { id: group.id }, query: { status: 'timed-out' } }),
      (page) => page.items.length > 0,
    );
    expect(items.map(({ id }) => id)).toEqual(['silent-1']);
  });
});

async function pidOf(name: string): Promise<number> {
  const { programs, servers } = await platform.run();
  return (programs[name] ?? servers[name])!.pid;
}

/** Checks that brought nothing aside, exactly one update, and no error. */
function expectWholeUpdate({ id, transcript }: LivingMachine): void {
  const begun = transcript.indexOf('event 13/1');
  const ended = transcript.indexOf('check after 1000.0.0');
  const update = transcript.slice(begun - 1, ended + 1).filter((said) => said !== 'ping');
  expect({ id, update }).toEqual({ id, update: wholeUpdate });
  const rest = [...transcript.slice(0, begun - 1), ...transcript.slice(ended + 1)];
  expect({ id, rest: [...new Set(rest)].filter((said) => said !== 'check') }).toEqual({ id, rest: [] });
}

async function attemptsOf({ machines }: Fleet) {
  return Promise.all(
    machines.map(async ({ id }) => {
      const { attempt } = await eventually(
        () => client.getInstance({ params: { id }, query: { application: flatcarApp } }),
        (found) => found.attempt !== null,
      );
      return attempt!;
    }),
  );
}

async function grantTimes(fleet: Fleet): Promise<number[]> {
  return (await attemptsOf(fleet)).map(({ grantedAt }) => Date.parse(grantedAt));
}

/** The most in any window of that length that begins with one of them. */
function busiestWindow(times: readonly number[], lengthMs: number): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + lengthMs).length));
}

/** No lease was open while another one was. */
async function expectOneAtATime(fleet: Fleet): Promise<void> {
  const attempts = (await attemptsOf(fleet)).toSorted((a, b) => a.number - b.number);
  for (const [index, attempt] of attempts.entries()) {
    const before = attempts[index - 1];
    if (before === undefined) continue;
    const freed = before.installedAt ?? before.endedAt;
    expect(Date.parse(attempt.grantedAt)).toBeGreaterThanOrEqual(Date.parse(freed!));
  }
}

function whyOf(id: string, reason: string) {
  return eventually(
    () => client.getInstanceAnswer({ params: { id } }),
    ({ answer }) => answer.reason === reason,
  );
}
