import { ApiError, type Client } from '@platte/api-contract';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makeFleet, unique } from './testing/made-fleet.js';
import { startApi, type RunningApi } from './testing/running-api.js';

let api: RunningApi;
let admin: Client;

beforeAll(async () => {
  api = await startApi({
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
  });
  ({ admin } = api);
});

afterAll(async () => {
  await api.stop();
});

async function problemOf(refused: Promise<unknown>) {
  const error = await refused.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof ApiError)) throw new Error('the command was not refused', { cause: error });
  return error.problem;
}

describe('the catalog by API', () => {
  it('is made from nothing: application, packages, channel, group, and its rollout starts', async () => {
    const { group, channel, pack } = await makeFleet(admin);
    expect(group).toMatchObject({
      channel: channel.id,
      policy: { rateLimit: { max: 5, periodMs: 60_000 }, updatesEnabled: true },
    });
    expect(group.rollout).toMatchObject({ package: pack.id, toVersion: '2.0.0', state: 'running', group: group.id });
  });

  it('is edited: what is left out stays as it is', async () => {
    const { group } = await makeFleet(admin);
    const params = { id: group.id };
    const edited = await admin.editGroup({
      params,
      ifMatch: group.revision,
      body: { policy: { rateLimit: { max: 7 }, hours: { kind: 'office' } } },
    });
    expect(edited).toMatchObject({
      name: 'prod',
      policy: { rateLimit: { max: 7, periodMs: 60_000 }, hours: { kind: 'office' } },
    });
    expect(edited.revision).toBeGreaterThan(group.revision);
    const again = await admin.editGroup({
      params,
      ifMatch: edited.revision,
      body: { policy: { hours: { kind: 'always' }, rateLimit: null } },
    });
    expect(again.policy).toMatchObject({ rateLimit: null, hours: { kind: 'always' } });
    expect(await admin.editGroup({ params, ifMatch: again.revision, body: {} })).toEqual(again);
  });

  it('takes windows without a kind for the windows of the group, and never drops them', async () => {
    const windows = [{ days: [7], from: 0, to: 60 }];
    const { group } = await makeFleet(admin);
    const params = { id: group.id };
    const edit = async (hours: object) => {
      const { revision } = await admin.getGroup({ params });
      return (await admin.editGroup({ params, ifMatch: revision, body: { policy: { hours } } })).policy.hours;
    };
    expect(group.policy.hours).toEqual({ kind: 'always' });
    expect(await edit({ windows })).toEqual({ kind: 'windows', windows });
    expect(await edit({ kind: 'windows' })).toEqual({ kind: 'windows', windows });
    expect(await edit({})).toEqual({ kind: 'windows', windows });
    expect(await edit({ kind: 'office' })).toEqual({ kind: 'office' });
    expect(await edit({ kind: 'windows', windows })).toEqual({ kind: 'windows', windows });
    for (const kind of ['always', 'office'])
      expect(await problemOf(edit({ kind, windows }))).toMatchObject({
        status: 422,
        errors: [{ pointer: '/policy/hours/windows', detail: expect.stringContaining('contradicts `kind`') }],
      });
    const { application, channel } = group;
    const body = { application, channel, name: 'own hours', track: 'own', policy: { hours: { windows } } };
    expect((await admin.createGroup({ body })).policy.hours).toEqual({ kind: 'windows', windows });
  });

  it('says where an edit is wrong', async () => {
    const { group, channel } = await makeFleet(admin);
    const edit = (policy: object) =>
      problemOf(admin.editGroup({ params: { id: group.id }, ifMatch: group.revision, body: { policy } }));
    expect(await edit({ hours: { kind: 'windows' } })).toMatchObject({
      status: 422,
      errors: [{ pointer: '/policy/hours/windows' }],
    });
    expect(await edit({ rateLimit: { max: 0 } })).toMatchObject({
      status: 422,
      errors: [{ pointer: '/policy/rateLimit/max' }],
    });
    for (const ms of [315_360_000_001, 8.64e15, 2 ** 53 - 1]) {
      for (const field of ['updateTimeoutMs', 'backoffMs', 'backoffMaxMs'])
        expect(await edit({ [field]: ms })).toMatchObject({
          status: 422,
          errors: [{ pointer: `/policy/${field}`, detail: 'is at most 10 years: 315360000000 ms' }],
        });
      expect(await edit({ rateLimit: { periodMs: ms } })).toMatchObject({
        status: 422,
        errors: [{ pointer: '/policy/rateLimit/periodMs', detail: 'is at most 10 years: 315360000000 ms' }],
      });
    }
    expect(await edit({ timezone: 'BST' })).toMatchObject({
      status: 422,
      reason: 'invalid-time-zone',
      detail: expect.stringContaining('BST is not a time zone of the tz database (Europe/London or Asia/Dhaka?)'),
    });
    expect(await edit({ timezone: 'Mars/Olympus' })).toMatchObject({
      status: 422,
      reason: 'invalid-time-zone',
      errors: [{ pointer: '/policy/timezone' }],
    });
    expect(await edit({ colour: 'red' })).toMatchObject({ status: 422, errors: [{ pointer: '/policy/colour' }] });
    const lost = admin.editChannel({
      params: { id: channel.id },
      ifMatch: channel.revision,
      body: { package: group.id },
    });
    expect(await problemOf(lost)).toMatchObject({
      status: 422,
      reason: 'unknown-package',
      errors: [{ pointer: '/package' }],
    });
  });

  it('keeps two people from overwriting each other', async () => {
    const { group } = await makeFleet(admin);
    const params = { id: group.id };
    await admin.editGroup({ params, ifMatch: group.revision, body: { description: 'first' } });
    const second = await problemOf(
      admin.editGroup({ params, ifMatch: group.revision, body: { description: 'second' } }),
    );
    expect(second).toMatchObject({ status: 412, current: { description: 'first' } });
    const without = await api.fetch(`${api.url}/api/v1/groups/${group.id}`, { method: 'DELETE' });
    expect(without.status).toBe(428);
    const odd = await api.fetch(`${api.url}/api/v1/groups/${group.id}`, {
      method: 'DELETE',
      headers: { 'if-match': '*' },
    });
    expect(odd.status).toBe(422);
    expect((await admin.getGroup({ params })).description).toBe('first');
  });

  it('lets exactly one of many editors of one revision win', async () => {
    const { group } = await makeFleet(admin);
    const edits = Array.from({ length: 8 }, (_, n) =>
      admin.editGroup({ params: { id: group.id }, ifMatch: group.revision, body: { description: `by ${n}` } }),
    );
    const settled = await Promise.allSettled(edits);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const others = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason as ApiError] : []));
    expect(others.map(({ problem }) => problem.status)).toEqual(Array<number>(7).fill(412));
  });

  it('refuses names that are taken and things that are in use, and says by what', async () => {
    const { application, group, channel, pack } = await makeFleet(admin);
    const twin = admin.createGroup({ body: { application: application.id, name: 'prod', track: 'other' } });
    expect(await problemOf(twin)).toMatchObject({ status: 409, reason: 'name-taken', errors: [{ pointer: '/name' }] });
    const used = admin.deleteChannel({ params: { id: channel.id }, ifMatch: channel.revision });
    expect(await problemOf(used)).toMatchObject({
      status: 409,
      reason: 'in-use',
      uses: [{ kind: 'group', id: group.id }],
    });
    const packed = admin.deletePackage({ params: { id: pack.id }, ifMatch: pack.revision });
    expect(await problemOf(packed)).toMatchObject({ status: 409, reason: 'in-use' });
  });

  it('takes floors, a blacklist and dead ends, and gives them back', async () => {
    const { application, channel, older } = await makeFleet(admin);
    const params = { id: channel.id, package: older.id };
    expect((await admin.setFloor({ params, body: { reason: 'new layout' } })).floors).toEqual([
      { package: older.id, reason: 'new layout' },
    ]);
    expect(await problemOf(admin.blacklistPackage({ params }))).toMatchObject({
      status: 409,
      reason: 'package-is-floor',
    });
    await admin.removeFloor({ params });
    expect((await admin.blacklistPackage({ params })).blacklist).toEqual([older.id]);
    await admin.unblacklistPackage({ params });
    expect(await admin.getChannel({ params: { id: channel.id } })).toMatchObject({ floors: [], blacklist: [] });
    const deadEnd = { id: application.id, version: '0.9.0' };
    await admin.markDeadEnd({ params: deadEnd, body: { reason: 'cannot boot' } });
    expect((await admin.listDeadEnds({ params: { id: application.id } })).items).toEqual([
      { version: '0.9.0', reason: 'cannot boot' },
    ]);
    await admin.clearDeadEnd({ params: deadEnd });
    expect((await admin.listDeadEnds({ params: { id: application.id } })).items).toEqual([]);
  });

  it('is taken apart again', async () => {
    const { application, group, channel, pack, older } = await makeFleet(admin);
    const now = async <T extends { revision: number }>(read: Promise<T>) => (await read).revision;
    await admin.deleteGroup({ params: { id: group.id }, ifMatch: group.revision });
    await admin.deleteChannel({
      params: { id: channel.id },
      ifMatch: await now(admin.getChannel({ params: { id: channel.id } })),
    });
    for (const { id } of [pack, older])
      await admin.deletePackage({ params: { id }, ifMatch: await now(admin.getPackage({ params: { id } })) });
    await admin.deleteApplication({ params: { id: application.id }, ifMatch: application.revision });
    expect(await problemOf(admin.getApplication({ params: { id: application.id } }))).toMatchObject({ status: 404 });
  });

  it('cannot be changed in an application that the caller may not see', async () => {
    const mine = await makeFleet(admin);
    const other = await makeFleet(admin);
    const limited = api.clientOf(await api.makeToken({ role: 'admin', applications: [mine.application.id] }));
    const refused = [
      limited.editGroup({ params: { id: other.group.id }, ifMatch: other.group.revision, body: { name: 'x' } }),
      limited.pauseGroup({ params: { id: other.group.id }, body: {} }),
      limited.haltRollout({ params: { id: other.group.rollout?.id ?? '' }, body: {} }),
      limited.deleteApplication({ params: { id: other.application.id }, ifMatch: 1 }),
      limited.holdInstance({ params: { id: 'm' }, query: { application: other.application.id }, body: {} }),
      limited.setFloor({ params: { id: other.channel.id, package: other.older.id }, body: {} }),
    ];
    for (const problem of await Promise.all(refused.map(problemOf))) expect(problem).toMatchObject({ status: 404 });
    const create = limited.createGroup({ body: { application: other.application.id, name: 'x', track: 'x' } });
    expect(await problemOf(create)).toMatchObject({ status: 422, errors: [{ pointer: '/application' }] });
    expect(await problemOf(limited.createApplication({ body: { name: unique('app') } }))).toMatchObject({
      status: 403,
    });
  });
});

