// How ingress is put together. Every provider is made by a factory from those before it; what must end in order tells the
// stopper so where it is made. The last one opens the Omaha route: from then on check-ins are answered.
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import {
  type Appender,
  followClockOffset,
  followSnapshots,
  makeAppender,
  makeRefusedReporter,
  openSpool,
  type Spool,
  type RefusedReporter,
} from '@platte/fact-log';
import { makePositions } from '@platte/facts';
import { decideSubject } from '@platte/rollout';
import { type Chassis, toFillRule, watchFilling } from '@platte/service';
import { type Catalog, describeCatalog, makeCatalog } from './catalog.js';
import { type CheckIns, makeCheckIns } from './check-ins.js';
import type { Config } from './config.js';
import { toExcerpt } from './excerpt.js';
import { fillingPlaces } from './filling.js';
import { followFreed } from './freed-slots.js';
import { type IngressMetrics, makeIngressMetrics } from './ingress-metrics.js';
import { linkNats, type NatsLink } from './nats-link.js';
import type { OmahaRoute } from './omaha-route.js';
import { makeNewMachines } from './new-machines.js';
import { makePolicyQuestions, type PolicyQuestions } from './policy-questions.js';
import { makeSpentGroups, type SpentGroups } from './spent-groups.js';
import { type PollKeeper, startPollKeeper } from './poll-keeper.js';
import { watchClock } from './watch-clock.js';
import { countCheckIns } from './check-in-counters.js';

/** What the program has from its start, before Nest. */
export interface Program extends Chassis<Config> {
  route: OmahaRoute;
  /** Which of several processes on one port this is, from 1: each has its own spool. */
  worker: number;
}

@Module({})
export class IngressModule {
  static of(program: Program): DynamicModule {
    return { module: IngressModule, providers: [{ provide: 'program', useValue: program }, ...providers] };
  }
}

const providers: Provider[] = [
  { provide: 'ingressMetrics', inject: ['program'], useFactory: ({ metrics }: Program) => makeIngressMetrics(metrics) },
  {
    provide: 'nats',
    inject: ['program'],
    useFactory: ({ config, log, health, stopper }: Program) =>
      linkNats({ config, log, stopper, dependency: health.dependency('nats', 'reported') }),
  },
  { provide: 'clockOffset', inject: ['program', 'nats'], useFactory: followClock },
  { provide: 'clock', inject: ['program', 'nats'], useFactory: watchClock },
  { provide: 'appender', inject: ['program', 'nats', 'ingressMetrics'], useFactory: openAppender },
  { provide: 'catalog', inject: ['program', 'nats'], useFactory: followCatalog },
  { provide: 'spentGroups', inject: ['program', 'nats'], useFactory: openSpentGroups },
  { provide: 'questions', inject: ['program', 'nats', 'spentGroups', 'ingressMetrics'], useFactory: openQuestions },
  { provide: 'refusals', inject: ['program', 'nats'], useFactory: openRefusals },
  { provide: 'pollKeeper', inject: ['program'], useFactory: openPollKeeper },
  {
    provide: 'checkIns',
    inject: ['program', 'catalog', 'appender', 'questions', 'spentGroups', 'refusals', 'pollKeeper', 'ingressMetrics'],
    useFactory: openCheckIns,
  },
  { provide: 'openRoute', inject: ['program', 'checkIns', 'refusals', 'ingressMetrics'], useFactory: openRoute },
];

async function openAppender(program: Program, nats: NatsLink, metrics: IngressMetrics): Promise<Appender> {
  const { config, log, health, stopper, worker } = program;
  const say = (line: string) => log.info(line);
  const spool = await openSpool({ folder: join(config.dataDir, `spool-${worker}`), bytesMax: config.spoolMax, say });
  openFilling(program, spool);
  const appender = makeAppender({
    nc: nats.connected,
    program: 'ingress',
    spool,
    say,
    hooks: {
      onStored: ({ facts, waitedMs }) => {
        metrics.batchFacts.observe(facts);
        metrics.ackSeconds.observe(waitedMs / 1000);
      },
    },
  });
  stopper.add('facts', () => appender.close(config.stopGrace / 2));
  health.probe('facts', 'required', () => {
    const { route, spooledBytes, queuedRequests, trouble } = appender.stats();
    const where = `to the ${route}, ${queuedRequests} requests wait, ${spooledBytes} bytes spooled`;
    const detail = trouble === undefined ? where : `${where}; ${trouble}`;
    return { state: !appender.hasRoom() ? 'down' : trouble === undefined ? 'up' : 'warning', detail };
  });
  return appender;
}

function openFilling(program: Program, { folder, bytes }: Spool): void {
  const { config, stopper } = program;
  const places = fillingPlaces({ folder, spooledBytes: bytes, spoolBytesMax: config.spoolMax });
  const watch = watchFilling({ ...program, places, rule: toFillRule(config), signal: stopper.signal });
  stopper.add('filling', () => watch.ended);
}

