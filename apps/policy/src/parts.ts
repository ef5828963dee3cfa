// What the program has from its start, before Nest: settings, chassis, PostgreSQL with its schema, NATS with its streams.
// Each is waited for, in this order, saying so; nothing is served before all are there.
import { randomInt } from 'node:crypto';
import {
  connectNats,
  ensureStreams,
  followClockOffset,
  followConnection,
  type NatsConnection,
  NatsRefused,
} from '@platte/fact-log';
import { makePositions, type Position } from '@platte/facts';
import {
  type Chassis,
  type ClockDifference,
  makePostgresWatch,
  refuseToStart,
  toNatsAccess,
  waitFor,
} from '@platte/service';
import { closeStore, DatabaseIsNewer, migrate, openStore, readClock, type Store } from '@platte/state-store';
import type { Config } from './config.js';

type Program = Chassis<Config>;

export interface Parts extends Program {
  store: Store;
  nats: NatsConnection;
  /** PostgreSQL's clock, as far as it is known. */
  storeClock: ClockDifference;
  /** Names the facts that this process makes. */
  nextPosition: (now: number) => Position;
}

export async function openParts(program: Program): Promise<Parts> {
  let clockOffsetMs = 0;
  const { store, storeClock } = await openPostgres(program, () => clockOffsetMs);
  const nats = await openNats(program).catch((error: unknown) =>
    error instanceof NatsRefused ? refuseToStart(program, error) : Promise.reject(error),
  );
  if (program.clock.testMode) {
    const unfollow = followClockOffset(nats, (offsetMs) => {
      clockOffsetMs = offsetMs;
      program.clock.setOffset(offsetMs);
    });
    program.stopper.add('test clock', unfollow);
  }
  return { ...program, store, storeClock, nats, nextPosition: makePositions(randomInt(2 ** 32)) };
}

async function openPostgres(program: Program, clockOffsetMs: () => number) {
  const { config, log, stopper } = program;
  const url = config.postgresUrl;
  const watch = makePostgresWatch(program);
  const isFinal = (error: unknown) => error instanceof DatabaseIsNewer;
  const applied = await waitFor({
    what: `PostgreSQL at ${new URL(url).host}`,
    attempt: () => migrate(url),
    say: (line) => {
      watch.says(line);
      log.info(line);
    },
    isFinal,
    signal: stopper.signal,
  }).catch((error: unknown) => (isFinal(error) ? refuseToStart(program, error) : Promise.reject(error)));
  if (applied.length > 0) log.info({ applied }, 'brought the database to the schema of this version');
  const onError = (error: Error) => log.warn({ err: error }, 'a connection to PostgreSQL broke');
  const { noteUnanswered: onUnanswered } = watch;
  const store = openStore({ url, poolMax: config.postgresPoolMax, clockOffsetMs, onError, onUnanswered });
  stopper.add('PostgreSQL', () => closeStore(store));
  watch.start(() => readClock(store));
  return { store, storeClock: watch.clock };
}

async function openNats({ config, log, health, stopper }: Program): Promise<NatsConnection> {
  const { signal } = stopper;
  const dependency = health.dependency('nats', 'required');
  const say = (line: string) => {
    dependency.down(line);
    log.info(line);
  };
  const nats = await connectNats({ ...toNatsAccess(config), name: 'platte-policy', say, signal });
  stopper.add('NATS', () => nats.drain());
  const streams = { replicas: config.natsReplicas, factsBytesMax: config.factsMax, say, signal };
  for (const difference of (await ensureStreams(nats, streams)).differences)
    log.warn({ difference }, 'a stream is not as this program would make it');
  followConnection(nats, ({ up, server }) => {
    if (up) dependency.up(`connected to ${server}`);
    else dependency.down(`no connection to ${server}`);
  });
  return nats;
}
