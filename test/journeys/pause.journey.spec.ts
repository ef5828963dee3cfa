// A stop is a stop, and an outage behind ingress is no error for machines: pause and halt take effect everywhere within a
// second; without policy or PostgreSQL machines hear `policy-unavailable`; without NATS nothing that was answered is lost.
import { join } from 'node:path';
import { type Client, eachItem } from '@platte/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeGroup, type MadeGroup, untilServed } from './catalog.js';
import { ask, askUntilDecided, checkOf, type Heard, postOmaha, reportOf } from './machines.js';
import { eventually, type Platform, startPlatform } from './platform.js';
import { type Replica, startReplica } from './replicas.js';

/** How soon a stop is one, everywhere: a promise of the product. */
const stopWithinMs = 1000;

let platform: Platform;
let client: Client;
let policy: Replica;
let ingress: Replica;
let endpoints: string[];

beforeAll(async () => {
  platform = await startPlatform();
  client = platform.client;
  [ingress, policy] = await Promise.all([startIngress(), startReplica(platform, 'policy')]);
  endpoints = [(await platform.run()).urls.omaha, ingress.urls['omaha']!];
});
afterAll(async () => {
  for (const replica of [ingress, policy]) await replica?.stop();
  await platform?.stop();
});

describe('with two ingress and two policy replicas', () => {
  it('D9: a pause ends grants and offers of granted machines within a second, and a resume brings them back', async () => {
    const group = await servedGroup('paused');
    const granted = await grantTo(group, 'paused-granted');
    const answers = await askWhile(group, granted, () =>
      client.pauseGroup({ params: { id: group.id }, body: { note: 'a bad night' } }),
    );
    expect(answers.offersAfter).toEqual([]);
    expect(answers.last).toEqual({ offered: null, reason: 'updates-disabled' });
    for (const id of [granted, 'paused-new']) await whyOf(id, 'updates-disabled');
    expect((await client.getGroup({ params: { id: group.id } })).stop).toMatchObject({ note: 'a bad night' });

    await client.resumeGroup({ params: { id: group.id }, body: { note: '' } });
    for (const url of endpoints) await untilOffered(url, granted, group);
    const { items } = await client.getInstanceHistory({ params: { id: granted }, query: { limit: 200 } });
    expect(items.filter(({ kind }) => kind === 'grant')).toHaveLength(1);
  });

  it('a halt does the same, says why, and ends when a person resumes the rollout', async () => {
    const group = await servedGroup('halted');
    const granted = await grantTo(group, 'halted-granted');
    const { rollout } = await client.getGroup({ params: { id: group.id } });
    const params = { id: rollout!.id };
    const answers = await askWhile(group, granted, () =>
      client.haltRollout({ params, body: { note: 'it eats disks' } }),
    );
    expect(answers.offersAfter).toEqual([]);
    expect(answers.last).toEqual({ offered: null, reason: 'rollout-halted' });
    expect((await whyOf(granted, 'rollout-halted')).answer.words).toContain('it eats disks');
    expect(await client.getRollout({ params })).toMatchObject({ state: 'halted', cause: 'it eats disks' });

    await client.resumeRollout({ params, body: { note: 'it does not' } });
    for (const url of endpoints) await untilOffered(url, granted, group);
  });
});

