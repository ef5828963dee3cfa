// What the platform that Platte replaces gets wrong, seen from outside: each test is named for the defect in
// docs/reference/nebraska-defects.md, which also lists those that are tested closer to the code.
import { type Client, toInstant } from '@platte/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeGroup, type MadeGroup, untilServed } from './catalog.js';
import { ask, askUntilDecided, checkOf, flatcarApp, postOmaha, reportOf, withAttribute } from './machines.js';
import { eventually, type Platform, startPlatform } from './platform.js';

const hourMs = 3_600_000;

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
  it('D1: that names itself in SQL is text everywhere', async () => {
    const group = await served('hostile');
    const id = `'; drop table instance; --`;
    const version = `1.0.0') or 1=1 --`;
    expect((await ask(omaha, { machine: id, track: group.track, version })).reason).toBe('invalid-version');
    const found = await untilKnown(id);
    expect(found).toMatchObject({ id, version, group: group.id });
    const hostile = `/api/v1/groups/${encodeURIComponent(`${group.id}' or '1'='1`)}/version-timeline`;
    expect((await platform.request('GET', hostile)).status).toBe(422);
    const search = await eventually(
      () => client.listInstances({ query: { search: `drop table` } }),
      ({ items }) => items.length > 0,
    );
    expect(search.items.map((item) => item.id)).toEqual([id]);
  });

  it('D8: that failed waits before it is tried again, and its slot goes to another one', async () => {
    const group = await served('failing', { concurrencyLimit: 1 });
    const failing = { machine: 'failing-1', track: group.track };
    expect((await askUntilDecided(omaha, failing)).offered).toBe(group.version);
    await postOmaha(omaha, reportOf(failing, { type: 3, result: 0, errorCode: 268_435_465 }));
    const heard = await eventually(
      () => askUntilDecided(omaha, failing),
      ({ offered }) => offered === null,
    );
    expect(heard.reason).toBe('backing-off');
    expect((await askUntilDecided(omaha, { machine: 'failing-2', track: group.track })).offered).toBe(group.version);
    const { answer } = await eventually(
      () => client.getInstanceAnswer({ params: { id: 'failing-1' } }),
      (why) => why.answer.reason === 'backing-off',
    );
    expect(answer.inputs.failures).toBe(1);
    // An hour after the failure, which it has reported a moment ago.
    expect(Date.parse(answer.until!) - Date.now()).toBeGreaterThan(0.9 * hourMs);
  });

  it('D11: with an unknown application in its request gets the answer for the other one', async () => {
    const group = await served('two-applications');
    const check = checkOf({ machine: 'two-applications-1', track: group.track });
    const app = /<app [\s\S]*<\/app>/.exec(check)![0];
    const unknown = app.replace(flatcarApp, '00000000-0000-4000-8000-00000000dead');
    const { text } = await postOmaha(omaha, check.replace(app, `${unknown}${app}`));
    expect(text).toMatch(/status="error-unknownApplication"[\s\S]*status="noupdate"[\s\S]*<manifest version=/);
    expect(text).toContain(`<manifest version="${group.version}">`);
  });

  it('D13: that was held back before it was ever granted anything has a history', async () => {
    const group = await served('held-back', { concurrencyLimit: 1 });
    await askUntilDecided(omaha, { machine: 'held-back-1', track: group.track });
    await askUntilDecided(omaha, { machine: 'held-back-2', track: group.track });
    await untilKnown('held-back-2', ({ status }) => status === 'on-hold');
    const { items } = await eventually(
      () => client.getInstanceHistory({ params: { id: 'held-back-2' } }),
      (page) => page.items.length > 0,
    );
    expect(items).toMatchObject([{ kind: 'check-in', reason: 'concurrency-limited', status: 'on-hold' }]);
  });

  it('D22: leaves every event in its history, granted or not, known or not', async () => {
    const group = await served('eventful');
    const machine = { machine: 'eventful-1', track: group.track, version: group.version };
    const events = [
      { type: 3, result: 9, errorCode: 40 },
      { type: 3, result: 1 },
      { type: 77, result: 5, errorCode: 12_345 },
      { type: 3, result: 0, errorCode: 44 },
    ];
    for (const event of events) expect((await postOmaha(omaha, reportOf(machine, event))).status).toBe(200);
    const { items } = await eventually(
      () => client.getInstanceHistory({ params: { id: machine.machine }, query: { all: 'true' } }),
      (page) => page.items.filter(({ kind }) => kind === 'event').length === events.length,
    );
    const told = items.flatMap(({ event }) => (event === null ? [] : [[event.type, event.result, event.errorCode]]));
    expect(told.toReversed()).toEqual(
      events.map(({ type, result, errorCode }) => [type, result, `${errorCode ?? ''}`]),
    );
    expect(items.every(({ words }) => words.length > 0)).toBe(true);
  });

  it('D25: has the address that it comes from, whatever it says', async () => {
    const { track } = await served('spoofed');
    await fetch(omaha, {
      method: 'POST',
      headers: { 'x-forwarded-for': ' 203.0.113.9, 10.0.0.1', 'x-real-ip': '203.0.113.9' },
      body: checkOf({ machine: 'spoofed-1', track }),
    });
    expect((await untilKnown('spoofed-1')).ip).toBe('127.0.0.1');
  });
});

