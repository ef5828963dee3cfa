// The tree of commands. Commands are loaded when they run, so that `--help` stays fast. The bundle (tools/bundle-cli.ts) holds
// what talks to an API; the commands of a checkout are loaded from the checkout, and the bundle alone does without them.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { registerNouns } from './nouns/nouns.js';
import { toWord } from './reference.js';
import { isAlone, repositoryRoot } from './repository.js';
import { registerReplay } from './replay-command.js';
import { registerSimulate } from './simulate-command.js';

export function makeProgram(): Command {
  const program = new Command('platte')
    .description('An event-sourced update platform for fleets of machines that speak Omaha.')
    .version(readVersion(), '-V, --version', 'print the version')
    .showSuggestionAfterError()
    .showHelpAfterError('  to do: `platte --help` lists the commands.')
    .configureHelp({ minWidthToWrap, subcommandTerm })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'platte: ')) })
    // An option belongs to the command that it stands behind: `instances list --version` is no question for ours.
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText('after', examples);
  program.commandsGroup('On this machine:');
  if (!isAlone()) registerMachine(program);
  registerSimulate(program);
  registerNouns(program);
  if (!isAlone()) registerTasks(program);
  else refuseWithoutCheckout(program);
  return program;
}

/** Who has read of `platte up` and types it where only the bundle is learns what is missing. */
function refuseWithoutCheckout(program: Command): void {
  const absent = new Command();
  registerMachine(absent);
  registerTasks(absent);
  for (const command of absent.commands) {
    const refused = program.command(command.name(), { hidden: true }).allowUnknownOption().allowExcessArguments();
    refused.action(() => {
      throw new Error(
        `${command.name()} needs a checkout of Platte: it uses more than this one file. There it is ./platte ${command.name()}.`,
      );
    });
  }
}

/** Narrower than this a column of words is no help; commander's own 40 leaves a terminal of 80 columns to break words. */
const minWidthToWrap = 20;

/** Its name and what it is about; short names and options are on its own page. */
function subcommandTerm(command: Command): string {
  const given = command.registeredArguments.map((one) => toWord(one));
  return [command.name(), ...given].join(' ');
}

const examples = `
Examples:
  $ ./platte up                                       the whole platform on this machine
  $ ./platte up --demo                                the same, with a fleet that moves
  $ ./platte simulate --instances 2000 --speed 600
  $ ./platte top                                      the fleet at a glance
  $ ./platte why 3d1219c7c4c5404aaa1f6d2a48adfda4     why was this machine not updated?
  $ ./platte timeline stable/amd64 --range 30d        its versions over time, as a plot
  $ ./platte export -o fleet.yaml                     the whole catalog as a file, for diff and apply`;

/** The platform on this machine. */
function registerMachine(program: Command): void {
  program
    .command('up')
    .description('bring the whole platform up on this machine, in the foreground; Ctrl-C stops it')
    .option('--data <dir>', 'where everything is kept', '.platte')
    .option('--listen <address>', 'open the Omaha port to machines on this address (default: loopback only)')
    .option('--demo', 'a simulated fleet beside it, with a rollout under way')
    .option('--verbose', "the programs' logs on the terminal too")
    .action(async (options) => {
      const { up } = await import('./up/up.js');
      process.exitCode = await up(options);
    });

  program
    .command('doctor')
    .description('say what was found, where, which version, and what is missing')
    .option('--data <dir>', 'the folder of the platform to look for', '.platte')
    .action(async (options: { data: string }) => {
      const { doctor } = await import('./doctor.js');
      process.exitCode = await doctor(options);
    });

  registerReplay(program);
}

