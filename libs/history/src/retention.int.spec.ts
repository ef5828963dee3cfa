// Tables keep rows as long as settings say.
import { expect, test } from 'vitest';
import { applyRetention, keptForGood, retentionDefaults } from './history.js';
import { openFresh } from '../test/fresh-history.js';

const dayMs = 86_400_000;
test('is of the migrations until settings say something else, and is not set twice', async () => {
  const history = await openFresh({ keepsForGood: false });
  expect(await applyRetention(history, retentionDefaults)).toEqual(['transition']);
  expect(await applyRetention(history, retentionDefaults)).toEqual([]);
  const other = { ...retentionDefaults, rowsMs: 200 * dayMs, minutesMs: 60 * dayMs, presenceHoursMs: 36 * 3_600_000 };
  expect(await applyRetention(history, other)).toEqual(['fact', 'delta', 'presence_hour']);
  expect(await applyRetention(history, other)).toEqual([]);
  const all = ['fact', 'fact_archive', 'failure', 'missing_package', 'delta', 'presence_hour', 'presence_day'];
  expect(await applyRetention(history, keptForGood)).toEqual(all);
  expect(await applyRetention(history, keptForGood)).toEqual([]);
  expect(await applyRetention(history, retentionDefaults)).toEqual(all);
});

test('takes rows away once they are too old, and keeps those that carry a sum', async () => {
  const history = await openFresh({ keepsForGood: false });
  await applyRetention(history, { ...retentionDefaults, minutesMs: 45 * dayMs });
  await history.run(`insert into delta (app, dim, tier, grp, t, channel, arch, value, d, run)
    select 'a', 'version', tier, '', toStartOfHour(now() - interval days day), '', '', '1', 1, 1
    from (select arrayJoin([60, 3600]) as tier, arrayJoin([44, 46, 500]) as days)`);
  await history.run('optimize table delta final');
  const kept = await history.read<{ tier: number; days: number }>(
    `select tier, dateDiff('day', t, toStartOfHour(now())) as days from delta order by all`,
  );
  expect(kept).toEqual([
    { tier: 60, days: 44 },
    { tier: 3600, days: 44 },
    { tier: 3600, days: 46 },
    { tier: 3600, days: 500 },
  ]);
  const ask = (daysAgo: number, bucket: number) =>
    history.read<{
      machines: number;
    }>(`select at, machines from v_version_timeline(application = 'a', from = toString(now('UTC') - interval ${daysAgo} day),
      to = toString(now('UTC') - interval ${daysAgo - 1} day), bucket = ${bucket})`);
  // What minutes are left cannot tell what the ones that went did.
  await expect(ask(50, 600)).rejects.toThrow('minutes are not kept for so long');
  const lately = await ask(40, 600);
  expect(lately.length).toBeGreaterThanOrEqual(144);
  expect(new Set(lately.map(({ machines }) => machines))).toEqual(new Set([3]));
  expect((await ask(50, 3600)).length).toBeGreaterThan(20);
});
