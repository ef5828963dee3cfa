// The fleet that the history bench measures is made by statements inside the engine: thirty days of a million machines do not
// arrive through the log in a bench's time. What it measures is only worth something if those statements leave the very rows
// that the product would: the same facts, written by the real writer and folded by the real rebuild, are the judge.
import { randomUUID } from 'node:crypto';
import { type Fact, MachineFact } from '@platte/facts';
import {
  compareHistoryTable,
  createDatabase,
  type History,
  type HistoryOptions,
  makeRebuiltHistory,
  migrateHistory,
  openHistory,
  readHistoryTables,
  rebuild,
  writeFacts,
} from '@platte/history';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { makeFleets, toFleets } from './history-data.js';

const machines = 300;
const until = Math.floor(Date.now() / 60_000) * 60_000;
const factsPerBatch = 500;
const batchesPerRebuild = 12;

/** Written for the last steps alone: machines that fell silent before have no row there. */
const detailTables: ReadonlySet<string> = new Set([
  'machine_detail',
  'machine_answer',
  'machine_name',
  'machine_alias',
]);

let made: History;
let written: History;
let facts: Fact[];

beforeAll(async () => {
  const options = engineOptions();
  await createDatabase(options, { cluster: '' });
  made = openHistory(options);
  await migrateHistory(made);
  await made.run(
    'create table arrived engine = MergeTree order by (at, n) comment $$[working] What was made$$ as fact_in',
  );
  await made.run('create materialized view arrived_mv to arrived as select * from fact_in');
  await makeFleets(made, { until, fleets: toFleets([machines]) }, () => {});
  facts = (await made.read<ArrivedRow>(readArrived)).map(toFact);
  await made.run('drop table arrived_mv');
  await made.run('drop table arrived');
  written = await makeRebuiltHistory(options, made);
  await deliver(written);
});

afterAll(async () => {
  for (const history of [made, written]) {
    await history.run(`drop database ${history.database} sync`);
    await history.close();
  }
});

function engineOptions(): HistoryOptions {
  const url = new URL(inject('clickhouseUrl'));
  return {
    url: url.origin,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    log: { info: () => {}, warn: () => {} },
    database: `generated_${randomUUID().replaceAll('-', '')}`,
  };
}

/** As they would have come through the log, with a rebuild now and then. */
async function deliver(history: History): Promise<void> {
  const numberOf = (_: string, machine: string) => numbers.get(machine) ?? 0;
  let attempt = 1;
  for (let start = 0, sequence = 1; start < facts.length; start += factsPerBatch, sequence += 1) {
    await writeFacts(history, [{ sequence, facts: facts.slice(start, start + factsPerBatch) }], numberOf);
    const isLast = start + factsPerBatch >= facts.length;
    if (isLast || sequence % batchesPerRebuild === 0)
      await rebuild(history, { acked: sequence, now: isLast ? until : 0, attempt: attempt++ });
  }
}

const numbers = new Map<string, number>();

const readArrived = `
select *, toUnixTimestamp64Milli(at) as at_ms from arrived order by at, n, kind`;

interface ArrivedRow {
  app: string;
  inst: number;
  machine: string;
  at_ms: number;
  n: number;
  kind: string;
  version: string;
  grp: string;
  channel: string;
  arch: string;
  oem: string;
  reason: string;
  inputs: string;
  track: string;
  ip: string;
  alias: string;
  oem_version: string;
  aleph: string;
  boot_id: string;
  event_type: number;
  event_result: number;
  error_code: string;
  previous_version: string;
  to_version: string;
}

/** The fact that such a row comes from: whatever its status is, the writer finds it by itself. */
function toFact(row: ArrivedRow): Fact {
  numbers.set(row.machine, row.inst);
  return MachineFact.parse({ ...toCommon(row), ...toOwn(row) });
}

function toCommon({ app, machine, at_ms: at, n, version, grp, channel, arch, oem }: ArrivedRow) {
  return { v: 1, app, machine, at, n, version, group: grp, channel, arch, rollout: null, reboots: true, oem };
}

function toOwn(row: ArrivedRow) {
  switch (row.kind) {
    case 'check-in':
      return {
        kind: 'MachineCheckedIn',
        track: row.track,
        ip: row.ip,
        alias: row.alias,
        oemVersion: row.oem_version,
        aleph: row.aleph,
        bootId: row.boot_id,
        ping: true,
        heartbeat: true,
        source: 'scheduler',
        ...(row.reason === '' ? {} : { answer: { reason: row.reason, inputs: JSON.parse(row.inputs) } }),
      };
    case 'event':
      return {
        kind: 'EventReported',
        type: row.event_type,
        result: row.event_result,
        errorCode: row.error_code,
        previousVersion: row.previous_version,
        bootId: row.boot_id,
      };
    default:
      return {
        kind: 'UpdateGranted',
        attempt: { at: row.at_ms, n: row.n },
        package: 'a0000000-0000-4000-8000-000000000001',
        toVersion: row.to_version,
        number: 1,
        grantedAt: row.at_ms,
        deadline: row.at_ms + 3_600_000,
        forced: false,
      };
  }
}

test('makes all that a fleet goes through', () => {
  const kinds = new Set(facts.map(({ kind }) => kind));
  expect(kinds).toEqual(new Set(['MachineCheckedIn', 'EventReported', 'UpdateGranted']));
  expect(facts.length).toBeGreaterThan(machines * 90);
});

test('leaves the rows that writer and rebuild leave of the same facts', async () => {
  const folded = (await readHistoryTables(made)).filter(({ mark }) => mark === 'fold');
  const wrong: Record<string, unknown> = {};
  for (const table of folded) {
    const { rows, differences } = await compareHistoryTable(made, table);
    const untold = detailTables.has(table.name) ? differences.filter(({ live }) => live === null) : [];
    expect(untold.length).toBeLessThanOrEqual(rows / 5);
    wrong[table.name] = differences.filter((difference) => !untold.includes(difference));
  }
  expect(wrong).toEqual(Object.fromEntries(folded.map(({ name }) => [name, []])));
});
