// `./platte bench ingress`: what a check-in costs ingress, durable path and all, with policy and analytics consuming beside it, against
// node:http with a constant answer and against the same ingress when it publishes nothing; and then without the two. In turns,
// medians of the turns' own ratios: machines are shared, and what disturbs a turn disturbs both sides of it. The consumers
// have caught up before each measurement.
import { type Bench, type BenchOptions, type BenchRow, median } from './bench.js';
import { downloadStarted, machine, machines } from './idle-fleet.js';
import { type Measured, type Servers, startServers } from './ingress-servers.js';
import type { LoadResult } from './load-client.js';
import { parseBench } from './parse.js';
import { runLoad } from './run-load.js';
import { waitingBench } from './waiting.js';

interface Shape {
  connections: number;
  keepAlive: boolean;
  body: string;
}

interface Turn extends LoadResult {
  cpuUsPerRequest: number;
}

type Turns = Record<Measured['name'], Turn[]>;

export const ingressBench: Bench = {
  name: 'ingress',
  about: `check-ins of ${machines.toLocaleString('en-US')} machines through ingress, each answered when NATS has its facts`,
  // A fleet that waits needs a policy to ask: the whole platform, against its own idle fleet.
  measure: async (options) => [...(await measureIngress(options)), ...(await waitingBench.measure(options))],
};

export async function measureIngress(options: BenchOptions): Promise<BenchRow[]> {
  const servers = await startServers(options.say);
  const kept = (connections: number): Shape => ({ connections, keepAlive: true, body: servers.idleCheck });
  try {
    options.say('letting all machines check in once');
    // Each is new once: numbering and first rows are not what an idle fleet costs.
    await measure(servers.ingress, kept(64), options.quick ? 8_000 : 12_000);
    const at64 = await takeTurns(servers, kept(64), options);
    const at1 = await takeTurns(servers, kept(1), options);
    const at512 = await takeTurns(servers, kept(512), options);
    const opening = await takeTurns(servers, { ...kept(64), keepAlive: false }, options);
    const updating = await takeTurns(servers, { ...kept(64), body: downloadStarted }, options);
    options.say('without policy and analytics');
    await servers.leaveAlone();
    const alone64 = await takeTurns(servers, kept(64), options);
    const alone1 = await takeTurns(servers, kept(1), options);
    return [
      ...busyRows(at64),
      ...oneRows(at1),
      ...otherRows(at512, opening, updating),
      ...aloneRows(alone64, alone1),
      failureRow([at64, at1, at512, opening, updating, alone64, alone1]),
      ...(await parseBench.measure(options)),
    ];
  } finally {
    await servers.stop();
  }
}

async function takeTurns(servers: Servers, shape: Shape, { quick, say }: BenchOptions): Promise<Turns> {
  const turns: Turns = { raw: [], unrecorded: [], ingress: [] };
  say(
    `${shape.connections} connections, ${shape.keepAlive ? 'kept' : 'a new one for each request'}${shape.body === servers.idleCheck ? '' : ', events'}`,
  );
  for (let turn = 0; turn < (quick ? 3 : 5); turn++) {
    for (const server of [servers.raw, servers.unrecorded, servers.ingress]) {
      await servers.settle();
      turns[server.name].push(await measure(server, shape, quick ? 1_000 : 2_000));
    }
  }
  return turns;
}

async function measure(server: Measured, shape: Shape, measureMs: number): Promise<Turn> {
  const warmUpMs = 500;
  const before = await server.cpuUs();
  const result = await runLoad({
    port: server.port,
    path: '/v1/update/',
    machine,
    machines,
    warmUpMs,
    measureMs,
    ...shape,
  });
  const used = (await server.cpuUs()) - before;
  // Processor time is counted over the warm-up, too: at the same pace, as far as anybody can tell.
  return { ...result, cpuUsPerRequest: used / (result.perSecond * (result.seconds + warmUpMs / 1000)) };
}

