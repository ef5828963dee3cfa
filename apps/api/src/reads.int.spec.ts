import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eachItem, type Client, type QueryOf } from '@platte/api-contract';
import { rebuild } from '@platte/history';
import { startApi, type RunningApi } from './testing/running-api.js';
import { checkIn, event, ids, seedCatalog, writeHistory } from './testing/sample-fleet.js';

let api: RunningApi;
let viewer: Client;
const minute = 60_000;
const start = Date.now() - 30 * minute;

beforeAll(async () => {
  api = await startApi({
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
  });
  viewer = api.clientOf(api.tokens.viewer);
  await seedCatalog(api);
  await writeHistory(api, [
    checkIn('m1', start),
    checkIn('m2', start + minute, { alias: 'Web-2', ip: '10.0.0.2' }),
    checkIn('m3', start + 2 * minute, {
      version: '4152.1.0',
      answer: { reason: 'up-to-date', inputs: { target: '4152.1.0' } },
    }),
    checkIn('m1', start + 10 * minute, {
      answer: { reason: 'granted', inputs: { target: '4152.1.0', deadline: start + 70 * minute } },
    }),
    event('m1', start + 11 * minute, 13, 1),
    event('m2', start + 12 * minute, 3, 0, '9'),
    checkIn('both', start, {}),
    checkIn('both', start, { app: ids.agent, group: ids.agentGroup }),
    checkIn('a/b ü', start, { answer: undefined }),
  ]);
  await rebuild(api.history, { acked: 1, now: Date.now(), attempt: 1 });
});

afterAll(async () => {
  await api.stop();
});

describe('the catalog', () => {
  it('lists applications, and shows one with its revision as ETag', async () => {
    const { items } = await viewer.listApplications();
    expect(items.map(({ name }) => name)).toEqual(['Agent', 'Flatcar']);
    const response = await api.fetch(`${api.url}/api/v1/applications/${ids.flatcar.toUpperCase()}`);
    expect(response.headers.get('etag')).toBe('"1"');
    expect(await response.json()).toMatchObject({ id: ids.flatcar, productId: null });
  });

  it('shows a group with its policy and rollout', async () => {
    expect(await viewer.getGroup({ params: { id: ids.prod } })).toMatchObject({
      track: 'stable',
      policy: { updatesEnabled: true },
      rollout: { id: ids.rollout, state: 'running', startedAt: '1970-01-01T00:00:01.000Z' },
    });
    expect((await viewer.listGroups({ query: { application: ids.agent } })).items).toHaveLength(1);
    expect((await viewer.listRollouts({ query: { group: ids.prod } })).items).toMatchObject([
      { toVersion: '4152.1.0' },
    ]);
    expect(await viewer.getRollout({ params: { id: ids.rollout } })).toMatchObject({ group: ids.prod });
  });

  it('pages through packages from the highest version down', async () => {
    const versions: string[] = [];
    for await (const { version } of eachItem(viewer.listPackages, { query: { limit: 1 } })) versions.push(version);
    expect(versions).toEqual(['4152.1.0', '4081.2.0']);
  });

  it('does not exist for those who are limited to other applications', async () => {
    const limited = api.clientOf(await api.makeToken({ role: 'viewer', applications: [ids.agent] }));
    expect((await limited.listApplications()).items.map(({ id }) => id)).toEqual([ids.agent]);
    expect((await limited.listGroups()).items.map(({ id }) => id)).toEqual([ids.agentGroup]);
    expect((await limited.listGroups({ query: { application: ids.flatcar } })).items).toEqual([]);
    const hidden = [
      limited.getApplication({ params: { id: ids.flatcar } }),
      limited.getGroup({ params: { id: ids.prod } }),
      limited.getRollout({ params: { id: ids.rollout } }),
      limited.getChannel({ params: { id: ids.stable } }),
      limited.getPackage({ params: { id: ids.newPackage } }),
      limited.getInstance({ params: { id: 'm1' } }),
      limited.getVersionTimeline({ params: { id: ids.prod } }),
    ];
    for (const answer of await Promise.allSettled(hidden))
      expect(answer).toMatchObject({ status: 'rejected', reason: { problem: { status: 404 } } });
    expect(await limited.getInstance({ params: { id: 'both' } })).toMatchObject({ application: ids.agent });
  });
});

