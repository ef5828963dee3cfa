// A person applies what a restored PostgreSQL forgot.
import { ensureStreams, logNames } from '@platte/fact-log';
import { readOpenRestore } from '@platte/state-store';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { makeThings, openRestore, type Things } from './testing/recipes.js';
import { startApi, type RunningApi } from './testing/running-api.js';

let api: RunningApi;
let things: Things;
beforeAll(async () => {
  api = await startApi({
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
  });
  await ensureStreams(api.nc, { replicas: 1, factsBytesMax: 2 ** 24, prefix: api.logPrefix });
});
afterAll(async () => {
  const { facts, refused, parked, bucket } = logNames(api.logPrefix);
  for (const stream of [facts.stream, refused.stream, parked.stream, `KV_${bucket}`])
    await api.nc.request(`$JS.API.STREAM.DELETE.${stream}`);
  await api.stop();
});
beforeEach(async () => {
  things = await makeThings(api);
});

const pause = () => ({
  kind: 'GroupPaused',
  application: things.application,
  subject: things.group,
  command: { kind: 'PauseGroup', application: things.application, group: things.group },
});
const ofUnknown = () => ({
  kind: 'PackageAssigned',
  application: things.application,
  subject: things.channel,
  command: {
    kind: 'AssignPackage',
    application: things.application,
    channel: things.channel,
    package: '00000000-0000-4000-8000-000000000001',
  },
});
const byHand = () => ({ kind: 'GroupCreated', application: things.application, subject: 'g', command: null });
const isPaused = async () => (await api.admin.getGroup({ params: { id: things.group } })).stop !== null;

describe('a restore', () => {
  it('is none where PostgreSQL knows all', async () => {
    expect(await api.admin.getRestore()).toMatchObject({ state: 'none', changes: [] });
    await expect(api.admin.applyRestore({ body: {} })).rejects.toMatchObject({ problem: { status: 409 } });
  });

  it('is listed for everybody, applied by an admin, and over then', async () => {
    await openRestore(api.store.pool, [pause(), byHand()]);
    expect(await api.clientOf(api.tokens.viewer).getRestore()).toMatchObject({
      state: 'waiting',
      changes: [
        { kind: 'GroupPaused', actor: 'ada', applies: true, outcome: null },
        { kind: 'GroupCreated', applies: false, outcome: null },
      ],
    });
    await expect(api.clientOf(api.tokens.operator).applyRestore({ body: {} })).rejects.toMatchObject({
      problem: { status: 403 },
    });
    expect(await isPaused()).toBe(false);
    const applied = await api.admin.applyRestore({ body: {} });
    expect(applied).toMatchObject({ state: 'none', changes: [{ outcome: 'applied' }, { outcome: null }] });
    expect(await isPaused()).toBe(true);
    expect(await readOpenRestore(api.store.pool)).toBeNull();
    const { items } = await api.admin.listAudit({ query: { group: things.group, limit: 1 } });
    expect(items[0]).toMatchObject({ kind: 'GroupPaused', actor: 'test admin' });
  });

  it('keeps grants waiting while a change is refused, unless that is accepted', async () => {
    await openRestore(api.store.pool, [ofUnknown(), pause()]);
    await expect(api.admin.applyRestore({ body: {} })).rejects.toMatchObject({
      problem: { status: 409, detail: expect.stringMatching(/^1 changes were refused.*PackageAssigned: .*package/) },
    });
    const { state, changes } = await api.admin.getRestore();
    expect(state).toBe('waiting');
    expect(changes.map(({ outcome }) => outcome)).toEqual([expect.stringContaining('package'), 'applied']);
    expect(await readOpenRestore(api.store.pool)).toMatchObject({ state: 'waiting' });
    expect((await api.admin.applyRestore({ body: { acceptRefused: true } })).state).toBe('none');
    expect(await readOpenRestore(api.store.pool)).toBeNull();
  });
});