describe('groups and rollouts by API', () => {
  it('are paused and resumed, with who and why in the change', async () => {
    const { group } = await makeFleet(admin);
    const operator = api.clientOf(api.tokens.operator);
    const paused = await operator.pauseGroup({ params: { id: group.id }, body: { note: 'on fire' } });
    expect(paused).toMatchObject({
      policy: { updatesEnabled: true },
      stop: { actor: 'test operator', note: 'on fire' },
    });
    expect((await operator.resumeGroup({ params: { id: group.id }, body: {} })).stop).toBeNull();
    const id = group.rollout?.id ?? '';
    expect(await operator.haltRollout({ params: { id }, body: { note: 'bad' } })).toMatchObject({
      state: 'halted',
      cause: 'bad',
    });
    expect(await problemOf(operator.pauseRollout({ params: { id }, body: {} }))).toMatchObject({
      status: 409,
      reason: 'rollout-ended',
    });
    const fresh = await operator.startRollout({ params: { id: group.id }, body: {} });
    expect(fresh).toMatchObject({ state: 'running', group: group.id });
    expect(await problemOf(operator.resumeRollout({ params: { id }, body: {} }))).toMatchObject({
      status: 409,
      reason: 'rollout-ended',
    });
    expect(await operator.pauseRollout({ params: { id: fresh.id }, body: {} })).toMatchObject({ state: 'paused' });
    expect(await operator.resumeRollout({ params: { id: fresh.id }, body: {} })).toMatchObject({ state: 'running' });
  });
});