describe('an outage', () => {
  it('of policy is no error for machines, and ends by itself', async () => {
    const group = await servedGroup('no-policy');
    await policy.kill();
    const { programs } = await platform.run();
    process.kill(programs['policy']!.pid, 'SIGKILL');
    const [url] = endpoints;
    const heard = await eventually(
      () => ask(url!, { machine: 'no-policy-1', track: group.track }),
      ({ reason }) => reason === 'policy-unavailable',
    );
    expect(heard.offered).toBeNull();
    await untilOffered(url!, 'no-policy-1', group);
    const { items } = await eventually(
      () => client.getInstanceHistory({ params: { id: 'no-policy-1' }, query: { all: 'true', limit: 200 } }),
      (page) => page.items.some(({ reason }) => reason === 'policy-unavailable'),
    );
    expect(items.some(({ event }) => event?.result === 0)).toBe(false);
    policy = await startReplica(platform, 'policy');
  });

  it('of a policy that hangs costs half a second per question, never an error', async () => {
    const group = await servedGroup('hung-policy');
    const pids = [policy.pid, (await platform.run()).programs['policy']!.pid];
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      const heard = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          ask(endpoints[index % 2]!, { machine: `hung-policy-${index}`, track: group.track }),
        ),
      );
      expect(new Set(heard.map(({ reason }) => reason))).toEqual(new Set(['policy-unavailable']));
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
    await untilOffered(endpoints[0]!, 'hung-policy-0', group);
  });

  it('of PostgreSQL is none for machines, and grants go on when it is back', async () => {
    const group = await servedGroup('no-postgres');
    const before = (await platform.run()).servers['postgres']!.pid;
    process.kill(before, 'SIGKILL');
    const reasons = new Set<string>();
    const heard = await eventually(
      async () => {
        const answer = await ask(endpoints[1]!, { machine: `no-postgres-${reasons.size}`, track: group.track });
        reasons.add(answer.reason);
        return answer;
      },
      ({ offered }) => offered !== null && reasons.has('policy-unavailable'),
      60_000,
    );
    expect(heard.offered).toBe(group.version);
    expect([...reasons].toSorted()).toEqual(['', 'policy-unavailable']);
  });

  it('of NATS, and of an ingress during it, loses no check-in and no event that was answered', async () => {
    const group = await servedGroup('no-nats');
    const idle = { track: group.track, version: group.version };
    const acknowledged: string[] = [];
    const told: string[] = [];
    const statuses = new Set<number>();
    const over = new AbortController();
    const keepAsking = async (url: string, who: string): Promise<void> => {
      for (let number = 1; !over.signal.aborted; number++) {
        const machine = `${who}-${number}`;
        // A killed ingress answers nobody: such a machine asks again later, and nothing was promised to it.
        const answer = await postOmaha(url, checkOf({ machine, ...idle })).catch(() => ({ status: 0 }));
        statuses.add(answer.status);
        if (answer.status !== 200) continue;
        acknowledged.push(machine);
        const event = { type: 3, result: 9, errorCode: 40 };
        const report = await postOmaha(url, reportOf({ machine, ...idle }, event)).catch(() => ({ status: 0 }));
        if (report.status === 200) told.push(machine);
      }
    };
    const asking = Promise.all(
      endpoints.flatMap((url, at) => [1, 2, 3].map((one) => keepAsking(url, `no-nats-${at}-${one}`))),
    );
    await eventually(
      () => Promise.resolve(acknowledged.length),
      (count) => count > 10,
    );
    await killAgainAndAgain('nats', 3, async () => {
      // While facts wait on its disk.
      await ingress.kill();
    });
    over.abort();
    await asking;
    expect([...statuses].every((status) => [0, 200, 503].includes(status))).toBe(true);

    ingress = await startIngress();
    endpoints[1] = ingress.urls['omaha']!;
    const lost = await eventually(
      async () => {
        const known = await machinesOf(group);
        return acknowledged.filter((machine) => !known.has(machine));
      },
      ({ length }) => length === 0,
      120_000,
    );
    expect(lost).toEqual([]);
    for (const machine of [...told.slice(0, 5), ...told.slice(-5)]) {
      const { items } = await eventually(
        () => client.getInstanceHistory({ params: { id: machine }, query: { limit: 200 } }),
        (page) => page.items.some(({ kind }) => kind === 'event'),
      );
      expect(items.filter(({ kind }) => kind === 'event')).toMatchObject([{ event: { type: 3, result: 9 } }]);
    }
  });
});

/** The second ingress, always on the same data: its spool is there again after a kill. */
function startIngress(): Promise<Replica> {
  return startReplica(platform, 'ingress', { PLATTE_DATA_DIR: join(platform.dataDir, 'ingress-2') });
}

async function servedGroup(track: string): Promise<MadeGroup> {
  const group = await makeGroup(client, track);
  for (const url of endpoints) await untilServed(url, group);
  return group;
}

async function grantTo({ track, version }: MadeGroup, machine: string): Promise<string> {
  expect((await askUntilDecided(endpoints[0]!, { machine, track })).offered).toBe(version);
  return machine;
}

function untilOffered(url: string, machine: string, { track, version }: MadeGroup): Promise<Heard> {
  return eventually(
    () => ask(url, { machine, track }),
    ({ offered }) => offered === version,
  );
}

/**
 * A granted machine and a new one ask at every ingress, all the time, before the command and until twice the promised time
 * after it.
 * @returns the offers of questions that were asked later than promised, and what was heard last
 */
async function askWhile(
  { track }: MadeGroup,
  granted: string,
  command: () => Promise<unknown>,
): Promise<{ offersAfter: { askedMs: number; heard: Heard }[]; last: Heard }> {
  let stoppedAt = Infinity;
  const all: { askedAt: number; heard: Heard }[] = [];
  const keepAsking = async (url: string, machine: string): Promise<void> => {
    for (let askedAt = 0; askedAt < stoppedAt + 2 * stopWithinMs;) {
      askedAt = performance.now();
      all.push({ askedAt, heard: await ask(url, { machine, track }) });
    }
  };
  const asking = endpoints.flatMap((url) => [keepAsking(url, granted), keepAsking(url, `${track}-new`)]);
  await eventually(
    () => Promise.resolve(all.length),
    (count) => count > 8,
  );
  await command();
  stoppedAt = performance.now();
  await Promise.all(asking);
  const late = all.filter(({ askedAt }) => askedAt > stoppedAt + stopWithinMs);
  const offersAfter = late
    .filter(({ heard }) => heard.offered !== null)
    .map(({ askedAt, heard }) => ({ askedMs: Math.round(askedAt - stoppedAt), heard }));
  return { offersAfter, last: late.at(-1)!.heard };
}

/** `up` starts it again each time; the outage is longer so. */
async function killAgainAndAgain(server: string, times: number, during: () => Promise<void>): Promise<void> {
  for (let time = 1; time <= times; time++) {
    const { pid } = (await platform.run()).servers[server]!;
    process.kill(pid, 'SIGKILL');
    if (time === times) await during();
    await eventually(
      () => platform.run(),
      ({ servers }) => servers[server]!.pid !== pid,
    );
  }
}

async function machinesOf({ id }: MadeGroup): Promise<Set<string>> {
  const found = new Set<string>();
  for await (const machine of eachItem(client.listGroupInstances, { params: { id }, query: { limit: 200 } }))
    found.add(machine.id);
  return found;
}

function whyOf(id: string, reason: string) {
  return eventually(
    () => client.getInstanceAnswer({ params: { id } }),
    ({ answer }) => answer.reason === reason,
  );
}
