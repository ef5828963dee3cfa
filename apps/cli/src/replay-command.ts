// `platte verify` and `platte replay`: the command line of ./replay.
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { type Command, Option } from 'commander';
import { exitCodes } from './exit-codes.js';
import type { Progress } from './replay/progress.js';
import type { Stores } from './replay/stores.js';

interface Flags {
  data: string;
  output: 'text' | 'json';
  dryRun?: boolean;
  yes?: boolean;
  forgetOlder?: boolean;
}

const where = `
Where: the platform that runs on --data, by its run.json; without one PLATTE_NATS_URL, PLATTE_POSTGRES_URL, PLATTE_CLICKHOUSE_URL
and their users and passwords, as analytics has them.

Exit codes: 0 all is well; 1 a difference, or it failed; 2 the settings are wrong, or it was not confirmed.
`;

export function registerReplay(program: Command): void {
  program
    .command('verify')
    .description('rebuild history and machine state from the log beside the live ones, and name the first difference')
    .option('--data <dir>', 'the folder of the platform that runs here', '.platte')
    .option('--dry-run', 'say what would be read and compared')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', `${where}\nExamples:\n  $ ./platte verify\n  $ ./platte verify -o json | jq .first`)
    .action(async (flags: Flags) => {
      process.exitCode = await runVerify(flags);
    });
  program
    .command('replay')
    .description('rebuild history and machine state from the log, and put them in the place of the live ones')
    .option('--data <dir>', 'the folder of the platform that runs here', '.platte')
    .option('--dry-run', 'say what would be read and replaced')
    .option('-y, --yes', 'do not ask')
    .option(
      '--forget-older',
      'also where the copy would have less than the live tables: what is older than log and archive is lost',
    )
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', `${where}\nExamples:\n  $ ./platte replay --dry-run\n  $ ./platte replay --yes`)
    .action(async (flags: Flags) => {
      process.exitCode = await runReplay(flags);
    });
}

async function runVerify(flags: Flags): Promise<number> {
  const { readPlan, verify } = await import('./replay/verify.js');
  const { describeFinding } = await import('./replay/differences.js');
  return withPlatform(flags, async (stores, progress) => {
    if (flags.dryRun) return printPlan(flags, await readPlan(stores));
    const verified = await verify(stores, progress);
    const { compared, differing, first } = verified;
    print(flags, verified, [
      ...compared.map(({ store, table, rows }) => `${store} ${table}: ${rows} rows compared`),
      ...(first === null ? ['no difference'] : [`first of ${differing} differences: ${describeFinding(first)}`]),
    ]);
    return first === null ? exitCodes.ok : exitCodes.failed;
  });
}

async function runReplay(flags: Flags): Promise<number> {
  const { readPlan } = await import('./replay/verify.js');
  const { replay } = await import('./replay/replay.js');
  return withPlatform(flags, async (stores, progress) => {
    const plan = await readPlan(stores);
    if (flags.dryRun) return printPlan(flags, plan);
    if (!flags.yes && !(await isConfirmed(`Replace ${[...plan.clickhouse, ...plan.postgres].join(', ')}?`))) {
      console.error('platte: nothing was changed. Say yes, or give --yes.');
      return exitCodes.usage;
    }
    const replayed = await replay(stores, progress, flags.forgetOlder === true);
    print(flags, replayed, [
      `replaced ${[...replayed.clickhouse, ...replayed.postgres].join(', ')}`,
      `rebuilt up to message ${replayed.sequence} of the log`,
    ]);
    return exitCodes.ok;
  });
}

async function withPlatform(
  flags: Flags,
  work: (stores: Stores, progress: Progress) => Promise<number>,
): Promise<number> {
  const { readRunFile } = await import('./up/run-file.js');
  const { settingsOf, withStores } = await import('./replay/stores.js');
  const { makeProgress } = await import('./replay/progress.js');
  const say = (line: string): void => console.error(`platte: ${line}`);
  const found = settingsOf(readRunFile(resolve(flags.data)));
  if ('problems' in found) {
    say(`no platform runs on ${flags.data}, and the environment does not name one:`);
    for (const problem of found.problems) say(problem);
    return exitCodes.usage;
  }
  return withStores(found.settings, say, (stores) => work(stores, makeProgress(say, Date.now)));
}

type Plan = Awaited<ReturnType<typeof import('./replay/verify.js').readPlan>>;

function printPlan(flags: Flags, plan: Plan): number {
  const { messages, firstSequence, lastSequence, usesArchive, archivedFacts, clickhouse, postgres } = plan;
  const archive = usesArchive ? `, and ${archivedFacts} facts of the archive for what is older` : '';
  print(flags, plan, [
    `reads ${messages} messages of the log, ${firstSequence} to ${lastSequence}${archive}`,
    `ClickHouse: ${clickhouse.join(', ')}`,
    `PostgreSQL: ${postgres.join(', ')}`,
    'nothing was changed',
  ]);
  return exitCodes.ok;
}

function print({ output }: Flags, data: unknown, lines: readonly string[]): void {
  console.log(output === 'json' ? JSON.stringify(data, null, 2) : lines.join('\n'));
}

async function isConfirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} [y/N] `).finally(() => terminal.close());
  return /^y(es)?$/i.test(answer.trim());
}