/** Resolves when there is a catalog to judge by, with applications or without: of NATS, or of the disk while NATS is away. */
async function followCatalog({ config, log, health, stopper, worker }: Program, nats: NatsLink): Promise<Catalog> {
  const catalog = makeCatalog();
  let isKnown = false;
  const follower = await followSnapshots({
    nc: nats.connected,
    cacheFolder: join(config.dataDir, `catalog-${worker}`),
    onChange: catalog.put,
    onRemoved: catalog.remove,
    say: (line) => log.info(line),
  });
  stopper.add('catalog', () => follower.stop());
  health.probe('catalog', 'required', () => ({
    state: isKnown ? 'up' : 'starting',
    detail: describeCatalog(catalog.size(), follower.state()),
  }));
  if (catalog.size() === 0) log.info('waiting for the catalog: policy publishes it');
  await follower.known;
  isKnown = true;
  if (catalog.size() === 0) log.warn('the catalog has no application: every machine gets error-unknownApplication');
  return catalog;
}

function followClock({ clock, stopper }: Program, nats: NatsLink): void {
  if (!clock.testMode) return;
  const follow = (nc: NatsConnection): void => stopper.add('test clock', followClockOffset(nc, clock.setOffset));
  // Whoever connects reports why it could not.
  void nats.connected.then(follow, () => {});
}

function openSpentGroups({ stopper }: Program, nats: NatsLink): SpentGroups {
  const spentGroups = makeSpentGroups();
  const follow = (nc: NatsConnection): void => stopper.add('freed slots', followFreed(nc, spentGroups.forget));
  // Whoever connects reports why it could not.
  void nats.connected.then(follow, () => {});
  return spentGroups;
}

function openQuestions(
  { config, health }: Program,
  nats: NatsLink,
  spentGroups: SpentGroups,
  metrics: IngressMetrics,
): PolicyQuestions {
  const policy = health.dependency('policy', 'reported');
  return makePolicyQuestions({
    waitingMax: config.askedMax,
    onSpent: spentGroups.take,
    request: (payload) => nats.request(decideSubject, payload, config.decideTimeout),
    onAnswered: ({ machines, elapsedMs, error }) => {
      metrics.questionMachines.observe(machines);
      metrics.questionSeconds.observe(elapsedMs / 1000);
      if (error === undefined) policy.up('answers');
      else {
        metrics.questionsFailed.inc();
        policy.down(error.message);
      }
    },
  });
}

function openRefusals({ stopper }: Program, nats: NatsLink): RefusedReporter {
  const refusals = makeRefusedReporter(nats.connected, { program: 'ingress' });
  stopper.add('refused requests', () => refusals.stop());
  return refusals;
}

function openPollKeeper({ config, clock, stopper }: Program): PollKeeper {
  const keeper = startPollKeeper({
    now: clock.now,
    checksPerSecondMax: config.checksPerSecondMax / config.ingressWorkers,
  });
  stopper.add('poll intervals', keeper.stop);
  return keeper;
}

function openCheckIns(
  { config, clock, log }: Program,
  catalog: Catalog,
  appender: Appender,
  questions: PolicyQuestions,
  spentGroups: SpentGroups,
  refusals: RefusedReporter,
  pollKeeper: PollKeeper,
  metrics: IngressMetrics,
): CheckIns {
  const checkIns = makeCheckIns({
    now: clock.now,
    nextPosition: makePositions(randomInt(2 ** 32)),
    findApplication: catalog.find,
    admit: makeNewMachines({ perHour: config.newMachinesPerHour }).admit,
    assumed: { arch: config.unknownArch, track: config.defaultTrack ?? '' },
    refuseSpent: spentGroups.refuse,
    ask: questions.ask,
    append: appender.append,
    hasRoom: appender.hasRoom,
    pollIntervalSeconds: pollKeeper.seconds,
    heldLimits: { checksMax: config.heldChecksMax, requestsMax: config.heldChecksMax * 2 },
    seen: countCheckIns({ metrics, refusals, pollKeeper, now: clock.now, log }),
  });
  metrics.held(checkIns.held);
  metrics.waiting(questions.waiting);
  metrics.queued(() => appender.stats().queuedRequests);
  metrics.pollSeconds(pollKeeper.seconds);
  return checkIns;
}

function openRoute(
  { route, clock }: Program,
  checkIns: CheckIns,
  refusals: RefusedReporter,
  metrics: IngressMetrics,
): OmahaRoute {
  route.open({
    checkIns,
    onRefused: (cause, address, bytes) => {
      metrics.refused.get(cause)?.inc();
      refusals.report(cause, () => ({ at: clock.now(), ip: address, detail: toExcerpt(bytes) }));
    },
  });
  return route;
}
