// How analytics is put together. Every provider is made by a factory from those before it, and waits there for what it
// needs: NATS, PostgreSQL and ClickHouse may come in any order.
import { randomInt } from 'node:crypto';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import {
  connectNats,
  ensureStreams,
  followClockOffset,
  followConnection,
  followSnapshots,
  makeAppender,
  type NatsConnection,
  NatsRefused,
} from '@platte/fact-log';
import { makePositions } from '@platte/facts';
import {
  applyRetention,
  createDatabase,
  type History,
  migrateHistory,
  openHistory,
  HistoryTooNew,
  MigrationChanged,
  numbersOf,
  type Retention,
  ShardsChanged,
} from '@platte/history';
import {
  type Chassis,
  makePostgresWatch,
  refuseToStart,
  toFillRule,
  toNatsAccess,
  waitFor,
  watchFilling,
  watchStore,
} from '@platte/service';
import {
  closeStore,
  DatabaseIsNewer,
  makeMachineNumbers,
  migrate,
  openStore,
  readClock,
  type Store,
} from '@platte/state-store';
import { answerArchive } from './answer-archive.js';
import type { Config } from './config.js';
import { type FactWriter, startFactWriter } from './fact-writer.js';
import { fillingPlaces } from './filling.js';
import { startFinishing } from './finish-rollouts.js';
import { type Rebuilder, startRebuilder } from './rebuilder.js';
import { watchReach } from './reach.js';
import { startRetention } from './retention.js';
import { startVerifier } from './verifier.js';

/** What the program has from its start, before Nest. */
export type Program = Chassis<Config>;

@Module({})
export class AnalyticsModule {
  static of(program: Program): DynamicModule {
    return { module: AnalyticsModule, providers: [{ provide: 'program', useValue: program }, ...providers] };
  }
}

const providers: Provider[] = [
  { provide: 'nats', inject: ['program'], useFactory: openNats },
  { provide: 'store', inject: ['program'], useFactory: openPostgres },
  { provide: 'history', inject: ['program'], useFactory: openClickHouse },
  { provide: 'writer', inject: ['program', 'nats', 'store', 'history'], useFactory: openWriter },
  { provide: 'rebuilder', inject: ['program', 'history', 'writer'], useFactory: openRebuilder },
  { provide: 'finishing', inject: ['program', 'nats', 'history', 'rebuilder'], useFactory: openFinishing },
  { provide: 'verifier', inject: ['program', 'nats', 'store', 'history', 'writer'], useFactory: openVerifier },
  { provide: 'retention', inject: ['program', 'nats', 'writer'], useFactory: openRetention },
  { provide: 'filling', inject: ['program', 'nats', 'history'], useFactory: openFilling },
  { provide: 'reach', inject: ['program', 'nats', 'history'], useFactory: openReach },
  { provide: 'archive', inject: ['program', 'nats', 'history'], useFactory: openArchive },
];

/** What no waiting mends ends the program. */
async function openNats(program: Program): Promise<NatsConnection> {
  return connect(program).catch((error: unknown) =>
    error instanceof NatsRefused ? refuseToStart(program, error) : Promise.reject(error),
  );
}

async function connect({ config, clock, log, health, stopper }: Program): Promise<NatsConnection> {
  const dependency = health.dependency('nats', 'required');
  const say = (line: string) => log.info(line);
  const { signal } = stopper;
  const nc = await connectNats({
    ...toNatsAccess(config),
    name: 'platte-analytics',
    say,
    signal,
  });
  stopper.add('NATS', () => nc.drain());
  followConnection(nc, ({ up, server }) => {
    if (up) dependency.up(`connected to ${server}`);
    else dependency.down(`no connection to ${server}`);
  });
  await ensureStreams(nc, { replicas: config.natsReplicas, factsBytesMax: config.factsMax, say, signal });
  if (clock.testMode) stopper.add('test clock', followClockOffset(nc, clock.setOffset));
  return nc;
}

async function openPostgres(program: Program): Promise<Store> {
  const { config, log, stopper } = program;
  const watch = makePostgresWatch(program);
  const say = (line: string) => {
    watch.says(line);
    log.info(line);
  };
  await waitFor({
    what: 'PostgreSQL',
    attempt: () => migrate(config.postgresUrl),
    say,
    isFinal: (error) => error instanceof DatabaseIsNewer,
    signal: stopper.signal,
  }).catch((error: unknown) => refuseIf(program, error instanceof DatabaseIsNewer, error));
  const store = openStore({
    url: config.postgresUrl,
    onError: (error) => log.warn({ err: error }, 'a connection to PostgreSQL broke'),
    onUnanswered: watch.noteUnanswered,
  });
  stopper.add('PostgreSQL', () => closeStore(store));
  watch.start(() => readClock(store));
  return store;
}

async function openClickHouse(program: Program): Promise<History> {
  const { config, log, health, stopper } = program;
  const dependency = health.dependency('clickhouse', 'required');
  const options = {
    url: config.clickhouseUrl,
    user: config.clickhouseUser,
    password: config.clickhousePassword ?? '',
    database: config.clickhouseDatabase,
    caFile: config.clickhouseCaFile,
    insertQuorum: config.clickhouseCluster === undefined ? undefined : config.clickhouseInsertQuorum,
    log,
  };
  const macros = { cluster: config.clickhouseCluster ?? '' };
  const history = openHistory(options);
  stopper.add('ClickHouse', () => history.close());
  await waitFor({
    what: 'ClickHouse',
    attempt: async () => {
      await createDatabase(options, macros);
      await migrateHistory(history, macros);
      const changed = await applyRetention(history, toRetention(config), macros);
      if (changed.length > 0) log.info({ tables: changed }, 'these tables keep rows for another time than before');
    },
    say: (line) => {
      dependency.down(line);
      log.info(line);
    },
    isFinal: isWrongHistory,
    signal: stopper.signal,
  }).catch((error: unknown) => refuseIf(program, isWrongHistory(error), error));
  dependency.up();
  void watchStore({ name: 'clickhouse', dependency, ping: () => history.ping() }, log, stopper.signal);
  return history;
}

