// `./platte bench waiting`: machines that wait for a spent limit, through the whole platform, against the same machines when
// there is nothing for them. Each asks policy, which looks its open lease up and refuses: that must cost hardly more than idling.
import { recording } from '../journeys/machines.js';
import { type Platform, startPlatform } from '../journeys/platform.js';
import { type Bench, type BenchOptions, type BenchRow, median } from './bench.js';
import type { LoadResult } from './load-client.js';
import { loadPlatform, readIdleCheck } from './path.js';

const goal = 0.83;
/** Machines of their own: if they were those of the idle fleet, each turn would tell 100,000 changes of version and status. */
const waitingName = 'f'.repeat(32);

export const waitingBench: Bench = {
  name: 'waiting',
  about: 'machines that wait for a spent limit, against an idle fleet, through the whole platform',
  measure: measureWaiting,
};

async function measureWaiting({ quick, say }: BenchOptions): Promise<BenchRow[]> {
  say('starting the platform');
  const platform = await startPlatform();
  try {
    const idle = await readIdleCheck(platform);
    const waiting = recording('update-engine.check.3-2').replace(/\s*<event [^>]*><\/event>/, '');
    await spendLimit(platform, waiting);
    say('letting all machines check in once');
    const once = { warmUpMs: 0, measureMs: quick ? 7000 : 15_000 };
    await loadPlatform(platform, idle, once);
    await loadPlatform(platform, waiting, once, waitingName);
    const times = { warmUpMs: 1000, measureMs: quick ? 2000 : 5000 };
    const turns: { idle: LoadResult; waiting: LoadResult }[] = [];
    for (let turn = 1; turn <= (quick ? 1 : 3); turn++) {
      say(`turn ${turn}: the idle fleet, then the one that waits`);
      turns.push({
        idle: await loadPlatform(platform, idle, times),
        waiting: await loadPlatform(platform, waiting, times, waitingName),
      });
    }
    return toRows(turns, await readAnswers(platform));
  } finally {
    await platform.stop();
  }
}

/** One grant a day, and it is taken: everybody else is refused until tomorrow. */
async function spendLimit(platform: Platform, check: string): Promise<void> {
  const { client } = platform;
  const { items } = await client.listGroups({ query: { limit: 100 } });
  const group = items.find(({ track, name }) => track === 'stable' && name.includes('AMD64'));
  if (group === undefined) throw new Error('the first catalog has no group for stable on amd64');
  const policy = { rateLimit: { max: 1, periodMs: 86_400_000 } };
  await client.editGroup({ params: { id: group.id }, ifMatch: group.revision, body: { policy } });
  const { status } = await platform.checkIn(check);
  if (status !== 200) throw new Error(`the first check was answered with ${status}`);
}

/** What the waiting machines were told: the share of `rate-limited` among the last answers that the metrics count. */
async function readAnswers(platform: Platform): Promise<{ limited: number; unavailable: number }> {
  const { programs } = await platform.run();
  const metrics = await (await fetch(`${programs['ingress']!.urls['internal']!}/metrics`)).text();
  const count = (reason: string): number =>
    [...metrics.matchAll(new RegExp(`^platte_ingress_\\w+\\{[^}]*"${reason}"[^}]*\\} (\\d+)`, 'gm'))].reduce(
      (sum, [, value]) => sum + Number(value),
      0,
    );
  return { limited: count('rate-limited'), unavailable: count('policy-unavailable') };
}

function toRows(
  turns: { idle: LoadResult; waiting: LoadResult }[],
  { limited, unavailable }: { limited: number; unavailable: number },
): BenchRow[] {
  const ratio = median(turns.map((turn) => turn.waiting.perSecond / turn.idle.perSecond));
  const failures = turns.reduce((sum, turn) => sum + turn.idle.failures + turn.waiting.failures, 0);
  const share = limited / (limited + unavailable);
  return [
    {
      name: 'waiting machines',
      figure: median(turns.map((turn) => turn.waiting.perSecond)),
      unit: '/s',
      baseline: median(turns.map((turn) => turn.idle.perSecond)),
      ratio,
      goal: `>= ${goal}`,
      met: ratio >= goal,
    },
    // A refusal because policy was late would be cheap, and no answer of the limit.
    {
      name: 'refused by the limit, not by a late policy',
      figure: share,
      unit: '',
      goal: '>= 0.99',
      met: share >= 0.99,
    },
    { name: 'answers that were not 200', figure: failures, unit: '', goal: '0', met: failures === 0 },
  ];
}
