// The views that people use answer what the named questions answer.
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { numberOf, openFresh, toBatches } from '../test/fresh-history.js';
import { app, channels, groups, makeFacts } from '../test/random-facts.js';
import { statesAt } from '../test/model.js';
import {
  breakdownAsOf,
  differenceOf,
  type History,
  machineHistory,
  presenceTimeline,
  rebuild,
  statusCounts,
  statusTimeline,
  updateFunnel,
  versionTimeline,
  writeFacts,
} from './history.js';

const from = Date.UTC(2026, 10, 2);
const spanMs = 3 * 86_400_000;
const now = from + spanMs;
const facts = makeFacts({ seed: 11, machines: 10, facts: 300, from, spanMs });
const time = (ms: number) => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');

/** Rows of a view in the shape of the points of a question. */
function toPoints(rows: readonly { ms: number; value: string; machines: number }[], points: readonly { at: number }[]) {
  return points.map(({ at }) => {
    const there = rows.filter(({ ms }) => ms === at);
    return { at, counts: Object.fromEntries(there.map(({ value, machines }) => [value, machines])) };
  });
}

describe('views', () => {
  let history: History;
  beforeAll(async () => {
    history = await openFresh();
    await writeFacts(history, toBatches(facts, 100, 1), numberOf);
    await rebuild(history, { acked: 3, now, attempt: 1 });
  });

  test('v_version_timeline is the version timeline', async () => {
    const bucket = 2 * 3600;
    const points = await versionTimeline(history, { app, from, to: now, now: now + 1, bucketMs: bucket * 1000 });
    const rows = await history.read<{ ms: number; version: string; machines: number }>(
      `select toUnixTimestamp(at) * 1000 as ms, version, sum(machines) as machines
       from v_version_timeline(application = {app:String}, from = {from:String}, to = {to:String}, bucket = ${bucket})
       group by at, version`,
      { app, from: time(from), to: time(now) },
    );
    const counted = points.map(({ at }) => {
      const there = rows.filter(({ ms, machines }) => ms === at && machines !== 0);
      return { at, counts: Object.fromEntries(there.map(({ version, machines }) => [version, machines])) };
    });
    expect(counted).toEqual(points.map(({ at, counts }) => ({ at, counts })));
  });

  test('v_breakdown_at is the breakdown of a moment', async () => {
    const at = from + 100_000_000;
    const rows = await history.read<{ by: string; value: string; machines: number }>(
      `select by, value, sum(machines) as machines
       from v_breakdown_at(application = {app:String}, at = {at:String}) where \`group\` = {group:String} group by by, value`,
      { app, at: time(at), group: groups[0] },
    );
    const { versions, statuses } = await breakdownAsOf(history, { app, group: groups[0], at });
    const counted = (by: string) =>
      Object.fromEntries(
        rows.filter((row) => row.by === by && row.machines !== 0).map(({ value, machines }) => [value, machines]),
      );
    expect(counted('version')).toEqual(versions);
    expect(counted('status')).toEqual(statuses);
  });

  test('v_machine has every machine once', async () => {
    const rows = await history.read<{ machine: string; version: string; status: string }>(
      'select machine, version, status from v_machine where application = {app:String} order by machine',
      { app },
    );
    const model = [...statesAt(facts, app, Infinity).values()]
      .filter(({ deleted }) => !deleted)
      .map(({ machine, version, status }) => ({ machine, version, status: status === '' ? 'unknown' : status }));
    expect(rows).toEqual(model.toSorted((a, b) => (a.machine < b.machine ? -1 : 1)));
  });

  test('v_machine_history is the history of a machine', async () => {
    const machine = facts.find((fact) => fact.app === app)?.machine ?? '';
    const rows = await history.read<{ ms: number; kind: string }>(
      `select toUnixTimestamp64Milli(at) as ms, kind
       from v_machine_history(application = {app:String}, machine = {machine:String})`,
      { app, machine },
    );
    const { items } = await machineHistory(history, { app, machine, limit: 500, all: true });
    expect(rows).toEqual(items.map(({ at, kind }) => ({ ms: at, kind })));
  });

  test('v_funnel counts the attempts of the funnel, and v_attempt has each of them', async () => {
    const rows = await history.read<{ step: string; attempts: number; p50: number | null; lost: number }>(
      `select step, attempts, p50_seconds as p50, p95_seconds as p95, dropped_off as lost
       from v_funnel(application = {app:String}, from = {from:String}, to = {to:String})`,
      { app, from: time(from), to: time(now) },
    );
    const inSeconds = (ms: number | null) => (ms === null ? null : ms / 1000);
    const { steps, failed } = await updateFunnel(history, { app, from, to: now });
    expect(rows).toEqual(
      steps.map(({ step, attempts, p50Ms, p95Ms, droppedOff }) => ({
        step,
        attempts,
        p50: inSeconds(p50Ms),
        p95: inSeconds(p95Ms),
        lost: droppedOff,
      })),
    );
    const attempts = await history.read<{ attempts: number; failed: number; named: number }>(
      `select count() as attempts, countIf(status = 'failed') as failed, countIf(machine != '') as named
       from v_attempt(application = {app:String}, from = {from:String}, to = {to:String})`,
      { app, from: time(from), to: time(now) },
    );
    expect(attempts).toEqual([{ attempts: steps[0]?.attempts, failed, named: steps[0]?.attempts }]);
  });

  test.each([
    ['version', 86_400_000, undefined],
    ['status', 86_400_000, 'ami'],
    ['version', 40 * 3_600_000, 'qemu'],
    ['status', 3 * 86_400_000, undefined],
  ] as const)('v_timeline by %s with a window of %i ms of OEM %s is that timeline', async (by, windowMs, oem) => {
    const bucketMs = 5 * 3_600_000;
    const ask = by === 'version' ? versionTimeline : statusTimeline;
    const points = await ask(history, { app, oem, from, to: now, now: now + 1, bucketMs, windowMs });
    const rows = await history.read<{ ms: number; value: string; machines: number }>(
      `select toUnixTimestamp(at) * 1000 as ms, value, sum(machines) as machines
       from v_timeline(application = {app:String}, by = '${by}', from = {from:String}, to = {to:String},
                       bucket = ${bucketMs / 1000}, window = ${windowMs / 1000})
       where ${oem === undefined ? 'true' : `oem = '${oem}'`}
       group by at, value
       having machines != 0`,
      { app, from: time(from), to: time(now) },
    );
    expect(toPoints(rows, points)).toEqual(points.map(({ at, counts }) => ({ at, counts })));
  });

  test.each([7 * 60, 3600, 6 * 3600])(
    'v_presence with a bucket of %i s is the presence, folded or not',
    async (bucket) => {
      const unfolded = await openFresh();
      await writeFacts(unfolded, toBatches(facts, 100, 1), numberOf);
      await rebuild(unfolded, { acked: 2, now, attempt: 1 });
      for (const by of ['version', 'status'] as const) {
        const rows = await unfolded.read<{ ms: number; value: string; machines: number }>(
          `select toUnixTimestamp(at) * 1000 as ms, value, sum(machines) as machines
         from v_presence(application = {app:String}, from = {from:String}, to = {to:String}, bucket = ${bucket})
         where by = '${by}' and \`group\` = {group:String} and channel = {channel:String} and arch = 'arm64'
         group by at, value`,
          { app, from: time(from), to: time(now), group: groups[0], channel: channels[0] },
        );
        const scope = { app, group: groups[0], channel: channels[0], arch: 'arm64' };
        const asked = await presenceTimeline(unfolded, { ...scope, from, to: now, bucketMs: bucket * 1000, by });
        expect(toPoints(rows, asked)).toEqual(asked.map(({ at, counts }) => ({ at, counts })));
      }
    },
  );

  test('v_progress and v_difference are the questions of these names', async () => {
    const scope = { app, group: groups[0], arch: 'amd64', oem: 'ami' };
    const range = { from: from + 5_000_000, to: now - 5_000_000 };
    const progress = await history.read<{ status: string; machines: number }>(
      `select status, sum(machines) as machines
       from v_progress(application = {app:String}, from = {from:String}, to = {to:String})
       where \`group\` = {group:String} and arch = 'amd64' and oem = 'ami' group by status`,
      { app, from: time(range.from), to: time(range.to), group: groups[0] },
    );
    expect(Object.fromEntries(progress.map(({ status, machines }) => [status, machines]))).toEqual(
      (await statusCounts(history, { ...scope, ...range })).statuses,
    );
    const changes = await history.read<{ by: string; value: string; change: number }>(
      `select by, value, sum(change) as change
       from v_difference(application = {app:String}, from = {from:String}, to = {to:String})
       group by by, value having change != 0`,
      { app, from: time(range.from), to: time(range.to) },
    );
    const { versions, statuses } = await differenceOf(history, { app, ...range });
    const changed = (wanted: string) =>
      Object.fromEntries(changes.filter(({ by }) => by === wanted).map(({ value, change }) => [value, change]));
    expect([changed('version'), changed('status')]).toEqual([versions, statuses]);
  });

  test.each(['v_breakdown', 'v_transition', 'v_failure', 'v_silent', 'v_activity', 'v_fact'])(
    '%s can be asked',
    async (view) => {
      await expect(
        history.read(`select * from ${view} where application = {app:String} limit 5`, { app }),
      ).resolves.toBeInstanceOf(Array);
    },
  );

  test('every view says what it is for', async () => {
    const silent = await history.read(
      `select name from system.tables where database = currentDatabase() and engine = 'View' and comment = ''`,
    );
    expect(silent).toEqual([]);
  });

  test('every example of the reference can be asked', async () => {
    const reference = await readFile(new URL('../../../docs/reference/sql.md', import.meta.url), 'utf8');
    const examples = [...reference.matchAll(/```sql\n([^`]+)```/g)].map(([, example]) => example ?? '');
    expect(examples.length).toBeGreaterThan(8);
    for (const example of examples) await expect(history.read(example)).resolves.toBeInstanceOf(Array);
  });

  test('the reference names every view', async () => {
    const reference = await readFile(new URL('../../../docs/reference/sql.md', import.meta.url), 'utf8');
    const views = await history.read<{ name: string }>(
      `select name from system.tables where database = currentDatabase() and startsWith(name, 'v_')`,
    );
    expect(views.filter(({ name }) => !reference.includes(`\`${name}\``))).toEqual([]);
  });
});