describe('a timeline', () => {
  it('D14: shows what machines report, not what they were granted, and counts each once', async () => {
    const group = await served('reinstalled');
    const machine = { machine: 'reinstalled-1', track: group.track };
    expect((await askUntilDecided(omaha, machine)).offered).toBe(group.version);
    // Somebody reinstalls it by hand; then it says three times that it came from elsewhere.
    const reinstalled = { ...machine, version: '3000.0.0' };
    for (let time = 0; time < 3; time++) await postOmaha(omaha, checkOf(reinstalled, '2345.0.0'));
    await untilKnown(machine.machine, ({ version }) => version === '3000.0.0');
    const { versions } = await lastPoint(group, ({ total }) => total === 2);
    expect(versions).toEqual({ '3000.0.0': 1, '9999.0.0': 1 });
  });

  it('D24: hides no nightly version, and takes any range in any steps', async () => {
    const group = await served('nightly');
    const nightly = '3000.0.0-nightly-20261101-2100';
    await ask(omaha, { machine: 'nightly-1', track: group.track, version: nightly });
    await untilKnown('nightly-1');
    const { versions } = await lastPoint(group, ({ total }) => total === 2);
    expect(versions).toEqual({ [nightly]: 1, '9999.0.0': 1 });
    const to = toInstant(Date.now());
    const from = toInstant(Date.now() - 5 * hourMs);
    const { items, bucketSeconds } = await client.getVersionTimeline({
      params: { id: group.id },
      query: { from, to, bucket: '7m' },
    });
    expect(bucketSeconds).toBe(420);
    expect(items.length).toBeGreaterThanOrEqual(42);
  });
});

describe('the API', () => {
  it('D15: leaves what an edit does not name as it is', async () => {
    const group = await made('edited', { safeMode: true, allowDowngrade: true });
    const { revision, policy } = await client.getGroup({ params: { id: group.id } });
    const edited = await client.editGroup({
      params: { id: group.id },
      body: { description: 'other words', policy: { concurrencyLimit: 5 } },
      ifMatch: revision,
    });
    expect(edited.policy).toEqual({ ...policy, concurrencyLimit: 5 });
    expect(edited.policy).toMatchObject({ updatesEnabled: true, safeMode: true, allowDowngrade: true });
  });

  it('D16: says what is wrong with a command', async () => {
    const group = await made('refusing');
    const post = (path: string, body: unknown) => platform.request('POST', `/api/v1${path}`, body);
    const create = { application: flatcarApp, name: 'refusing', track: 'another', channel: group.channel };
    const refusals = [
      [await post('/groups', create), 409],
      [await post('/groups', { ...create, name: 'x', policy: { timezone: 'Mars/Olympus' } }), 422],
      [await post('/packages', { application: flatcarApp, version: 'x', arch: 'sparc' }), 422],
      [await platform.request('PUT', `/api/v1/channels/${group.channel}/blacklist/${group.package}`), 409],
    ] as const;
    for (const [response, status] of refusals) {
      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
      const problem = (await response.json()) as { detail: string };
      expect(problem.detail.length).toBeGreaterThan(10);
    }
  });

  it('D19: refuses a filter that it does not know, by name', async () => {
    const { id } = await made('filtered');
    for (const query of ['searchFilter=password', 'sort=password', 'status=sleepy']) {
      const response = await platform.request('GET', `/api/v1/groups/${id}/instances?${query}`);
      expect({ query, status: response.status }).toEqual({ query, status: 422 });
      expect(await response.text()).toContain(query.split('=')[0]);
    }
  });

  it('D20: deletes no channel that is not there, and says so', async () => {
    const response = await platform.request(
      'DELETE',
      '/api/v1/channels/00000000-0000-4000-8000-00000000dead',
      undefined,
      {
        'if-match': '"1"',
      },
    );
    expect(response.status).toBe(404);
    expect(await client.listChannels({ query: { limit: 1 } })).toMatchObject({ items: [expect.anything()] });
  });

  it('D5: shows no machine as failed that was only told to wait', async () => {
    const group = await served('told-to-wait', { updatesEnabled: false });
    const check = checkOf({ machine: 'told-to-wait-1', track: group.track });
    for (const body of [check, withAttribute(check, 'version', 'nonsense')]) {
      const { status, text } = await postOmaha(omaha, body);
      expect(status).toBe(200);
      expect(text).toMatch(/<app [^>]*status="ok">[\s\S]*<updatecheck status="noupdate"/);
    }
    const found = await eventually(
      () => client.listGroupInstances({ params: { id: group.id }, query: { search: 'told-to-wait-1' } }),
      ({ items }) => items[0]?.reason === 'invalid-version',
    );
    expect(found.items[0]).toMatchObject({ status: 'unknown' });
  });
});

const made = (track: string, policy?: Parameters<typeof makeGroup>[2]): Promise<MadeGroup> =>
  makeGroup(client, track, policy);

async function served(track: string, policy?: Parameters<typeof makeGroup>[2]): Promise<MadeGroup> {
  const group = await made(track, policy);
  await untilServed(omaha, group);
  return group;
}

type Instance = Awaited<ReturnType<Client['getInstance']>>;

function untilKnown(id: string, isRight: (instance: Instance) => boolean = () => true): Promise<Instance> {
  return eventually(() => client.getInstance({ params: { id } }), isRight);
}

interface Point {
  total: number;
  versions: Record<string, number>;
}

/** How the version timeline ends, once the history is so far. With the probe of the group's beginning, 9999.0.0. */
async function lastPoint({ id }: MadeGroup, isRight: (point: Point) => boolean): Promise<Point> {
  return eventually(async () => {
    const { items } = await client.getVersionTimeline({ params: { id }, query: { range: '1h', bucket: '1m' } });
    return items.at(-1)!;
  }, isRight);
}
