// Counts of a part of a fleet, and of machines that count for longer than a day after they were seen.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Client } from '@platte/api-contract';
import { rebuild } from '@platte/history';
import { startApi, type RunningApi } from './testing/running-api.js';
import { checkIn, ids, seedCatalog, writeHistory } from './testing/sample-fleet.js';

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
  const machines = ['m1', 'm2', 'm3', 'm4', 'm5'];
  await writeHistory(api, [
    ...machines.map((machine) => checkIn(machine, start)),
    checkIn('other', start, { oem: 'azure', arch: 'arm64' }),
  ]);
  await rebuild(api.history, { acked: 1, now: Date.now(), attempt: 1 });
});

afterAll(async () => {
  await api.stop();
});

describe('timelines', () => {
  it('are of one OEM, channel or architecture, and count machines for longer when asked to', async () => {
    const from = new Date(start - minute).toISOString();
    for (const [oem, machines] of [
      ['qemu', 5],
      ['ami', 0],
    ] as const) {
      const of = {
        params: { id: ids.prod },
        query: { oem, channel: ids.stable, arch: 'amd64', window: '3d' },
      } as const;
      const whole = { params: { id: ids.flatcar }, query: of.query };
      const now = await viewer.getGroupBreakdown(of);
      expect(now.total).toBe(machines);
      expect(await viewer.getApplicationBreakdown(whole)).toMatchObject({ total: machines, versions: now.versions });
      const timelines = [
        await viewer.getVersionTimeline({ ...of, query: { ...of.query, range: '1h' } }),
        await viewer.getStatusTimeline({ ...of, query: { ...of.query, range: '1h' } }),
        await viewer.getApplicationVersionTimeline({ ...whole, query: { ...of.query, range: '1h' } }),
        await viewer.getApplicationStatusTimeline({ ...whole, query: { ...of.query, range: '1h' } }),
      ];
      expect(timelines.map(({ items }) => items.at(-1)?.total)).toEqual([machines, machines, machines, machines]);
      const difference = await viewer.getGroupDifference({ ...of, query: { ...of.query, from } });
      expect(difference.to.total).toBe(machines);
      expect(await viewer.getApplicationDifference({ ...whole, query: { ...of.query, from } })).toMatchObject({
        versions: difference.versions,
      });
      const { window: _, ...part } = of.query;
      const presence = await viewer.getPresenceTimeline({ ...of, query: { ...part, range: '1h', bucket: '1h' } });
      expect(presence.items.reduce((sum, { total }) => sum + total, 0)).toBeGreaterThanOrEqual(machines);
      expect(presence.items.some(({ total }) => total > 0)).toBe(machines > 0);
    }
    await expect(
      viewer.getGroupBreakdown({ params: { id: ids.prod }, query: { window: '23h' } }),
    ).rejects.toMatchObject({ problem: { status: 422, errors: [{ pointer: '?window' }] } });
  });

  it('count a machine that fell silent only as long as the window is', async () => {
    const gone = { app: ids.agent, group: ids.agentGroup, channel: null, arch: 'arm64' } as const;
    await writeHistory(api, [checkIn('gone', Date.now() - 40 * 60 * minute, gone)], 2);
    await rebuild(api.history, { acked: 2, now: Date.now(), attempt: 2 });
    const params = { id: ids.agentGroup };
    const totals = async (window: string) => {
      const timeline = await viewer.getVersionTimeline({ params, query: { window, arch: 'arm64', range: '1h' } });
      const now = await viewer.getGroupBreakdown({ params, query: { window, arch: 'arm64' } });
      return [now.total, timeline.items.at(-1)?.total];
    };
    expect(await totals('1d')).toEqual([0, 0]);
    expect(await totals('2d')).toEqual([1, 1]);
  });
});