const toRetention = (config: Config): Retention => ({
  rowsMs: config.historyRowsKept,
  archiveMs: config.historyArchiveKept,
  failuresMs: config.historyFailuresKept,
  minutesMs: config.historyMinutesKept,
  presenceHoursMs: config.historyPresenceHoursKept,
  presenceDaysMs: config.historyPresenceDaysKept,
});

/** A history that another version made: waiting does not mend it. */
function isWrongHistory(error: unknown): boolean {
  return [HistoryTooNew, MigrationChanged, ShardsChanged].some((kind) => error instanceof kind);
}

async function refuseIf(program: Program, isFinal: boolean, error: unknown): Promise<void> {
  if (isFinal) await refuseToStart(program, error);
  throw error;
}

async function openWriter(program: Program, nats: NatsConnection, store: Store, history: History): Promise<FactWriter> {
  const { config, clock, log, health, metrics, stopper } = program;
  const numbers = makeMachineNumbers(store, {
    cachedMachinesMax: config.cachedMachinesMax,
    given: numbersOf(history),
    onTakenBack: () =>
      log.warn('PostgreSQL was older than the history: took back the numbers that machines have there'),
  });
  const writer = await startFactWriter({ nats, history, numbers, config, now: clock.now, log, metrics });
  stopper.add('facts', () => writer.stop(config.stopGrace / 2));
  health.probe('facts', 'reported', () => writer.health());
  return writer;
}

function openRebuilder(
  { config, clock, log, health, metrics, stopper }: Program,
  history: History,
  writer: FactWriter,
): Rebuilder {
  const rebuilder = startRebuilder({
    history,
    cluster: config.clickhouseCluster ?? '',
    postgresUrl: config.postgresUrl,
    written: writer.written,
    now: clock.now,
    pauseMs: config.rebuildPause,
    presenceKept: { hoursMs: config.historyPresenceHoursKept, daysMs: config.historyPresenceDaysKept },
    // Attempts of all programs differ: 2^47 of them, in steps that leave room for slices.
    nextAttempt: () => randomInt(2 ** 47) * 32,
    log,
    metrics,
    signal: stopper.signal,
  });
  stopper.add('rebuild', () => rebuilder.ended);
  health.probe('timelines', 'reported', () => rebuilder.health());
  return rebuilder;
}

/** Without a folder of the catalog: what is counted can be told to policy only while NATS is there. */
async function openFinishing(program: Program, nats: NatsConnection, history: History, rebuilder: Rebuilder) {
  const { config, clock, log, stopper } = program;
  const catalog = await followSnapshots({ nc: nats, say: (line) => log.info(line) });
  stopper.add('catalog', () => catalog.stop());
  const finishing = startFinishing({
    nats,
    history,
    catalog,
    isLeading: rebuilder.isLeading,
    now: clock.now,
    log,
    signal: stopper.signal,
    periodMs: config.finishPeriod,
  });
  stopper.add('finished rollouts', () => finishing.ended);
  return finishing;
}

const findingsCloseMs = 1_000;

function openVerifier(program: Program, nats: NatsConnection, store: Store, history: History) {
  const { config, clock, log, metrics, stopper } = program;
  // Without a spool: what cannot be told now is found again an hour later.
  const appender = makeAppender({ nc: nats, program: 'analytics' });
  stopper.add('findings', () => appender.close(findingsCloseMs));
  const verifier = startVerifier({
    tell: (facts) => appender.appendAll(facts),
    position: makePositions(randomInt(2 ** 32)),
    nats,
    history,
    store,
    now: clock.now,
    log,
    metrics,
    signal: stopper.signal,
    periodMs: config.verifyPeriod,
    patienceMs: 5_000,
  });
  stopper.add('comparison', () => verifier.ended);
  return verifier;
}

function openRetention({ config, clock, log, stopper }: Program, nats: NatsConnection) {
  const retention = startRetention({
    nats,
    keptMs: config.factsKept,
    now: clock.now,
    log,
    signal: stopper.signal,
  });
  stopper.add('retention', () => retention.ended);
  return retention;
}

function openFilling(program: Program, nats: NatsConnection, history: History) {
  const { config, stopper } = program;
  const places = fillingPlaces(nats, history);
  const watch = watchFilling({ ...program, places, rule: toFillRule(config), signal: stopper.signal });
  stopper.add('filling', () => watch.ended);
  return watch;
}

function openReach({ health, stopper }: Program, nats: NatsConnection, history: History) {
  const watch = watchReach({ nats, history, health, signal: stopper.signal });
  stopper.add('reach', () => watch.ended);
  return watch;
}

function openArchive({ log, stopper }: Program, nats: NatsConnection, history: History) {
  const answering = answerArchive({ nats, history, log });
  stopper.add('archive', answering.stop);
  return answering;
}
