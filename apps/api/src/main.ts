// Api: REST for people and tools. Settings -> stores -> HTTP -> listen; and the same backwards at the end.
import 'reflect-metadata';
import {
  exitBadConfig,
  makePostgresWatch,
  readConfig,
  refuseToStart,
  startChassis,
  waitFor,
  watchStore,
  withPostgresTls,
} from '@platte/service';
import { closeStore, DatabaseIsNewer, migrate, openStore, readClock } from '@platte/state-store';
import { assertReadable, HistoryTooNew, openHistory } from '@platte/history';
import { startApiServer } from './api-server.js';
import { installBootstrapToken } from './bootstrap-token.js';
import { makeRunCommand } from './commands.js';
import { Config } from './config.js';
import { makeIdentify } from './identify.js';
import { refuseListen } from './listen-rule.js';
import { keepTidy } from './keep-tidy.js';
import { makeObserve } from './observe-requests.js';
import { linkNats } from './nats-link.js';
import { suspectNames, toOidcConfig } from './sign-in/oidc-config.js';
import { makeSignIn } from './sign-in/sign-in-routes.js';
import { readVersion } from './version.js';
import { watchParked } from './watch-parked.js';

/** Clients wait half a minute: whoever asks twice of a history that hangs still hears of it, instead of nothing. */
const questionSecondsMax = 12;

const config = withPostgresTls(readConfig(Config));
const oidc = toOidcConfig(config);
const refused = typeof oidc === 'string' ? oidc : refuseListen(config.apiListen, { hasSignIn: oidc !== undefined });
if (typeof oidc === 'string' || refused !== undefined) {
  process.stderr.write(`${refused}\n`);
  process.exit(exitBadConfig);
}

const program = await startChassis('api', Config, config);
const { log, stopper, health, metrics, clock } = program;
const { now } = clock;
for (const problem of oidc ? suspectNames(oidc) : []) log.warn(problem);
const say = (line: string): void => log.info(line);

const nats = linkNats({ config, log, clock, dependency: health.dependency('nats', 'reported'), stopper });
const postgres = makePostgresWatch(program);
const store = openStore({
  url: config.postgresUrl,
  onError: (error) => log.warn({ err: error }, 'a connection broke'),
  onUnanswered: postgres.noteUnanswered,
});
stopper.add('PostgreSQL', () => closeStore(store));
const history = openHistory({
  url: config.clickhouseUrl,
  user: config.clickhouseUser,
  password: config.clickhousePassword ?? '',
  database: config.clickhouseDatabase,
  caFile: config.clickhouseCaFile,
  readSecondsMax: questionSecondsMax,
  log,
});
stopper.add('ClickHouse', () => history.close());

const isNewer = (error: unknown) => error instanceof DatabaseIsNewer;
await waitFor({
  what: 'PostgreSQL',
  attempt: () => migrate(config.postgresUrl),
  say: (line) => {
    postgres.says(line);
    say(line);
  },
  isFinal: isNewer,
  signal: stopper.signal,
}).catch((error: unknown) => (isNewer(error) ? refuseToStart({ log, stopper }, error) : Promise.reject(error)));
await installBootstrapToken(config, store, now());
/** Once: during an upgrade the history may become newer than an api that reads it already. */
let isReadable = false;
async function askHistory(): Promise<void> {
  await history.ping();
  try {
    isReadable ||= await assertReadable(history);
  } catch (error) {
    if (error instanceof HistoryTooNew) await refuseToStart({ log, stopper }, error);
    throw error;
  }
}
postgres.start(() => readClock(store));
const dependency = health.dependency('clickhouse', 'reported');
void watchStore({ name: 'clickhouse', dependency, ping: askHistory }, log, stopper.signal);
void watchParked({ nats, logPrefix: undefined, log, health }, stopper.signal);
void keepTidy({ store, now, log, signal: stopper.signal });

const signIn = oidc && makeSignIn({ config: oidc, store, now, log });
const server = await startApiServer({
  host: config.apiListen,
  port: config.apiPort,
  parts: {
    store,
    history,
    nats,
    logPrefix: undefined,
    runCommand: makeRunCommand({ nats, timeoutMs: config.commandTimeout }),
    log,
    health,
    streamsPerCaller: config.streamsPerCaller,
    now,
    version: readVersion(),
  },
  identify: makeIdentify({ store, now, log, sessions: signIn?.sessions }),
  signIn,
  trustedProxies: config.trustedProxies,
  observe: makeObserve({ log, metrics }),
  requestsPerMinute: config.requestsPerMinute,
});
stopper.add('http', () => server.close());
program.announce({ ports: { api: server.port }, urls: { api: server.url } });
