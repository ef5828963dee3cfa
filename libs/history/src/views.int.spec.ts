// The views that people use answer what the named questions answer.
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { numberOf, openFresh, toBatches } from '../test/fresh-history.js';
import { app, groups, makeFacts } from '../test/random-facts.js';
import { statesAt } from '../test/model.js';
import {
  breakdownAsOf,
  type History,
  machineHistory,
  rebuild,
  updateFunnel,
  versionTimeline,
  writeFacts,
} from './history.js';

const from = Date.UTC(2026, 10, 2);
const spanMs = 3 * 86_400_000;
const now = from + spanMs;
const facts = makeFacts({ seed: 11, machines: 10, facts: 300, from, spanMs });
const time = (ms: number) => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');

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

  test('v_funnel counts the attempts of the funnel', async () => {
    const rows = await history.read<{ step: string; attempts: number }>(
      'select step, attempts from v_funnel(application = {app:String}, from = {from:String}, to = {to:String})',
      { app, from: time(from), to: time(now) },
    );
    const { steps } = await updateFunnel(history, { app, from, to: now });
    expect(rows).toEqual(steps.map(({ step, attempts }) => ({ step, attempts })));
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
