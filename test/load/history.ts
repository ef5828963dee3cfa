// `./platte bench history [--instances N] [--data DIR]`: thirty days of a fleet of 10,000, 100,000 and so on up to N machines in one
// engine; every question warm and cold, each fleet against the raw scan of the same run; then facts through the log into
// an empty history at full speed, with small questions asked beside.
import { type History, listMachines } from '@platte/history';
import { type Bench, type BenchOptions, type BenchRow, median } from './bench.js';
import { openFleets } from './history-data.js';
import { days } from './history-fleet.js';
import { type Fleet, type Question, questionsOf } from './history-questions.js';
import { measureDelay } from './history-delay.js';
import { measureIngest } from './history-ingest.js';
import { startHistoryServers } from './history-servers.js';

export const historyBench: Bench = {
  name: 'history',
  about: 'timelines, lists and machine histories of thirty days, and facts per second through the log into the engine',
  measure: measureHistory,
};

const dayMs = 86_400_000;

export async function measureHistory({ quick, say, instances, dataDir }: BenchOptions): Promise<BenchRow[]> {
  const largest = instances ?? (quick ? 10_000 : 1_000_000);
  const sizes = [...[10_000, 100_000, 1_000_000].filter((machines) => machines < largest), largest];
  const servers = await startHistoryServers(dataDir, say);
  try {
    const { history, until, fleets } = await openFleets(servers, { sizes, dataDir, say });
    const asked = await askFleets(history, fleets, until, { turns: quick ? 3 : 7, say });
    const disk = await diskRows(history);
    const waited = await measureDelay(servers, { samples: quick ? 20 : 200, say });
    const ingest = await measureIngest(servers, { facts: quick ? 200_000 : 2_000_000, say });
    return [...asked, ...disk, ...ingest, waited, await memoryRow(servers.engineBytes)];
  } finally {
    await servers.stop();
  }
}

async function askFleets(
  history: History,
  fleets: Fleet[],
  until: number,
  { turns, say }: { turns: number; say: (line: string) => void },
): Promise<BenchRow[]> {
  const machines = new Map<string, string>();
  for (const fleet of fleets) {
    const { items } = await listMachines(history, { app: fleet.app, sort: 'lastSeen', descending: true, limit: 7 });
    machines.set(fleet.app, items.at(-1)?.machine ?? '');
  }
  const rows: BenchRow[] = [];
  const cold = withoutCaches(history);
  for (const question of questionsOf(until, machines)) {
    say(question.name);
    const warm = new Map<Fleet, number>();
    const empty = await medianMs(turns, () => history.read('select 1'));
    for (const fleet of fleets) {
      warm.set(fleet, await medianMs(turns, () => question.ask(history, fleet)));
      const isLargest = fleet === fleets.at(-1);
      rows.push(
        withBaseline(
          toRow(
            `${question.name}, ${sizeOf(fleet)}`,
            warm.get(fleet) ?? Number.NaN,
            isLargest ? question.warmMsMax : undefined,
          ),
          empty,
        ),
      );
    }
    rows.push(...(await coldRows(cold, question, fleets)), ...growthRows(question, fleets, warm));
  }
  rows.push(...(await rawRows(history, fleets, until, rows)));
  return rows;
}

/** Next to what it takes to ask nothing: on a busy machine the ratio says more than the milliseconds. */
const withBaseline = (row: BenchRow, baseline: number): BenchRow => ({
  ...row,
  baseline,
  ratio: row.figure / baseline,
});

const sizeOf = ({ machines }: Fleet) => (machines >= 1_000_000 ? `${machines / 1_000_000}M` : `${machines / 1000}k`);

async function coldRows(cold: History, question: Question, fleets: readonly Fleet[]): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const fleet of fleets) {
    const ms = await medianMs(3, async () => {
      await cold.run('system drop mark cache');
      return question.ask(cold, fleet);
    });
    const msMax = fleet === fleets.at(-1) ? question.coldMsMax : undefined;
    rows.push(toRow(`${question.name}, ${sizeOf(fleet)}, cold`, ms, msMax));
  }
  return rows;
}

