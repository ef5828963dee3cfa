// From nothing to a finished rollout by the API alone: no client of ours, only HTTP, and only what answers say: Location,
// ETag, what a plan tells, and events with their ids. The machines say what update_engine says.
import type { WireEvent } from '@platte/omaha/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openClock, type PlatformClock, testMode } from './clock.js';
import { checkOf, hear, profileOf, reportOf, type Asker } from './machines.js';
import { eventually, type Platform, startPlatform } from './platform.js';

type Json = Record<string, unknown> & { id: string; revision: number };

let platform: Platform;
let clock: PlatformClock;

beforeAll(async () => {
  platform = await startPlatform({ env: { ...testMode, PLATTE_FINISH_PERIOD: '1s' } });
  clock = await openClock(platform);
});
afterAll(async () => {
  await clock?.close();
  await platform?.stop();
});

interface Answer {
  status: number;
  headers: Headers;
  body: Json;
}

async function send(
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await platform.request(method, path, body, headers);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(text || '{}') as Json };
}

/** Creates a thing, and reads it where the answer says that it is. */
async function create(kind: string, body: object): Promise<Json> {
  const headers = { 'idempotency-key': `journey-${kind}-${JSON.stringify(body).length}` };
  const made = await send('POST', `/api/v1/${kind}`, body, headers);
  expect(made.status).toBe(201);
  const again = await send('POST', `/api/v1/${kind}`, body, headers);
  expect([again.status, again.headers.get('idempotent-replayed'), again.body.id]).toEqual([201, 'true', made.body.id]);
  const read = await send('GET', made.headers.get('location') ?? '');
  expect(read).toMatchObject({ status: 200, body: { id: made.body.id } });
  expect(read.headers.get('etag')).toBe(`"${read.body.revision}"`);
  return read.body;
}

/** Kinds of the facts that the stream tells, until one of them is `last`. */
async function hearUntil(application: string, last: string): Promise<string[]> {
  const aborter = new AbortController();
  const kinds = 'RolloutStarted,UpdateGranted,RolloutFinished';
  const { url, token } = { url: (await platform.run()).urls.api, token: (await platform.run()).token };
  const response = await fetch(`${url}/api/v1/events?application=${application}&kinds=${kinds}`, {
    headers: { authorization: `Bearer ${token}`, 'last-event-id': '1.0' },
    signal: aborter.signal,
  });
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  let text = '';
  for await (const chunk of response.body!) {
    text += Buffer.from(chunk).toString();
    if (text.includes(`event: ${last}\n`)) break;
  }
  aborter.abort();
  return [...text.matchAll(/^event: (\w+)$/gm)].map(([, kind = '']) => kind);
}

it('takes three machines to a version by HTTP alone, and tells who did what', async () => {
  expect((await send('GET', '/api/v1/me')).body).toMatchObject({ name: 'admin', role: 'admin' });
  const { id: application } = await create('applications', { name: 'Agent', description: 'by HTTP' });
  const digest = { sha256: 'LLqvT6r0pKrKBwYJV3OhBVyWqUeGvwTDRvU3SEVSGhs=' };
  const payload = { arch: 'amd64', url: 'https://payloads.example/', filename: 'agent.gz', size: 1000, action: digest };
  const pack = await create('packages', { application, version: '2000.0.0', ...payload });
  const channel = await create('channels', { application, name: 'stable', arch: 'amd64' });
  const group = await create('groups', { application, name: 'prod', track: 'prod', channel: channel.id });
  expect(group['rollout']).toBeNull();

  const say = (body: string) => platform.checkIn(body.replaceAll(profileOf('', '').appid, `{${application}}`));
  const machines = ['one', 'two', 'three'].map((machine): Asker => ({ machine, track: 'prod' }));
  const check = async (asker: Asker) => hear((await say(checkOf(asker))).text);
  await eventually(
    () => check(machines[0]!),
    ({ reason }) => reason === 'no-package',
  );

  const path = `/api/v1/channels/${channel.id}`;
  const offer = { package: pack.id };
  const edit = { 'content-type': 'application/merge-patch+json', 'if-match': `"${channel.revision}"` };
  const planned = await eventually(
    () => send('PATCH', `${path}?dryRun=true`, offer, edit),
    ({ body }) => body['machines'] === 1,
  );
  expect((planned.body['changes'] as Json[]).map(({ kind }) => kind)).toEqual(['PackageAssigned', 'RolloutStarted']);
  expect((await send('GET', path)).body).toMatchObject({ package: null });
  expect((await send('PATCH', path, offer, edit)).body).toMatchObject({ package: pack.id });
  expect((await send('PATCH', path, offer, edit)).status).toBe(412);
  const event = (type: number, result: number): WireEvent => ({ type, result, previousVersion: '' });
  for (const asker of machines) {
    await eventually(
      () => check(asker),
      ({ offered }) => offered === '2000.0.0',
    );
    for (const type of [13, 14, 3]) await say(reportOf(asker, event(type, 1)));
    // After its reboot.
    await say(checkOf({ ...asker, version: '2000.0.0' }, '1000.0.0'));
  }
  // Not before: people shall see that it started.
  await clock.moveTo(clock.now() + 180_000);
  expect(await hearUntil(application, 'RolloutFinished')).toEqual([
    'RolloutStarted',
    ...machines.map(() => 'UpdateGranted'),
    'RolloutFinished',
  ]);
  await seesWhatHappened(application, group.id);
});

/** As a person would look afterwards. */
async function seesWhatHappened(application: string, group: string): Promise<void> {
  const list = async (path: string) => (await send('GET', path)).body['items'] as Json[];
  expect((await send('GET', `/api/v1/groups/${group}`)).body).toMatchObject({ rollout: { state: 'finished' } });
  const found = await list(`/api/v1/instances?application=${application}&status=complete&sort=alias`);
  expect(found.map(({ id, version }) => `${id} ${String(version)}`).toSorted()).toEqual([
    'one 2000.0.0',
    'three 2000.0.0',
    'two 2000.0.0',
  ]);
  const history = await list('/api/v1/instances/one/history');
  expect(history.find(({ kind }) => kind === 'check-in')).toMatchObject({ version: '2000.0.0', status: 'complete' });
  const activity = await list(`/api/v1/activity?application=${application}`);
  expect(activity.map(({ kind }) => kind)).toEqual([
    'RolloutFinished',
    'RolloutStarted',
    'PackageAssigned',
    'PackageMissing',
    'GroupCreated',
    'ChannelCreated',
    'PackageCreated',
    'ApplicationCreated',
  ]);
  const audit = await list(`/api/v1/audit?application=${application}&limit=500`);
  const assigned = audit.find(({ kind }) => kind === 'PackageAssigned');
  expect(assigned).toMatchObject({ actor: 'admin', before: { package: null }, after: { name: 'stable' } });
}
