// `./platte bench path`: idle check-ins through the whole platform, all programs and servers beside each other as real
// processes, against node:http that reads the body and sends a constant answer. In turns, medians of the turns. And what
// such a check-in costs PostgreSQL, where it must cost nothing, and each process in processor time: the budget of a check-in.
import { recording, withAttribute } from '../journeys/machines.js';
import { type Platform, startPlatform } from '../journeys/platform.js';
import { type Bench, type BenchOptions, type BenchRow, median } from './bench.js';
import type { LoadResult } from './load-client.js';
import { countCommits } from './postgres-commits.js';
import { readProcessorTimes } from './processor-time.js';
import { runLoad, startRawServer } from './run-load.js';
import { settlePlatform } from './settle.js';

const connections = 64;
const machines = 100_000;
const machine = '3d1219c7c4c5404aaa1f6d2a48adfda4';
const fleet = { machines, connections, keepAlive: true };
const goal = 0.3;
/** Nebraska's idle check-ins at 64 connections against the same baseline, on two cores. */
const nebraskaRatio = 0.01;

interface Turn {
  raw: LoadResult;
  platform: LoadResult;
  commitsPerCheckIn: number;
  usPerCheckIn: { name: string; us: number }[];
}

export const pathBench: Bench = {
  name: 'path',
  about: `idle check-ins of ${machines.toLocaleString('en-US')} machines over ${connections} kept connections, through the whole platform`,
  measure: measurePath,
};

async function measurePath({ quick, say }: BenchOptions): Promise<BenchRow[]> {
  say('starting the platform');
  const platform = await startPlatform();
  const raw = await startRawServer();
  try {
    const idle = await readIdleCheck(platform);
    // Every machine is new once: numbering and first rows are not what an idle fleet costs.
    say(`letting all machines check in once`);
    await loadPlatform(platform, idle, { warmUpMs: 0, measureMs: quick ? 5000 : 15_000 });
    const times = { warmUpMs: 1000, measureMs: quick ? 2000 : 5000 };
    const turns: Turn[] = [];
    for (let turn = 1; turn <= (quick ? 1 : 3); turn++) {
      say(`turn ${turn}: the baseline, then the platform`);
      await settlePlatform(platform);
      const baseline = await loadPort(raw.port, '/', idle, times);
      const before = { commits: await countCommits(platform), us: await readBudget(platform) };
      const measured = await loadPlatform(platform, idle, times);
      const after = { commits: await countCommits(platform), us: await readBudget(platform) };
      // Of the warm-up, too: at the same pace, as far as anybody can tell.
      const checkIns = measured.perSecond * (measured.seconds + times.warmUpMs / 1000);
      turns.push({
        raw: baseline,
        platform: measured,
        commitsPerCheckIn: (after.commits - before.commits) / checkIns,
        usPerCheckIn: after.us.map(({ name, us }, index) => ({ name, us: (us - before.us[index]!.us) / checkIns })),
      });
    }
    return toRows(turns);
  } finally {
    await raw.stop();
    await platform.stop();
  }
}

/** Processor time so far of each program and server of the platform, in us. */
async function readBudget(platform: Platform): Promise<{ name: string; us: number }[]> {
  const { programs, servers } = await platform.run();
  const processes = Object.entries({ ...programs, ...servers }).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const times = readProcessorTimes(processes.map(([, { pid }]) => pid));
  return processes.map(([name, { pid }]) => ({ name, us: times.get(pid) ?? Number.NaN }));
}

function toRows(turns: Turn[]): BenchRow[] {
  const perSecond = median(turns.map((turn) => turn.platform.perSecond));
  const baseline = median(turns.map((turn) => turn.raw.perSecond));
  const ratio = median(turns.map((turn) => turn.platform.perSecond / turn.raw.perSecond));
  const p99 = median(turns.map((turn) => turn.platform.p99Ms));
  const rawP99 = median(turns.map((turn) => turn.raw.p99Ms));
  const commits = median(turns.map((turn) => turn.commitsPerCheckIn));
  const failures = turns.reduce((sum, turn) => sum + turn.platform.failures, 0);
  return [
    { name: 'idle check-ins', figure: perSecond, unit: '/s', baseline, ratio, goal: `>= ${goal}`, met: ratio >= goal },
    { name: 'against Nebraska, by the same ratio', figure: ratio / nebraskaRatio, unit: 'times' },
    {
      name: 'p50',
      figure: median(turns.map((turn) => turn.platform.p50Ms)),
      unit: 'ms',
      baseline: median(turns.map((turn) => turn.raw.p50Ms)),
    },
    { name: 'p99', figure: p99, unit: 'ms', baseline: rawP99, ratio: p99 / rawP99 },
    // The programs' own loops go on beside the load: a handful of transactions a second, whatever the fleet does.
    { name: 'PostgreSQL commits per check-in', figure: commits, unit: '', goal: '< 0.01', met: commits < 0.01 },
    { name: 'answers that were not 200', figure: failures, unit: '', goal: '0', met: failures === 0 },
    ...toBudget(turns),
  ];
}

function toBudget(turns: Turn[]): BenchRow[] {
  const names = turns[0]?.usPerCheckIn.map(({ name }) => name) ?? [];
  const middles = names.map((name, index) => ({
    name,
    us: median(turns.map((turn) => turn.usPerCheckIn[index]!.us)),
  }));
  const whole = middles.reduce((sum, { us }) => sum + us, 0);
  return [
    { name: 'processor time of a check-in', figure: whole, unit: 'us' },
    ...middles.map(({ name, us }) => ({ name: `  of it in ${name}`, figure: us, unit: 'us', ratio: us / whole })),
  ];
}

/** A real check without its event, of a machine that runs what its channel has: nothing to update. */
export async function readIdleCheck(platform: Platform): Promise<string> {
  const { items } = await platform.get<{ items: { name: string; arch: string; package: string | null }[] }>(
    '/api/v1/channels',
  );
  const stable = items.find(({ name, arch }) => name === 'stable' && arch === 'amd64');
  const { version } = await platform.get<{ version: string }>(`/api/v1/packages/${stable?.package ?? ''}`);
  const withoutEvent = recording('update-engine.check.3-2').replace(/\s*<event [^>]*><\/event>/, '');
  return withAttribute(withoutEvent, 'version', version);
}

/** @param name that the fleet's machines begin with: two fleets that are not to be the same machines have two */
export async function loadPlatform(
  platform: Platform,
  body: string,
  times: { warmUpMs: number; measureMs: number },
  name = machine,
): Promise<LoadResult> {
  const { port, pathname } = new URL((await platform.run()).urls.omaha);
  const own = body.replace(machine, name);
  return runLoad({ port: Number(port), path: pathname, body: own, machine: name, ...fleet, ...times });
}

function loadPort(
  port: number,
  path: string,
  body: string,
  times: { warmUpMs: number; measureMs: number },
): Promise<LoadResult> {
  return runLoad({ port, path, body, machine, ...fleet, ...times });
}
