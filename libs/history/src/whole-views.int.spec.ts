// Views that tell a fleet machine by machine, or by OEM, agree with the named questions and with the model.
import type { Fact } from '@platte/facts';
import { describeErrorCode } from '@platte/omaha/words';
import { beforeAll, describe, expect, test } from 'vitest';
import { numberOf, openFresh, toBatches } from '../test/fresh-history.js';
import { modelBreakdown, modelSeen, statesAt } from '../test/model.js';
import { app, channels, groups, makeFacts, makeRandom } from '../test/random-facts.js';
import {
  failures,
  type History,
  presenceTimeline,
  rebuild,
  type Scope,
  silentMachines,
  writeFacts,
} from './history.js';

const from = Date.UTC(2026, 10, 2);
const spanMs = 3 * 86_400_000;
const now = from + spanMs;
const facts = makeFacts({ seed: 31, machines: 10, facts: 300, from, spanMs });
const time = (ms: number) => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
const scopes: Scope[] = [
  { app },
  { app, oem: 'ami' },
  { app, group: groups[0], oem: 'qemu' },
  { app, channel: channels[1], arch: 'arm64' },
];
const matching = ({ group, channel, arch, oem }: Scope) =>
  Object.entries({ group, channel, arch, oem })
    .flatMap(([column, value]) => (value === undefined ? [] : [`\`${column}\` = '${value}'`]))
    .join(' and ') || 'true';