describe('machines by API', () => {
  it('are held, forced, named and labelled, also before they were ever seen', async () => {
    const { application } = await makeFleet(admin);
    const of = { params: { id: 'new/machine' }, query: { application: application.id } };
    expect(await admin.holdInstance({ ...of, body: { note: 'wait' } })).toMatchObject({ held: 'wait', lastSeen: null });
    expect(await admin.releaseInstance({ ...of, body: {} })).toMatchObject({ held: null });
    expect((await admin.forceInstance({ ...of, body: {} })).forcedUntil).not.toBeNull();
    expect(
      await admin.editInstance({ ...of, body: { alias: 'web', labels: { role: 'db', site: 'x' } } }),
    ).toMatchObject({
      alias: 'web',
      labels: { role: 'db', site: 'x' },
    });
    expect((await admin.editInstance({ ...of, body: { labels: { site: null } } })).labels).toEqual({ role: 'db' });
    expect(await problemOf(admin.editInstance({ ...of, body: { labels: { '-': 'x' } } }))).toMatchObject({
      status: 422,
      errors: [{ pointer: '/labels/-' }],
    });
    expect(await problemOf(admin.cancelInstance({ ...of, body: {} }))).toMatchObject({
      status: 404,
      reason: 'unknown-machine',
    });
    const both = { alias: 'half', labels: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`k${n}`, ''])) };
    expect(await problemOf(admin.editInstance({ ...of, body: both }))).toMatchObject({ reason: 'too-many' });
    expect(await admin.getInstance(of)).toMatchObject({ alias: 'web' });
    await admin.deleteInstance(of);
    expect(await problemOf(admin.getInstance(of))).toMatchObject({ status: 404 });
    expect(await problemOf(admin.holdInstance({ params: of.params, body: {} }))).toMatchObject({ status: 404 });
  });
});

