// The fleets that the history bench measures: made once, and kept in a folder when one is named. A file beside the engine's
// data says what is there once all of it is; without that file a folder holds an attempt that did not end.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type History, rebuildFromNothing } from '@platte/history';
import { foldFleets, generator, makeFleet, toInsertions } from './history-fleet.js';
import type { Fleet } from './history-questions.js';
import type { HistoryServers } from './history-servers.js';
import { makeProgress } from './progress.js';

export interface FleetData {
  /** End of the thirty days: the now of every question. */
  until: number;
  fleets: Fleet[];
}

interface Kept extends FleetData {
  generator: string;
}

type Say = (line: string) => void;

const database = 'fleets';
const checkInsPerMachine = 100;
const group = '00000000-0000-4000-8000-000000000010';

export async function openFleets(
  servers: HistoryServers,
  { sizes, dataDir, say }: { sizes: number[]; dataDir?: string | undefined; say: Say },
): Promise<FleetData & { history: History }> {
  const kept = dataDir === undefined ? undefined : await readKept(dataDir, sizes);
  if (kept !== undefined) return { ...kept, history: await servers.openHistory(database) };
  const history = await servers.openEmptyHistory(database);
  const data = { until: Math.floor(Date.now() / 60_000) * 60_000, fleets: toFleets(sizes) };
  await makeFleets(history, data, say);
  if (dataDir !== undefined)
    await writeFile(keptFile(dataDir), JSON.stringify({ ...data, generator: digest }, null, 2));
  return { ...data, history };
}

export function toFleets(sizes: number[]): Fleet[] {
  let firstNumber = 0;
  return sizes.map((machines, index) => {
    const fleet = {
      machines,
      app: `e96281a6-d1af-4bde-9a0a-97b76e56d${String(index).padStart(3, '0')}`,
      group,
      firstNumber,
    };
    firstNumber += machines;
    return fleet;
  });
}

const digest = createHash('sha256').update(generator).update(String(checkInsPerMachine)).digest('hex').slice(0, 16);
const keptFile = (dataDir: string) => join(dataDir, 'fleets.json');

async function readKept(dataDir: string, sizes: number[]): Promise<FleetData | undefined> {
  const text = await readFile(keptFile(dataDir), 'utf8').catch(() => '');
  if (text === '') return undefined;
  const kept: Kept = JSON.parse(text);
  const keptSizes = kept.fleets.map(({ machines }) => machines);
  if (kept.generator === digest && String(keptSizes) === String(sizes)) return kept;
  throw new Error(
    `${dataDir} holds fleets of ${keptSizes.join(', ')} machines of generator ${kept.generator}; wanted are ${sizes.join(', ')} of ${digest}. Name another folder, or remove this one`,
  );
}

export async function makeFleets(history: History, { until, fleets }: FleetData, say: Say): Promise<void> {
  // Thirty days do not arrive through the log in a bench's time: what would fold them as they come is off meanwhile.
  await history.run('detach table fresh_mv');
  const shapes = fleets.map((fleet) => ({ ...fleet, checkInsPerMachine, until }));
  const insertions = shapes.reduce((sum, shape) => sum + toInsertions(shape).length, 0);
  const advance = makeProgress('facts of thirty days', insertions, say);
  for (const shape of shapes) await makeFleet(history, shape, () => advance(1));
  await history.run('attach table fresh_mv');
  const machines = fleets.reduce((sum, fleet) => sum + fleet.machines, 0);
  await foldFleets(history, { machines, say });
  say('transitions and deltas');
  await rebuildFromNothing(history, { now: until, attempt: 1 });
  const merging = makeProgress('merging parts', merged.length, say);
  for (const table of merged) {
    await history.run(`optimize table ${table} final`);
    merging(1);
  }
}

const merged = [
  'fact',
  'transition',
  'delta',
  'machine',
  'machine_detail',
  'machine_name',
  'machine_alias',
  'machine_answer',
  'presence_hour',
  'presence_day',
];