describe('views of a whole fleet', () => {
  let history: History;
  beforeAll(async () => {
    history = await openFresh();
    await writeFacts(history, toBatches(facts, 100, 1), numberOf);
    await rebuild(history, { acked: 3, now, attempt: 1 });
  });

  test('v_machine_at has each machine that was active, as it was, with any window', async () => {
    const random = makeRandom(4);
    for (const scope of scopes) {
      for (const windowMs of [86_400_000, 36 * 3_600_000, 3 * 86_400_000]) {
        const at = from + random(spanMs);
        const rows = await history.read<{ machine: string; version: string; status: string }>(
          `select machine, version, status
           from v_machine_at(application = {app:String}, at = {at:String}, window = ${windowMs / 1000})
           where ${matching(scope)}`,
          { app, at: time(at) },
        );
        const { total, versions, statuses } = modelBreakdown(facts, scope, at, at, windowMs);
        const count = (of: 'version' | 'status') =>
          Object.fromEntries(
            [...Map.groupBy(rows, (row) => row[of])].map(([value, counted]) => [value, counted.length]),
          );
        expect([rows.length, count('version'), count('status')]).toEqual([total, versions, statuses]);
        expect(new Set(rows.map(({ machine }) => machine)).size).toBe(total);
      }
    }
  });

  test('v_seen and v_seen_machine count who was seen', async () => {
    const [early, late] = [from + 12_345_678, now - 23_456_789];
    const range = `application = {app:String}, from = {from:String}, to = {to:String}`;
    const params = { app, from: time(early), to: time(late) };
    const everyone = await history.read<{ machine: string }>(`select machine from v_seen_machine(${range})`, params);
    expect(everyone).toHaveLength(modelSeen(facts, { app }, early, late));
    const rows = await history.read<{ group: string; channel: string; arch: string; oem: string; machines: number }>(
      `select \`group\`, channel, arch, oem, machines from v_seen(${range})`,
      params,
    );
    expect(rows.length).toBeGreaterThan(10);
    for (const { machines, ...scope } of rows) expect(machines).toBe(modelSeen(facts, { app, ...scope }, early, late));
  });

  test('v_presence_by_oem is the presence of an OEM', async () => {
    for (const by of ['version', 'status'] as const) {
      const bucketMs = 5 * 3_600_000;
      const points = await presenceTimeline(history, { app, oem: 'ami', from, to: now, bucketMs, by });
      const rows = await history.read<{ ms: number; value: string; machines: number }>(
        `select toUnixTimestamp(at) * 1000 as ms, value, machines
         from (select at, value, oem, \`group\`, channel, arch, by, machines from v_presence_by_oem(application = {app:String},
                 from = {from:String}, to = {to:String}, bucket = ${bucketMs / 1000}))
         where by = '${by}' and oem = 'ami' and \`group\` = {group:String} and channel = {channel:String} and arch = 'amd64'`,
        { app, from: time(from), to: time(now), group: groups[0], channel: channels[0] },
      );
      const part = { oem: 'ami', group: groups[0], channel: channels[0], arch: 'amd64' };
      const asked = await presenceTimeline(history, { app, ...part, from, to: now, bucketMs, by });
      expect(points.some(({ total }) => total > 0)).toBe(true);
      const toCounts = (at: number) =>
        Object.fromEntries(rows.filter(({ ms }) => ms === at).map(({ value, machines }) => [value, machines]));
      expect(asked.map(({ at }) => toCounts(at))).toEqual(asked.map(({ counts }) => counts));
    }
  });

  test('v_failure has the words of the question', async () => {
    const rows = await history.read<{ words: string }>(
      `select distinct words from v_failure where application = {app:String} order by words`,
      { app },
    );
    const asked = await failures(history, { app, from, to: now });
    expect(rows.map(({ words }) => words)).toEqual([...new Set(asked.map(({ words }) => words))].toSorted());
  });

  test('every view that counts or lists machines can be filtered by group, channel, arch and OEM', async () => {
    // Sums of whole groups do not know OEMs: v_machine_at and v_timeline do.
    const withoutOem = ['v_breakdown_at', 'v_difference', 'v_presence', 'v_status_timeline', 'v_version_timeline'];
    const others = ['v_activity', 'v_fact', 'v_funnel', 'v_machine_history'];
    const range = `from = '2026-11-02', to = '2026-11-03'`;
    const parameters: Record<string, string> = {
      v_attempt: range,
      v_breakdown_at: `at = '2026-11-03'`,
      v_difference: range,
      v_machine_at: `at = '2026-11-03', window = 86400`,
      v_presence: `${range}, bucket = 3600`,
      v_presence_by_oem: `${range}, bucket = 3600`,
      v_progress: range,
      v_seen: range,
      v_seen_machine: range,
      v_status_timeline: `${range}, bucket = 3600`,
      v_timeline: `${range}, by = 'version', bucket = 3600, window = 86400`,
      v_version_timeline: `${range}, bucket = 3600`,
    };
    const views = await history.read<{ view: string }>(
      `select name as view from system.tables where database = currentDatabase() and startsWith(name, 'v_') order by view`,
    );
    expect(views.map(({ view }) => view)).toEqual(expect.arrayContaining(Object.keys(parameters)));
    for (const { view } of views.filter((one) => !others.includes(one.view))) {
      const given = parameters[view];
      const source = given === undefined ? view : `${view}(application = '${app}', ${given})`;
      const columns = await history.read<{ name: string }>(`describe (select * from ${source})`);
      const wanted = ['group', 'channel', 'arch', ...(withoutOem.includes(view) ? [] : ['oem'])];
      const known = new Set(columns.map(({ name }) => name));
      expect({ [view]: wanted.filter((column) => !known.has(column)) }).toEqual({ [view]: [] });
    }
  });
});

