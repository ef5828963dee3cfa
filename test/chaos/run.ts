// One run: the platform comes up, a fleet lives on it, an adversary does its plan, then all is made whole, drained and judged.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectNats, type NatsConnection, readConsumerLag, readFactsFill } from '@platte/fact-log';
import { openHistory } from '@platte/history';
import { untilServed } from '../journeys/catalog.js';
import { type Adversary, makeAdversary } from './adversary.js';
import { type Field, openField } from './battlefield.js';
import { makeDraw } from '../chance.js';
import { type ChaosClock, makeChaosClock } from './chaos-clock.js';
import { checks } from './checks.js';
import { controls } from './controls.js';
import { gatherEvidence } from './evidence.js';
import { makeIntruder } from './intruder.js';
import { type ChaosFleet, startFleet, type Told } from './machines.js';
import { makePeople, type People } from './people.js';
import { compareWithRebuilt } from './rebuilt.js';
import { type Report, toReport, type Verdict } from './report.js';
import { type Planned, planFaults } from './schedule.js';
import { installWitness, withPostgres } from './witness.js';

export interface ChaosOptions {
  seed: number;
  minutes: number;
  dataDir: string;
  /** Of each of the groups. */
  machinesPerGroup: number;
  control?: string | undefined;
  /** NATS as a cluster of three, each server and each link to one a target of its own. */
  natsCluster?: boolean | undefined;
  say: (line: string) => void;
}

/** Each kind of limit once. A machine polls every few seconds: periods and limits are met again and again. */
const policies = [
  {},
  { rateLimit: { max: 5, periodMs: 15_000 }, updateTimeoutMs: 60_000, quarantineAfter: 100, backoffMs: 1_000 },
  { concurrencyLimit: 3, updateTimeoutMs: 60_000, quarantineAfter: 100, backoffMs: 1_000 },
  { safeMode: true, updateTimeoutMs: 60_000 },
] as const;
/** So much faster the machines' own clocks run: 45 minutes are 4.5 seconds. */
const speed = 600;
/** The least that a spool can be. */
const spoolBytesMax = 2 ** 20;
/** What the sweeper, the consumers and the relay may need on a busy machine until nothing is left to do. */
const settleMsMax = 180_000;

export async function runChaos(options: ChaosOptions): Promise<Report> {
  const { dataDir, say } = options;
  const control = options.control === undefined ? undefined : controls[options.control];
  await mkdir(dataDir, { recursive: true });
  say('starting two of everything');
  if (options.control !== undefined) process.env['PLATTE_CHAOS_CONTROL'] = options.control;
  const mutant = control === undefined ? null : join(import.meta.dirname, 'mutants.js');
  const field = await openField({
    dataDir,
    mutant,
    spoolBytesMax,
    natsCluster: options.natsCluster ? 'password' : undefined,
  });
  try {
    await installWitness(field.servers.postgres.url);
    const nats = await connectNats({ ...field.nats, name: 'chaos', say });
    try {
      return await fight(options, field, nats, control?.plan);
    } finally {
      await nats.close();
    }
  } finally {
    await field.stop();
  }
}

interface Battle {
  field: Field;
  nats: NatsConnection;
  people: People;
  fleet: ChaosFleet;
  clock: ChaosClock;
  adversary: Adversary;
  intruder: ReturnType<typeof makeIntruder>;
  told: Told[];
  startedAt: number;
}

async function fight(
  options: ChaosOptions,
  field: Field,
  nats: NatsConnection,
  plan?: readonly Planned[],
): Promise<Report> {
  const { seed, minutes, say } = options;
  const battle = await takePositions(options, field, nats);
  const battlefield = {
    programs: [...field.lives.keys()].filter((name) => name.includes('-')),
    servers: field.serverNames,
    links: [...field.links.keys()],
    groups: policies.length,
  };
  say(`${policies.length * options.machinesPerGroup} machines check in; seed ${seed}`);
  await battle.adversary.run(plan ?? planFaults(seed, minutes * 60_000, battlefield), new AbortController().signal);
  say('all is made whole; waiting until nothing is left to do');
  await settle(battle);
  say('gathering what machines heard, the log, ClickHouse and PostgreSQL');
  return judge(options, battle);
}