function growthRows(question: Question, fleets: Fleet[], warm: Map<Fleet, number>): BenchRow[] {
  const [smallest, largest] = [fleets[0], fleets.at(-1)];
  if (!question.growsLittle || smallest === undefined || largest === undefined || smallest === largest) return [];
  const [figure, baseline] = [warm.get(largest) ?? Number.NaN, warm.get(smallest) ?? Number.NaN];
  const ratio = figure / baseline;
  const name = `${question.name}, ${sizeOf(largest)} against ${sizeOf(smallest)}`;
  return [{ name, figure, unit: 'ms', baseline, ratio, goal: '<= 3', met: ratio <= 3 }];
}

/** The same thirty days counted from the facts themselves. */
async function rawRows(history: History, fleets: Fleet[], until: number, rows: BenchRow[]): Promise<BenchRow[]> {
  const raw = `
    select toStartOfInterval(at, interval 4 hour) as bucket, version, uniqExact(inst) as machines
    from fact
    where app = {app:String} and grp = {group:String} and at >= fromUnixTimestamp64Milli({from:Int64})
    group by bucket, version`;
  const answer: BenchRow[] = [];
  for (const fleet of fleets) {
    const params = { app: fleet.app, group: fleet.group, from: until - days * dayMs };
    const baseline = await medianMs(3, () => history.read(raw, params));
    const figure =
      rows.find(({ name }) => name === `as-of version timeline 30 days, ${sizeOf(fleet)}`)?.figure ?? Number.NaN;
    const isLargest = fleet === fleets.at(-1);
    answer.push({
      name: `raw scan of 30 days against the timeline, ${sizeOf(fleet)}`,
      figure,
      unit: 'ms',
      baseline,
      ratio: baseline / figure,
      ...(isLargest && { goal: '>= 50', met: baseline / figure >= 50 }),
    });
  }
  return answer;
}

/** Bytes per fact, each table by itself. The archive is reported by the ingest, which writes it. */
async function diskRows(history: History): Promise<BenchRow[]> {
  const [counted] = await history.read<{ facts: number }>('select count() as facts from fact');
  const facts = counted?.facts ?? Number.NaN;
  const tables = await history.read<{ table: string; bytes: number }>(
    `select table, sum(bytes_on_disk) as bytes from system.parts
     where database = currentDatabase() and active group by table order by bytes desc`,
  );
  const total = tables.reduce((sum, { bytes }) => sum + bytes, 0) / facts;
  return [
    { name: 'facts', figure: facts, unit: 'facts' },
    { name: 'disk per fact, all tables', figure: total, unit: 'B', goal: '<= 6.5', met: total <= 6.5 },
    ...tables
      .filter(({ bytes }) => bytes / facts >= 0.01)
      .map(({ table, bytes }) => ({ name: `disk per fact, ${table}`, figure: bytes / facts, unit: 'B' })),
  ];
}

async function memoryRow(engineBytes: () => Promise<number>): Promise<BenchRow> {
  return { name: 'memory of the engine at the end', figure: (await engineBytes()) / 2 ** 20, unit: 'MiB' };
}

function toRow(name: string, ms: number, msMax: number | undefined): BenchRow {
  return { name, figure: ms, unit: 'ms', ...(msMax !== undefined && { goal: `<= ${msMax} ms`, met: ms <= msMax }) };
}

async function medianMs(turns: number, ask: () => Promise<unknown>): Promise<number> {
  await ask();
  const times: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const begun = performance.now();
    await ask();
    times.push(performance.now() - begun);
  }
  return median(times);
}

/** Reads past the page cache, from the disk itself. */
function withoutCaches(history: History): History {
  return {
    ...history,
    read: (question, params) => history.read(`${question}\nsettings min_bytes_to_use_direct_io = 1`, params),
  };
}