test('v_machine tells the last failure of a machine, and what people wrote on it', async () => {
  const history = await openFresh();
  const written =
    (kind: 'MachineLabelled' | 'MachineRenamed' | 'MachineHeld' | 'MachineReleased') =>
    (revision: number, machine: string, after: Record<string, never> | object | null): Fact => ({
      kind,
      v: 1,
      app,
      machine,
      at: now + revision,
      n: revision,
      actor: 'ada',
      revision,
      subject: machine,
      group: null,
      before: null,
      after: after as Record<string, never> | null,
    });
  const machines = [...statesAt(facts, app, Infinity).values()].filter(({ deleted }) => !deleted);
  const [one = '', other = ''] = machines.map(({ machine }) => machine);
  const marks = [
    written('MachineLabelled')(5, one, { name: 'Rack 7', labels: { role: 'db', rack: '7' } }),
    written('MachineLabelled')(3, one, { name: '', labels: { role: 'web' } }),
    written('MachineHeld')(4, one, { machine: one, note: 'disk' }),
    written('MachineHeld')(6, other, { machine: other, note: 'gone' }),
    written('MachineReleased')(7, other, null),
  ];
  await writeFacts(history, [...toBatches(facts, 100, 1), ...toBatches(marks, 2, 10)], numberOf);
  const rows = await history.read<Record<string, unknown>>(
    `select machine, error_code, name, labels, is_held, held_because from v_machine where application = {app:String} order by machine`,
    { app },
  );
  const nothing = { name: '', labels: {}, is_held: 0, held_because: '' };
  const marked: Record<string, object> = {
    [one]: { name: 'Rack 7', labels: { role: 'db', rack: '7' }, is_held: 1, held_because: 'disk' },
  };
  const expected = machines.map(({ machine, errorCode }) => ({
    machine,
    error_code: errorCode ?? '',
    ...(marked[machine] ?? nothing),
  }));
  expect(rows).toEqual(expected.toSorted((a, b) => (a.machine < b.machine ? -1 : 1)));
});

test('v_failure has the words of every code that there is', async () => {
  const history = await openFresh();
  const [sample] = makeFacts({ seed: 1, machines: 1, facts: 40, from, spanMs }).filter(
    (fact) => fact.kind === 'EventReported',
  );
  const known = Array.from({ length: 102 }, (_, code) => code);
  const codes = [...known, 1999, 2000, 2404, 2998, 2999, 3000, 268435465, -1610612727, -2147483648, 4294967295]
    .map(String)
    .concat(['', '4294967296', '-2147483649', '99999999999999999999', 'odd', '0x9']);
  const told = codes.map((errorCode, n) => ({ ...sample!, type: 3, result: 0, errorCode, n, at: from + n }));
  await writeFacts(history, [{ sequence: 1, facts: told }], numberOf);
  const rows = await history.read<{ code: string; words: string }>(
    'select error_code as code, words from v_failure order by at',
  );
  expect(rows.length).toBeGreaterThan(110);
  expect(rows.map(({ words }) => words)).toEqual(rows.map(({ code }) => describeErrorCode(code)));
});

test('v_silent has the silent machines of now', async () => {
  const history = await openFresh();
  const dayMs = 86_400_000;
  const [sample] = facts.filter((fact) => fact.kind === 'MachineCheckedIn');
  const granted = (machine: string, daysAgo: number): Fact => ({
    ...sample!,
    app,
    machine,
    at: Date.now() - daysAgo * dayMs,
    answer: { reason: 'granted', inputs: {} },
  });
  const lately = [
    ...[5, 4.9, 4.8].map((days) => granted('often', days)),
    ...[9, 6, 3].map((days) => granted('rarely', days)),
    granted('once', 1),
    granted('once-today', 0.1),
    granted('long-ago', 20),
  ];
  await writeFacts(history, toBatches(lately, 60, 1), numberOf);
  await rebuild(history, { acked: 2, now: Date.now(), attempt: 1 });
  const rows = await history.read<{ machine: string; oem: string }>(
    'select machine, oem from v_silent where application = {app:String} order by last_seen',
    { app },
  );
  const asked = await silentMachines(history, { app, now: Date.now() });
  expect(rows.map(({ machine }) => machine)).toEqual(['long-ago', 'often', 'once']);
  expect(rows.map(({ machine }) => machine).toSorted()).toEqual(asked.map(({ state }) => state.machine).toSorted());
});
