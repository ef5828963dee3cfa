// Two applications with a small fleet, for tests: the catalog in PostgreSQL, the machines' facts in ClickHouse.
import type { Fact, MachineCheckedIn } from '@platte/facts';
import { writeFacts } from '@platte/history';
import { defaultPolicy } from '@platte/rollout';
import type { RunningApi } from './running-api.js';

export const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

export const ids = {
  flatcar: id(1),
  agent: id(2),
  oldPackage: id(10),
  newPackage: id(11),
  stable: id(20),
  prod: id(30),
  agentGroup: id(31),
  rollout: id(40),
};

export async function seedCatalog({ store }: RunningApi): Promise<void> {
  const run = (statement: string, ...parameters: unknown[]) => store.pool.query(statement, parameters);
  const addPackage = `insert into package values ($1, $2, $3, 'amd64', 'other', 'https://h/', 'f.gz', 100, null, null, '', '[]', null, false, 2)`;
  const addGroup = `insert into update_group values ($1, $2, $3, '', 'stable', $4, $5, $6, 1, null, 4)`;
  await run(`insert into application values ($1, 'Flatcar', '', 'semver', true, null, 1)`, ids.flatcar);
  await run(`insert into application values ($1, 'Agent', '', 'semver', false, 'io.example.agent', 1)`, ids.agent);
  await run(addPackage, ids.oldPackage, ids.flatcar, '4081.2.0');
  await run(addPackage, ids.newPackage, ids.flatcar, '4152.1.0');
  await run(
    `insert into channel values ($1, $2, 'stable', '#aabbcc', 'amd64', $3, 3)`,
    ids.stable,
    ids.flatcar,
    ids.newPackage,
  );
  await run(addGroup, ids.prod, ids.flatcar, 'prod', ids.stable, 'amd64', defaultPolicy);
  await run(addGroup, ids.agentGroup, ids.agent, 'all', null, null, defaultPolicy);
  const waves = [
    { places: 10_000, soakMs: 0, successPercent: 0, errorPercent: 100, errorCountMin: 0, needsApproval: false },
  ];
  await run(
    `insert into rollout values ($1, $2, $3, '4152.1.0', 'running', '', 'salt', $4, 1, 1000, 2000)`,
    ids.rollout,
    ids.prod,
    ids.newPackage,
    JSON.stringify(waves),
  );
  await run(`update update_group set rollout = $1 where id = $2`, ids.rollout, ids.prod);
  await run(`update catalog_revision set revision = 4`);
  await run(
    `insert into catalog_change values (4, 0, 1000, 'ada', 'GroupCreated', $1, $2, '', $3, '', null, $4)`,
    ids.flatcar,
    ids.prod,
    ids.prod,
    { name: 'prod' },
  );
}

let count = 0;

export function checkIn(machine: string, at: number, changes: Partial<MachineCheckedIn> = {}): MachineCheckedIn {
  return {
    kind: 'MachineCheckedIn',
    v: 1,
    app: ids.flatcar,
    machine,
    at,
    n: count++,
    version: '4081.2.0',
    group: ids.prod,
    channel: ids.stable,
    arch: 'amd64',
    rollout: ids.rollout,
    reboots: true,
    oem: 'qemu',
    track: 'stable',
    ip: '10.0.0.1',
    alias: '',
    oemVersion: '1.0',
    aleph: '4081.0.0',
    bootId: 'boot-1',
    ping: true,
    heartbeat: true,
    source: 'scheduler',
    answer: {
      reason: 'rate-limited',
      inputs: { target: '4152.1.0', limit: 10, used: 10, periodMs: 60_000 },
      until: at + 60_000,
    },
    ...changes,
  };
}

export function event(
  machine: string,
  at: number,
  type: number,
  result: number,
  errorCode = '',
  changes: Partial<MachineCheckedIn> = {},
): Fact {
  const { app, version, group, channel, arch, rollout, reboots, oem, bootId } = checkIn(machine, at, changes);
  return {
    kind: 'EventReported',
    v: 1,
    app,
    machine,
    at,
    n: count++,
    version,
    group,
    channel,
    arch,
    rollout,
    reboots,
    oem,
    bootId,
    type,
    result,
    errorCode,
    previousVersion: '',
  };
}

const numbers = new Map<string, number>();

function numberOf(application: string, machine: string): number {
  const key = `${application}/${machine}`;
  const number = numbers.get(key) ?? numbers.size + 1;
  numbers.set(key, number);
  return number;
}

/** As analytics writes what arrives; folding them is its own step. */
export async function writeHistory({ history }: RunningApi, facts: Fact[], sequence = 1): Promise<void> {
  await writeFacts(history, [{ sequence, facts }], numberOf);
}
