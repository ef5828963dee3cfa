// `./platte bench waiting`: machines that wait for a spent limit, through the whole platform, against the same machines when
// there is nothing for them. Each asks policy, which looks its open lease up and refuses: that must cost hardly more than idling.
import { recording } from '../journeys/machines.js';
import { type Platform, startPlatform } from '../journeys/platform.js';
import { type Bench, type BenchOptions, type BenchRow, median } from './bench.js';
import type { LoadResult } from './load-client.js';
import { loadPlatform, readIdleCheck } from './path.js';
import { settlePlatform } from './settle.js';

const goal = 0.83;
/** Machines of their own: if they were those of the idle fleet, each turn would tell 100,000 changes of version and status. */
const waitingName = 'f'.repeat(32);

export const waitingBench: Bench = {
  name: 'waiting',
  about: 'machines that wait for a spent limit, against an idle fleet, through the whole platform',
  measure: measureWaiting,
};

/** The limits that a fleet may wait for. One grant was made, and it is used up: everybody else is refused. */
const limits = {
  'rate-limited': { rateLimit: { max: 1, periodMs: 86_400_000 }, concurrencyLimit: null },
  'concurrency-limited': { rateLimit: null, concurrencyLimit: 1 },
} as const;
type Reason = keyof typeof limits;

interface Turn {
  idle: LoadResult;
  waiting: LoadResult;
}

async function measureWaiting({ quick, say }: BenchOptions): Promise<BenchRow[]> {
  say('starting the platform');
  const platform = await startPlatform();
  try {
    const idle = await readIdleCheck(platform);
    const waiting = recording('update-engine.check.3-2').replace(/\s*<event [^>]*><\/event>/, '');
    await spendLimit(platform, 'rate-limited');
    const { status } = await platform.checkIn(waiting);
    if (status !== 200) throw new Error(`the first check was answered with ${status}`);
    say('letting all machines check in once');
    const once = { warmUpMs: 0, measureMs: quick ? 7000 : 15_000 };
    await loadPlatform(platform, idle, once);
    await loadPlatform(platform, waiting, once, waitingName);
    const times = { warmUpMs: 1000, measureMs: quick ? 2000 : 5000 };
    const rows: BenchRow[] = [];
    for (const reason of ['rate-limited', 'concurrency-limited'] as const) {
      await spendLimit(platform, reason);
      const before = await readAnswers(platform, reason);
      const turns: Turn[] = [];
      for (let turn = 1; turn <= (quick ? 1 : 3); turn++) {
        say(`${reason}, turn ${turn}: the idle fleet, then the one that waits`);
        await settlePlatform(platform);
        const atRest = await loadPlatform(platform, idle, times);
        await settlePlatform(platform);
        turns.push({ idle: atRest, waiting: await loadPlatform(platform, waiting, times, waitingName) });
      }
      const after = await readAnswers(platform, reason);
      rows.push(...toRows(reason, turns, after.refused - before.refused, after.others - before.others));
    }
    return rows;
  } finally {
    await platform.stop();
  }
}

async function spendLimit({ client }: Platform, reason: Reason): Promise<void> {
  const { items } = await client.listGroups({ query: { limit: 100 } });
  const group = items.find(({ track, name }) => track === 'stable' && name.includes('AMD64'));
  if (group === undefined) throw new Error('the first catalog has no group for stable on amd64');
  await client.editGroup({ params: { id: group.id }, ifMatch: group.revision, body: { policy: limits[reason] } });
}

/** What machines were told that are not up to date, by the metrics. */
async function readAnswers(platform: Platform, reason: Reason): Promise<{ refused: number; others: number }> {
  const { programs } = await platform.run();
  const metrics = await (await fetch(`${programs['ingress']!.urls['internal']!}/metrics`)).text();
  const answers = [...metrics.matchAll(/^platte_ingress_answers_total\{[^}]*reason="([\w-]+)"[^}]*\} (\d+)/gm)];
  const count = (isCounted: (told: string | undefined) => boolean): number =>
    answers.reduce((sum, [, told, value]) => sum + (isCounted(told) ? Number(value) : 0), 0);
  return {
    refused: count((told) => told === reason),
    others: count((told) => told !== reason && told !== 'up-to-date'),
  };
}

function toRows(reason: Reason, turns: Turn[], refused: number, others: number): BenchRow[] {
  const ratio = median(turns.map((turn) => turn.waiting.perSecond / turn.idle.perSecond));
  const failures = turns.reduce((sum, turn) => sum + turn.idle.failures + turn.waiting.failures, 0);
  const share = refused / (refused + others);
  return [
    {
      name: `machines that are ${reason}`,
      figure: median(turns.map((turn) => turn.waiting.perSecond)),
      unit: '/s',
      baseline: median(turns.map((turn) => turn.idle.perSecond)),
      ratio,
      goal: `>= ${goal}`,
      met: ratio >= goal,
    },
    // A refusal because policy was late would be cheap, and no answer of the limit.
    { name: `of their answers, ${reason}`, figure: share, unit: '', goal: '>= 0.99', met: share >= 0.99 },
    { name: 'answers that were not 200', figure: failures, unit: '', goal: '0', met: failures === 0 },
  ];
}
