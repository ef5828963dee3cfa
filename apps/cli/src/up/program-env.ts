// Which variables of the caller's environment the programs of `up` get. Settings that say how a program behaves go on to it; those
// that say where things are do not: they are of another installation, or of the command line itself, and with one of them half
// of the platform would work for somebody else's servers.

/** What `up` says itself, of servers, folders, addresses and first secrets. New settings of these kinds begin just so. */
const wiring = [
  'PLATTE_NATS_',
  'PLATTE_POSTGRES_',
  'PLATTE_CLICKHOUSE_',
  'PLATTE_INTERNAL_',
  'PLATTE_DATA_DIR',
  'PLATTE_LISTEN',
  'PLATTE_BOOTSTRAP_TOKEN',
  'PLATTE_ADMIN_TOKEN',
  'PLATTE_EXAMPLE_PACKAGES',
];
/** About behaviour, although they begin like those. */
const behaviour = new Set(['PLATTE_POSTGRES_POOL_MAX']);
/** Read by `up`, which decides what each program gets. */
const ofUp = new Set(['PLATTE_PORT', 'PLATTE_API_PORT', 'PLATTE_SQL_PORT', 'PLATTE_FACTS_MAX', 'PLATTE_SPOOL_MAX']);
/** Of the command line, which server and as whom, and of its wrapper and tests. */
const ofCommandLine = /^PLATTE_(?:SERVER|TOKEN|CONTEXT|CONFIG|CACHE_DIR|ROOT|TEST_\w+_URL)$/;

export interface ProgramEnv {
  env: NodeJS.ProcessEnv;
  /** Names that were set and have no effect: a person may expect one. */
  ignored: string[];
}

export function toProgramEnv(caller: NodeJS.ProcessEnv): ProgramEnv {
  const ignored = Object.keys(caller).filter((name) => isWiring(name) && caller[name] !== '');
  const env = Object.entries(caller).filter(
    ([name]) => !isWiring(name) && !ofUp.has(name) && !ofCommandLine.test(name),
  );
  return { env: Object.fromEntries(env), ignored: ignored.toSorted() };
}

function isWiring(name: string): boolean {
  return !behaviour.has(name) && wiring.some((start) => name.startsWith(start));
}