describe('machines', () => {
  it('are listed in their group, filtered and sorted', async () => {
    const list = async (query: QueryOf<'listGroupInstances'>) =>
      (await viewer.listGroupInstances({ params: { id: ids.prod }, query })).items.map((item) => item.id);
    expect(await list({})).toEqual(['a/b ü', 'both', 'm1', 'm2', 'm3']);
    expect(await list({ version: '4152.1.0' })).toEqual(['m3']);
    expect(await list({ status: 'failed,downloading' })).toEqual(['m1', 'm2']);
    expect(await list({ reason: 'up-to-date' })).toEqual(['m3']);
    expect(await list({ search: 'web', sort: '-lastSeen' })).toEqual(['m2']);
    expect(await list({ silentFor: '25m' })).toEqual(expect.not.arrayContaining(['m1', 'm2']));
  });

  it('are searched across all applications, page by page', async () => {
    const found: string[] = [];
    for await (const { id, application } of eachItem(viewer.listInstances, { query: { limit: 2 } }))
      found.push(`${application === ids.agent ? 'agent' : 'flatcar'} ${id}`);
    expect(found).toEqual([...['a/b ü', 'both', 'm1', 'm2', 'm3'].map((id) => `flatcar ${id}`), 'agent both']);
  });

  it('are counted as they are searched, and found by their labels', async () => {
    expect(await viewer.countInstances({ query: {} })).toEqual({ count: 6 });
    expect(await viewer.countInstances({ query: { status: 'failed', application: ids.flatcar } })).toEqual({
      count: 1,
    });
    await api.admin.editInstance({ params: { id: 'm2' }, body: { labels: { role: 'db' } } });
    const labelled = async (label: string) =>
      (await viewer.listInstances({ query: { label } })).items.map((item) => item.id);
    expect(await labelled('role')).toEqual(['m2']);
    expect(await labelled('role=db')).toEqual(['m2']);
    expect(await labelled('role=web')).toEqual([]);
  });

  it('refuses the cursor of another list', async () => {
    const { next } = await viewer.listInstances({ query: { limit: 1, sort: 'ip' } });
    const other = viewer.listInstances({ query: { limit: 1, sort: 'alias', cursor: next ?? '' } });
    await expect(other).rejects.toMatchObject({ problem: { status: 422, errors: [{ pointer: '?cursor' }] } });
  });

  it('are shown with what they last said and were answered', async () => {
    expect(await viewer.getInstance({ params: { id: 'm1' } })).toMatchObject({
      application: ids.flatcar,
      group: ids.prod,
      status: 'downloading',
      oemVersion: '1.0',
      answer: { reason: 'granted', inputs: { target: '4152.1.0' }, until: null },
      labels: {},
      held: null,
    });
    expect(await viewer.getInstance({ params: { id: 'a/b ü' } })).toMatchObject({ id: 'a/b ü', answer: null });
  });

  it('say why they were not updated', async () => {
    const why = await viewer.getInstanceAnswer({ params: { id: 'm2' } });
    expect(why.answer).toMatchObject({ reason: 'rate-limited', inputs: { limit: 10, used: 10 } });
    expect(why.answer.words).toContain('10');
    expect(Date.parse(why.answer.until ?? '')).toBe(start + 2 * minute);
    await expect(viewer.getInstanceAnswer({ params: { id: 'a/b ü' } })).rejects.toMatchObject({
      problem: { status: 404 },
    });
  });

  it('tell their history, newest first', async () => {
    const items: { kind: string; words: string }[] = [];
    for await (const item of eachItem(
      (given: { query?: object }) => viewer.getInstanceHistory({ params: { id: 'm1' }, ...given }),
      { query: { limit: 1 } },
    ))
      items.push(item);
    expect(items.map(({ kind }) => kind)).toEqual(['event', 'check-in', 'check-in']);
    expect(items[0]?.words).toBe('Update download started.');
    const [failed] = (await viewer.getInstanceHistory({ params: { id: 'm2' } })).items;
    expect(failed).toMatchObject({
      status: 'failed',
      words: 'Update failed (error 9: the payload could not be downloaded (network, or an HTTP error)).',
      event: { errorCode: '9' },
    });
  });

  it('need their application named where several know them', async () => {
    await expect(viewer.getInstance({ params: { id: 'both' } })).rejects.toMatchObject({
      problem: { status: 409, applications: expect.arrayContaining([ids.flatcar, ids.agent]) as string[] },
    });
    const one = await viewer.getInstance({ params: { id: 'both' }, query: { application: ids.agent } });
    expect(one.application).toBe(ids.agent);
    await expect(viewer.getInstance({ params: { id: 'nobody' } })).rejects.toMatchObject({ problem: { status: 404 } });
  });
});