describe('an Idempotency-Key', () => {
  it('makes a creation happen once, also when it is sent many times at once', async () => {
    const body = { name: unique('app') };
    const settled = await Promise.allSettled(
      Array.from({ length: 6 }, () => admin.createApplication({ body, idempotencyKey: body.name.replace(' ', '-') })),
    );
    const made = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value.id] : []));
    expect(new Set(made).size).toBe(1);
    const early = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason as ApiError] : []));
    expect(new Set(early.map(({ problem }) => problem.type))).toEqual(
      new Set(early.map(() => 'urn:platte:problem:idempotency-key-in-use')),
    );
    const response = await api.fetch(`${api.url}/api/v1/applications`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', 'idempotency-key': body.name.replace(' ', '-') },
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('idempotent-replayed')).toBe('true');
    expect(response.headers.get('location')).toBe(`/api/v1/applications/${made[0]}`);
    expect(await response.json()).toMatchObject({ id: made[0] });
  });

  it('names one request, and is free again when that was refused', async () => {
    const idempotencyKey = 'k-2';
    const { application } = await makeFleet(admin);
    const taken = admin.createApplication({ body: { name: application.name }, idempotencyKey });
    expect(await problemOf(taken)).toMatchObject({ reason: 'name-taken' });
    await admin.createApplication({ body: { name: unique('app') }, idempotencyKey });
    const other = admin.createApplication({ body: { name: unique('app') }, idempotencyKey });
    expect(await problemOf(other)).toMatchObject({ status: 422, type: 'urn:platte:problem:idempotency-key-reused' });
  });

  it('never keeps a token’s secret', async () => {
    const body = { name: 'ci', role: 'viewer' } as const;
    const first = await admin.createToken({ body, idempotencyKey: 'k-3' });
    expect(first.token).toMatch(/^plt_/);
    expect(await admin.createToken({ body, idempotencyKey: 'k-3' })).toEqual({ ...first, token: '' });
  });
});