async function takePositions(
  { seed, machinesPerGroup, say }: ChaosOptions,
  field: Field,
  nats: NatsConnection,
): Promise<Battle> {
  const startedAt = Date.now();
  const people = await makePeople(field.api, policies);
  for (const { url } of field.endpoints) for (const group of people.groups) await untilServed(url, group);
  const told: Told[] = [];
  const fleet = startFleet({
    seed,
    tracks: people.groups.map(({ track }) => track),
    perTrack: machinesPerGroup,
    speed,
    endpoints: field.endpoints,
    onTold: (one) => void told.push(one),
  });
  const inPeace = async (work: () => Promise<void>): Promise<void> => {
    await fleet.pause();
    await field.heal();
    await work().finally(fleet.resume);
  };
  const clock = makeChaosClock({ nats, internalUrls: field.internalUrls, inPeace });
  const intruder = makeIntruder(nats, makeDraw(seed + 1));
  const flood = (posts: number) => fleet.flood(posts);
  const adversary = makeAdversary({ field, people, clock, intruder, flood, say });
  return { field, nats, people, fleet, clock, adversary, intruder, told, startedAt };
}

/** Whole again, the fleet silent, every lease at its end or with time left, every consumer at the end of the log. */
async function settle({ field, fleet, nats, clock }: Battle): Promise<void> {
  await field.heal();
  await fleet.stop();
  const deadline = performance.now() + settleMsMax;
  while (performance.now() < deadline) {
    if (await isSettled(field, nats, clock)) return;
    await delay(500);
  }
}

async function isSettled(field: Field, nats: NatsConnection, clock: ChaosClock): Promise<boolean> {
  // In a cluster a consumer's own server may not know of the newest message yet.
  const { lastSequence } = await readFactsFill(nats);
  const lags = await Promise.all(['policy', 'analytics'].map((durable) => readConsumerLag(nats, durable)));
  if (lags.some((lag) => lag.pendingMessages + lag.heldMessages > 0 || lag.ackFloor < lastSequence)) return false;
  const { url } = field.servers.postgres;
  const left = await withPostgres(url, (client) =>
    client.query<{ left: number }>(
      `select (select count(*) from outbox)::int
         + (select count(*) from attempt where stage = 'leased' and due_at < $1)::int as "left"`,
      [Math.round(clock.now())],
    ),
  );
  return left.rows[0]?.left === 0;
}

async function judge(options: ChaosOptions, battle: Battle): Promise<Report> {
  const { field, nats, people, adversary, intruder, told, clock, startedAt } = battle;
  const historyOptions = { ...toClickhouse(field), database: 'platte', log: { info: () => {}, warn: () => {} } };
  const history = openHistory(historyOptions);
  try {
    const evidence = await gatherEvidence(field, nats, history, {
      told,
      groups: people.groups,
      stops: people.stops,
      disturbances: adversary.disturbances,
      platformNow: clock.now(),
    });
    const verdicts: Verdict[] = checks.map(({ name, find }) => ({ name, findings: find(evidence) }));
    // The live history rests: nobody else folds it while it is compared.
    for (const name of ['analytics-1', 'analytics-2']) await field.lives.get(name)?.stop();
    verdicts.push({
      name: 'the history equals a rebuild',
      findings: await compareWithRebuilt({
        nats,
        live: history,
        options: historyOptions,
        numbers: await readNumbers(field),
        from: Math.floor(startedAt / 60_000) * 60_000,
        now: clock.now(),
        draw: makeDraw(options.seed + 2),
      }),
    });
    return toReport(options, {
      evidence,
      verdicts,
      adversary,
      people,
      redelivered: intruder.redelivered(),
      ...countsOf(field),
    });
  } finally {
    await history.close();
  }
}

async function readNumbers(field: Field): Promise<Map<string, number>> {
  const { rows } = await withPostgres(field.servers.postgres.url, (client) =>
    client.query<{ application: string; machine: string; number: number }>('select * from machine_number'),
  );
  return new Map(rows.map(({ application, machine, number }) => [`${application} ${machine}`, number]));
}

function countsOf(field: Field): { starts: Record<string, number> } {
  return { starts: Object.fromEntries([...field.lives].map(([name, life]) => [name, life.starts()])) };
}

function toClickhouse(field: Field): { url: string; user: string; password: string } {
  const { url, user, password } = field.servers.clickhouse;
  return { url, user, password };
}