describe('timelines', () => {
  it('end with the breakdown of now', async () => {
    const [timeline, breakdown] = await Promise.all([
      viewer.getVersionTimeline({ params: { id: ids.prod }, query: { range: '1h', bucket: '5m' } }),
      viewer.getGroupBreakdown({ params: { id: ids.prod } }),
    ]);
    expect(timeline.bucketSeconds).toBe(300);
    expect(timeline.items.at(-1)).toMatchObject({ total: 5, versions: { '4081.2.0': 4, '4152.1.0': 1 } });
    expect(breakdown).toMatchObject({ total: 5, versions: timeline.items.at(-1)?.versions });
    expect(timeline.items[0]?.total).toBe(0);
    const statuses = await viewer.getStatusTimeline({ params: { id: ids.prod }, query: { range: '1h' } });
    expect(statuses.items.at(-1)?.statuses).toEqual(breakdown.statuses);
  });

  it('tell who checked in, per bucket', async () => {
    const query = { range: '1h', bucket: '5m' } as const;
    const [presence, whole, statuses] = await Promise.all([
      viewer.getPresenceTimeline({ params: { id: ids.prod }, query }),
      viewer.getApplicationPresenceTimeline({ params: { id: ids.flatcar }, query }),
      viewer.getPresenceTimeline({ params: { id: ids.prod }, query: { ...query, by: 'status' } }),
    ]);
    expect(presence.bucketSeconds).toBe(300);
    const seen = presence.items.filter(({ total }) => total > 0);
    expect(seen.length).toBeGreaterThan(0);
    for (const { total, counts } of seen) {
      expect(Math.max(...Object.values(counts))).toBeLessThanOrEqual(total);
      expect(Object.values(counts).reduce((sum, machines) => sum + machines, 0)).toBeGreaterThanOrEqual(total);
    }
    expect(whole.items.map(({ at }) => at)).toEqual(presence.items.map(({ at }) => at));
    expect(statuses.items.flatMap(({ counts }) => Object.keys(counts))).not.toContain('4081.2.0');
    await expect(
      viewer.getPresenceTimeline({ params: { id: ids.prod }, query: { range: '30d', bucket: '1m' } }),
    ).rejects.toMatchObject({ problem: { status: 422 } });
  });

  it('show the fleet as it was at a moment', async () => {
    const at = new Date(start + 5 * minute).toISOString();
    expect(await viewer.getGroupBreakdown({ params: { id: ids.prod }, query: { at } })).toMatchObject({ total: 5, at });
  });

  it('are of a whole application too, or of a part of it', async () => {
    const params = { id: ids.flatcar };
    const whole = await viewer.getApplicationBreakdown({ params });
    expect(whole.total).toBe(5);
    expect(await viewer.getApplicationBreakdown({ params, query: { arch: 'arm64' } })).toMatchObject({ total: 0 });
    const timeline = await viewer.getApplicationVersionTimeline({
      params,
      query: { range: '1h', channel: ids.stable },
    });
    expect(timeline.items.at(-1)?.versions).toEqual(whole.versions);
    const statuses = await viewer.getApplicationStatusTimeline({ params, query: { range: '1h' } });
    expect(statuses.items.at(-1)?.statuses).toEqual(whole.statuses);
  });

  it('know nothing of what is to come, and begin when time does', async () => {
    const at = '9999-12-31T23:59:59Z';
    const breakdown = await viewer.getGroupBreakdown({ params: { id: ids.prod }, query: { at } });
    expect(Math.abs(Date.parse(breakdown.at) - Date.now())).toBeLessThan(minute);
    const whole = await viewer.getVersionTimeline({ params: { id: ids.prod }, query: { range: '99999w' } });
    expect(whole.from).toBe('1970-01-01T00:00:00.000Z');
    expect(whole.items.at(-1)?.total).toBe(5);
  });

  it('tell what changed between two moments', async () => {
    const from = new Date(start - minute).toISOString();
    const to = new Date(start + 5 * minute).toISOString();
    const difference = await viewer.getGroupDifference({ params: { id: ids.prod }, query: { from, to } });
    expect(difference).toMatchObject({
      from: { total: 0 },
      to: { total: 5 },
      versions: { '4081.2.0': 4, '4152.1.0': 1 },
    });
    expect(await viewer.getApplicationDifference({ params: { id: ids.flatcar }, query: { from, to } })).toEqual(
      difference,
    );
    const backwards = viewer.getGroupDifference({ params: { id: ids.prod }, query: { from: to, to: from } });
    await expect(backwards).rejects.toMatchObject({ problem: { status: 422 } });
  });

  it.each([
    [{ from: '2026-01-01T00:00:00Z', range: '1d' }, '?range'],
    [{ from: '2999-01-01T00:00:00Z' }, '?from'],
    [{ range: '9w', bucket: '1m' }, '?bucket'],
    [{ bucket: '90s' }, '?bucket'],
    [{ range: 'a day' }, '?range'],
    [{ to: 'yesterday' }, '?to'],
    [{ from: '1969-12-31T23:59:59Z' }, '?from'],
    [{ from: '0000-01-01T00:00:00Z', bucket: '9999w' }, '?from'],
  ])('refuse %o', async (query, pointer) => {
    const asked = viewer.getVersionTimeline({ params: { id: ids.prod }, query });
    await expect(asked).rejects.toMatchObject({ problem: { status: 422, errors: [{ pointer }] } });
  });
});