/** The median of what each turn's own pair says. */
function ratioOf(turns: Turns, of: Measured['name'], to: Measured['name'], figure: (turn: Turn) => number): number {
  return median(turns[of].map((turn, index) => figure(turn) / figure(turns[to][index]!)));
}

const medianOf = (turns: Turn[], figure: (turn: Turn) => number): number => median(turns.map(figure));
const perSecond = (turn: Turn): number => turn.perSecond;
const cpu = (turn: Turn): number => turn.cpuUsPerRequest;
const p50 = (turn: Turn): number => turn.p50Ms;
const p99 = (turn: Turn): number => turn.p99Ms;

function compare(
  name: string,
  unit: string,
  turns: Turns,
  to: 'raw' | 'unrecorded',
  figure: (turn: Turn) => number,
): BenchRow & { ratio: number } {
  return {
    name,
    figure: medianOf(turns.ingress, figure),
    unit,
    baseline: medianOf(turns[to], figure),
    ratio: ratioOf(turns, 'ingress', to, figure),
  };
}

const atLeast = (row: BenchRow & { ratio: number }, goal: number): BenchRow => ({
  ...row,
  goal: `>= ${goal}`,
  met: row.ratio >= goal,
});
const atMost = (row: BenchRow & { ratio: number }, goal: number): BenchRow => ({
  ...row,
  goal: `<= ${goal}`,
  met: row.ratio <= goal,
});

function busyRows(turns: Turns): BenchRow[] {
  return [
    atLeast(compare('64 connections, consumers beside, against raw', '/s', turns, 'raw', perSecond), 0.55),
    atMost(compare('  processor time of a request', 'us', turns, 'raw', cpu), 1.8),
    compare('  against the same that publishes nothing', '/s', turns, 'unrecorded', perSecond),
    compare('  p50', 'ms', turns, 'raw', p50),
    compare('  p99', 'ms', turns, 'raw', p99),
  ];
}

function oneRows(turns: Turns): BenchRow[] {
  return [
    compare('1 connection, p50', 'ms', turns, 'raw', p50),
    compare('  against the same that publishes nothing', 'ms', turns, 'unrecorded', p50),
    compare('  p99', 'ms', turns, 'raw', p99),
  ];
}

function otherRows(at512: Turns, opening: Turns, updating: Turns): BenchRow[] {
  return [
    compare('512 connections', '/s', at512, 'raw', perSecond),
    compare('  processor time of a request', 'us', at512, 'raw', cpu),
    compare('  p99', 'ms', at512, 'raw', p99),
    compare('a new connection for each request', '/s', opening, 'raw', perSecond),
    compare('  processor time of a request', 'us', opening, 'raw', cpu),
    compare('  against the same that publishes nothing', '/s', opening, 'unrecorded', perSecond),
    compare('events of a fleet that updates', '/s', updating, 'raw', perSecond),
    compare('  processor time of a request', 'us', updating, 'raw', cpu),
  ];
}

/** What publishing costs is asked without consumers: theirs is what consuming costs. */
function aloneRows(at64: Turns, at1: Turns): BenchRow[] {
  const added = median(at1.ingress.map((turn, index) => turn.p50Ms - at1.unrecorded[index]!.p50Ms));
  return [
    compare('64 connections, no consumers, against raw', '/s', at64, 'raw', perSecond),
    compare('  processor time of a request', 'us', at64, 'raw', cpu),
    atLeast(compare('  against the same that publishes nothing', '/s', at64, 'unrecorded', perSecond), 0.93),
    atMost(compare('  p99 against the same that publishes nothing', 'ms', at64, 'unrecorded', p99), 1.3),
    compare('1 connection, no consumers, p50', 'ms', at1, 'unrecorded', p50),
    { name: '  added by the log', figure: added, unit: 'ms', goal: '<= 0.2', met: added <= 0.2 },
  ];
}

function failureRow(all: Turns[]): BenchRow {
  const failures = all.flatMap((turns) => turns.ingress).reduce((sum, turn) => sum + turn.failures, 0);
  return { name: 'answers that were not 200', figure: failures, unit: '', goal: '0', met: failures === 0 };
}
