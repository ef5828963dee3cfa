// The rollup forgets its minutes after six weeks and keeps its hours: what lies between them must still be answered then.
import { beforeAll, expect, test } from 'vitest';
import { deliver, from, now, spanMs } from '../test/ask-everything.js';
import { openFresh, toBatches } from '../test/fresh-history.js';
import { app, makeFacts } from '../test/random-facts.js';
import { type History, statusTimeline, versionTimeline } from './history.js';

const hourMs = 3_600_000;
const muchLater = now + 60 * 86_400_000;
const end = from + spanMs - 24 * 60_000;
const asked = {
  'hours, to a minute within one': { bucketMs: hourMs, to: end },
  'hours, to a full one': { bucketMs: hourMs, to: Math.floor(end / hourMs) * hourMs },
  minutes: { bucketMs: 13 * 60_000, to: end },
};

const before = new Map<string, unknown>();
let history: History;
beforeAll(async () => {
  history = await openFresh();
  const facts = makeFacts({ seed: 17, machines: 8, facts: 400, from, spanMs });
  await deliver(history, toBatches(facts, 100, 1), 1);
  for (const [name, range] of Object.entries(asked)) before.set(name, await ask(range, now));
  await history.run('alter table delta delete where tier = 60 settings mutations_sync = 2');
});

async function ask({ bucketMs, to }: { bucketMs: number; to: number }, when: number) {
  const range = { app, from: from - 2 * hourMs, to, now: when, bucketMs };
  const versions = await versionTimeline(history, range);
  expect(versions.at(-1)?.total).toBeGreaterThan(0);
  return { versions, statuses: await statusTimeline(history, range) };
}

test.each(Object.entries(asked))('answers the same in %s when the minutes are gone', async (name, range) => {
  expect(await ask(range, muchLater)).toEqual(before.get(name));
});