describe('how far updates have come', () => {
  const query = { range: '1h' } as const;
  const group = { params: { id: ids.prod }, query };
  const application = { params: { id: ids.flatcar }, query };

  it('is told by what went wrong, as often as it did', async () => {
    const found = await viewer.getGroupFailures(group);
    expect(found.items).toEqual([
      {
        status: 'failed',
        errorCode: '9',
        words: 'error 9: the payload could not be downloaded (network, or an HTTP error)',
        version: '4081.2.0',
        oem: 'qemu',
        failures: 1,
        machines: 1,
        lastAt: new Date(start + 12 * minute).toISOString(),
      },
    ]);
    expect((await viewer.getApplicationFailures(application)).items).toEqual(found.items);
    const elsewhere = { ...application, query: { ...query, oem: 'ami' } };
    expect((await viewer.getApplicationFailures(elsewhere)).items).toEqual([]);
    const before = { ...group, query: { to: new Date(start + 12 * minute).toISOString() } };
    expect((await viewer.getGroupFailures(before)).items).toEqual([]);
  });

  it('is told by the steps that attempts came to, and how long each took', async () => {
    const funnel = await viewer.getGroupFunnel(group);
    expect(
      funnel.steps.map(({ step, attempts, droppedOff, medianSeconds }) => [step, attempts, droppedOff, medianSeconds]),
    ).toEqual([
      ['granted', 1, 0, 0],
      ['downloading', 1, 0, 60],
      ['downloaded', 0, 1, null],
      ['installed', 0, 0, null],
      ['complete', 0, 0, null],
    ]);
    expect((await viewer.getApplicationFunnel(application)).steps).toEqual(funnel.steps);
    const arm = { ...application, query: { ...query, arch: 'arm64' } } as const;
    expect((await viewer.getApplicationFunnel(arm)).steps[0]?.attempts).toBe(0);
  });

  it('is told by who took a grant and fell silent', async () => {
    const silent = await viewer.getGroupSilentInstances({ params: { id: ids.prod } });
    expect(silent.items).toEqual([]);
    const old = Date.now() - 13 * 3_600_000;
    const granted = { reason: 'granted', inputs: { target: '4152.1.0', deadline: old } } as const;
    await writeHistory(api, [checkIn('quiet', old, { answer: granted, oem: 'ami' })], 2);
    const { items } = await viewer.getGroupSilentInstances({ params: { id: ids.prod } });
    expect(items).toMatchObject([{ id: 'quiet', status: 'granted', cadenceSeconds: null }]);
    expect(items[0]?.silentSeconds).toBeGreaterThanOrEqual(13 * 3600);
    const asked = { params: { id: ids.flatcar }, query: { oem: 'qemu' } };
    expect((await viewer.getApplicationSilentInstances(asked)).items).toEqual([]);
  });

  it('is told by how many were seen within a range, and their statuses now', async () => {
    const of = { ...group, query: { from: new Date(start).toISOString(), to: new Date(start + 90_000).toISOString() } };
    expect(await viewer.getGroupInstancesSeen(of)).toEqual({
      from: of.query.from,
      to: of.query.to,
      instances: 4,
    });
    const counts = await viewer.getGroupStatusCounts(group);
    expect(counts).toMatchObject({ total: 5, statuses: { downloading: 1, failed: 1 } });
    expect((await viewer.getApplicationStatusCounts(application)).statuses).toEqual(counts.statuses);
    expect((await viewer.getApplicationInstancesSeen(application)).instances).toBe(5);
    const none = { ...application, query: { ...query, channel: ids.prod } };
    expect(await viewer.getApplicationInstancesSeen(none)).toMatchObject({ instances: 0 });
  });

  it('refuses a range that ends before it begins', async () => {
    const asked = { params: { id: ids.prod }, query: { from: '2999-01-01T00:00:00Z' } };
    for (const ask of [
      viewer.getGroupFailures,
      viewer.getGroupFunnel,
      viewer.getGroupStatusCounts,
      viewer.getGroupInstancesSeen,
    ])
      await expect(ask(asked)).rejects.toMatchObject({ problem: { status: 422, errors: [{ pointer: '?from' }] } });
  });
});