/** For who works on Platte itself. */
function registerTasks(program: Command): void {
  program.commandsGroup('This checkout:');
  program
    .command('test')
    .description('run the tests: unit, integration (real servers) and journeys (the whole platform)')
    .argument('[filters...]', 'a kind that needs more than Node (cluster), and parts of paths of test files')
    .option('--kind <kinds...>', 'only these kinds: unit, integration, journeys, cluster')
    .option('--changed', 'also the kinds that need more, if files changed that they are about (since PLATTE_TEST_BASE)')
    .action(async (words: string[], options: { kind?: string[]; changed?: true }) => {
      const { runTests } = await import('./tasks/test.js');
      process.exitCode = await runTests(words, options);
    });

  program
    .command('check')
    .description('format, lint, types, boundaries, unused code, lock, OpenAPI and tidy, as one check')
    .option('--fix', 'format what is not, first')
    .action(async (options: { fix?: boolean }) => {
      const { runChecks } = await import('./tasks/check.js');
      process.exitCode = await runChecks({ fix: options.fix === true });
    });

  program
    .command('advisories')
    .description('known weaknesses of the dependencies; exits with 69 where the registry tells none')
    .action(async () => {
      const { runScript } = await import('./tasks/script.js');
      process.exitCode = await runScript('tools/advisories.ts', []);
    });

  registerBench(program);
  registerChaos(program);

  program
    .command('fuzz')
    .description('look for a request on which the two parsers disagree; what is found becomes a regression case')
    .option('--seconds <n>', 'how long', '30')
    .option('--seed <n>', 'repeat a run')
    .action(async (options: { seconds: string; seed?: string }) => {
      const { runTestScript } = await import('./tasks/script.js');
      const seed = options.seed === undefined ? [] : ['--seed', options.seed];
      process.exitCode = await runTestScript('clients/fuzz-main.js', ['--seconds', options.seconds, ...seed]);
    });
}

/** Put in by the bundler. */
declare const PLATTE_VERSION: string | undefined;

function registerBench(program: Command): void {
  program
    .command('bench')
    .description('measure, each figure against its baseline in the same run; without a name: all')
    .argument('[names...]', 'which; --list tells their names')
    .option('--list', 'say which benches there are, and which sections')
    .option('--only <sections>', 'only these sections, separated by commas')
    .option('--check', 'exit 1 when a goal is missed')
    .option('--quick', 'a shorter run, for a look')
    .option('--minutes <n>', 'how long to watch memory (default: 10)')
    .option('--instances <n>', 'machines of the largest fleet, where a bench takes that')
    .option('--data <folder>', 'keep the fleets that a bench makes there, and measure them again from there')
    .action(async (names: string[], options: Record<string, string | true>) => {
      const { runTestScript } = await import('./tasks/script.js');
      const flags = Object.entries(options).flatMap(([name, value]) => {
        if (value === true) return [`--${name}`];
        return [`--${name}`, name === 'data' ? resolve(value) : value];
      });
      process.exitCode = await runTestScript('load/main.js', [...names, ...flags]);
    });
}

function registerChaos(program: Command): void {
  program
    .command('chaos')
    .description('break the platform in every way a seed can think of, and check that every promise held')
    .option('--minutes <n>', 'how long the adversary works', '1')
    .option('--seed <n>', 'repeat the faults of a run')
    .option('--machines <n>', 'machines in each of the four groups', '25')
    .option('--control <name>', 'break the platform on purpose; the checks must say so')
    .option('-o, --output <format>', 'text or json', 'text')
    .option('--nats-cluster', 'NATS as a cluster of three with TLS, users and replicated streams')
    .option('--keep', 'keep data and logs also when all is well')
    .action(async ({ natsCluster, ...options }: Record<string, string | boolean>) => {
      const { runTestScript } = await import('./tasks/script.js');
      const flags = Object.entries(options).flatMap(([name, value]) =>
        value === true ? [`--${name}`] : [`--${name}`, String(value)],
      );
      if (natsCluster === true) flags.push('--nats-cluster');
      process.exitCode = await runTestScript('chaos/main.js', flags);
    });
}

function readVersion(): string {
  if (typeof PLATTE_VERSION === 'string') return PLATTE_VERSION;
  const manifest = JSON.parse(readFileSync(join(repositoryRoot(), 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}
