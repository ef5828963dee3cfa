// All that can be known at the end of a run, read past every link: what machines heard, what the log holds, what ClickHouse
// and PostgreSQL make of it.
import type { Fact } from '@platte/facts';
import { listParked, type NatsConnection, readFacts, readFactsFill } from '@platte/fact-log';
import type { History } from '@platte/history';
import type { Disturbance } from './adversary.js';
import type { Field } from './battlefield.js';
import type { Told } from './machines.js';
import type { Group, Stop } from './people.js';
import { type GrantStep, type LeaseStep, readWitness, withPostgres } from './witness.js';

export interface StoredInstance {
  machine: string;
  version: string;
  group: string | null;
  status: string;
}

export interface Evidence {
  told: readonly Told[];
  groups: readonly Group[];
  stops: readonly Stop[];
  disturbances: readonly Disturbance[];
  /** Each fact once, by identity. */
  facts: ReadonlyMap<string, Fact>;
  /** Facts that the log holds more than once. */
  repeatedFacts: number;
  /** Identities of machines' facts in the history, each as often as it is there. */
  history: ReadonlyMap<string, number>;
  archive: ReadonlyMap<string, number>;
  instances: readonly StoredInstance[];
  leases: readonly LeaseStep[];
  grants: readonly GrantStep[];
  /** Open leases whose deadline has passed, by the platform's clock. */
  overdue: readonly string[];
  parked: readonly Parked[];
  /** Sequences of messages that nobody can read: those of the intruder, and what was published again of them. */
  unreadable: readonly number[];
}

export interface Parked {
  durable: string;
  sequence: number;
  reason: string;
}

export interface Heard {
  told: readonly Told[];
  groups: readonly Group[];
  stops: readonly Stop[];
  disturbances: readonly Disturbance[];
  platformNow: number;
}

export async function gatherEvidence(
  field: Field,
  nats: NatsConnection,
  history: History,
  heard: Heard,
): Promise<Evidence> {
  const { url } = field.servers.postgres;
  const { facts, repeatedFacts, unreadable } = await readLog(nats);
  return {
    ...heard,
    facts,
    repeatedFacts,
    unreadable,
    history: await readHistory(history, url),
    archive: await readArchive(history),
    instances: await readInstances(url),
    ...(await readWitness(url)),
    overdue: await readOverdue(url, heard.platformNow),
    parked: await listParked(nats, { max: 10_000 }),
  };
}

export function identityOf({ app, machine, at, n, kind }: Pick<Fact, 'app' | 'machine' | 'at' | 'n' | 'kind'>): string {
  return `${app} ${machine} ${at} ${n} ${kind}`;
}

async function readLog(nats: NatsConnection): Promise<Pick<Evidence, 'facts' | 'repeatedFacts' | 'unreadable'>> {
  const { lastSequence } = await readFactsFill(nats);
  const facts = new Map<string, Fact>();
  const unreadable: number[] = [];
  let seen = 0;
  for await (const message of readFacts(nats, { from: 1, until: lastSequence })) {
    if (message.unreadable !== undefined) unreadable.push(message.sequence);
    for (const fact of message.facts) {
      seen++;
      facts.set(identityOf(fact), fact);
    }
  }
  return { facts, repeatedFacts: seen - facts.size, unreadable };
}

interface FactRow {
  app: string;
  machine: string;
  at: number;
  n: number;
  kind: string;
}

const kinds: Readonly<Record<string, Fact['kind']>> = {
  'check-in': 'MachineCheckedIn',
  event: 'EventReported',
  grant: 'UpdateGranted',
  'lease-end': 'LeaseEnded',
  deletion: 'MachineDeleted',
};

/** Below what one answer may hold. */
const pages = 16;

async function readHistory(history: History, postgresUrl: string): Promise<Map<string, number>> {
  const numbers = await withPostgres(postgresUrl, (client) =>
    client.query<{ application: string; machine: string; number: number }>('select * from machine_number'),
  );
  const machines = new Map(numbers.rows.map(({ number, machine }) => [number, machine]));
  const counted = new Map<string, number>();
  for (let page = 0; page < pages; page++) {
    const rows = await history.read<FactRow & { inst: number }>(
      `select app, inst, toUnixTimestamp64Milli(at) as at, n, toString(kind) as kind
       from fact final where inst % ${pages} = ${page}`,
    );
    for (const row of rows) {
      const fact = { ...row, machine: machines.get(row.inst) ?? `number ${row.inst}`, kind: kinds[row.kind]! };
      countIn(counted, identityOf(fact));
    }
  }
  return counted;
}

async function readArchive(history: History): Promise<Map<string, number>> {
  const counted = new Map<string, number>();
  for (let page = 0; page < pages; page++) {
    const rows = await history.read<FactRow>(
      `select app, machine, toUnixTimestamp64Milli(at) as at, n, kind
       from fact_archive final where n % ${pages} = ${page}`,
    );
    for (const row of rows) countIn(counted, identityOf({ ...row, kind: row.kind as Fact['kind'] }));
  }
  return counted;
}

function countIn(counted: Map<string, number>, identity: string): void {
  counted.set(identity, (counted.get(identity) ?? 0) + 1);
}

function readInstances(url: string): Promise<StoredInstance[]> {
  return withPostgres(
    url,
    async (client) =>
      (await client.query<StoredInstance>('select machine, version, update_group as "group", status from instance'))
        .rows,
  );
}

function readOverdue(url: string, platformNow: number): Promise<string[]> {
  return withPostgres(url, async (client) => {
    const { rows } = await client.query<{ machine: string; late: number }>(
      `select machine, ($1::bigint - due_at)::float8 as late from attempt where stage = 'leased' and due_at < $1`,
      [Math.round(platformNow)],
    );
    return rows.map(({ machine, late }) => `${machine} since ${late} ms`);
  });
}
