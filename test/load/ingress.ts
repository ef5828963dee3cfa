// `./platte bench ingress`: what a check-in costs ingress, durable path and all. Servers take turns at the same load, and everybody
// rests between; first with policy and analytics consuming beside, then without.
import type { Bench, BenchOptions, BenchRow } from './bench.js';
import { downloadStarted, machine, machines } from './idle-fleet.js';
import { failureRow, toRows, type Turn, type Turns } from './ingress-rows.js';
import { type LoadSection, type LoadShape, loadSections } from './ingress-sections.js';
import { type ServerName, type Servers, startServers } from './ingress-servers.js';
import { memoryBench } from './memory.js';
import { parseBench } from './parse.js';
import { type Advance, makeProgress } from './progress.js';
import { runLoad } from './run-load.js';
import { pickSections } from './sections.js';
import { waitingBench } from './waiting.js';

const warmUpMs = 500;

/** A fleet that waits needs a policy to ask, and memory a probe: they have servers of their own. */
const otherBenches: readonly (Bench & { onlyNamed?: boolean })[] = [
  parseBench,
  waitingBench,
  { ...memoryBench, onlyNamed: true },
];

export const ingressBench: Bench = {
  name: 'ingress',
  about: `check-ins of ${machines.toLocaleString('en-US')} machines through ingress, each answered when NATS has its facts`,
  sections: [...loadSections, ...otherBenches],
  async measure(options) {
    const rows = await measureLoads(pickSections(loadSections, options.only), options);
    for (const bench of pickSections(otherBenches, options.only)) {
      options.say(`${bench.name}: ${bench.about}`);
      rows.push(...(await bench.measure(options)));
    }
    return rows;
  },
};

async function measureLoads(sections: readonly LoadSection[], options: BenchOptions): Promise<BenchRow[]> {
  if (sections.length === 0) return [];
  const loads = sections.reduce((sum, section) => sum + contestantsOf(section).length * turnsOf(section, options), 0);
  const servers = await startServers(options.say);
  try {
    options.say('letting all machines check in once');
    // Each is new once: numbering and first rows are not what an idle fleet costs.
    const once = { connections: 64, keepAlive: true, fleet: 'idle' } as const;
    await measure(servers, 'ingress', once, options.quick ? 8_000 : 12_000);
    const advance = makeProgress('sections under load', loads, options.say);
    const beside = sections.filter(({ consumersBeside }) => consumersBeside);
    const alone = sections.filter(({ consumersBeside }) => !consumersBeside);
    const taken = await takeSections(servers, beside, options, advance);
    await servers.leaveAlone();
    taken.push(...(await takeSections(servers, alone, options, advance)));
    return [
      ...taken.flatMap(([section, turns]) => toRows(section, turns)),
      failureRow(taken.map(([, turns]) => turns)),
    ];
  } finally {
    await servers.stop();
  }
}

async function takeSections(
  servers: Servers,
  sections: readonly LoadSection[],
  options: BenchOptions,
  advance: Advance,
): Promise<[LoadSection, Turns][]> {
  const all: [LoadSection, Turns][] = [];
  for (const section of sections) {
    options.say(`${section.name}: ${section.about}`);
    all.push([section, await takeTurns(servers, section, options, advance)]);
  }
  return all;
}

async function takeTurns(
  servers: Servers,
  section: LoadSection,
  options: BenchOptions,
  advance: Advance,
): Promise<Turns> {
  const contestants = contestantsOf(section);
  const turns = Object.fromEntries(contestants.map((name) => [name, [] as Turn[]]));
  for (let turn = 0; turn < turnsOf(section, options); turn++) {
    for (const name of contestants) {
      await servers.settle();
      turns[name]!.push(await measure(servers, name, section.shape, options.quick ? 1_000 : 2_000));
      advance(1);
    }
  }
  return turns;
}

/** Baselines first, in the order of the pairs. */
function contestantsOf({ pairs }: LoadSection): ServerName[] {
  return [...new Set([...pairs.map(([, to]) => to), ...pairs.map(([of]) => of)])];
}

/** More where a goal hangs on it. */
function turnsOf({ goals, addedMsMax }: LoadSection, { quick }: BenchOptions): number {
  if (goals.length === 0 && addedMsMax === undefined) return quick ? 1 : 3;
  return quick ? 3 : 5;
}

async function measure(servers: Servers, name: ServerName, shape: LoadShape, measureMs: number): Promise<Turn> {
  const { port, cpuUs } = servers[name];
  const { connections, keepAlive, fleet } = shape;
  const body = fleet === 'idle' ? servers.idleCheck : downloadStarted;
  const before = await cpuUs();
  const load = { connections, keepAlive, body, machine, machines, warmUpMs, measureMs };
  const result = await runLoad({ port, path: '/v1/update/', ...load });
  if (result.answers === 0) throw new Error(`${name} has answered nothing: there is nothing to compare with`);
  const used = (await cpuUs()) - before;
  // Processor time is counted over the warm-up, too: at the same pace, as far as anybody can tell.
  return { ...result, cpuUsPerRequest: used / (result.perSecond * (result.seconds + warmUpMs / 1000)) };
}
