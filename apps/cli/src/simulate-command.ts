// `platte simulate`: a fleet in compressed time against any Omaha URL, with its progress on the terminal.
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { exitCodes } from './exit-codes.js';

interface SimulateFlags {
  url?: string;
  instances: number;
  speed: number;
  track: string;
  from: string;
  arch: 'amd64' | 'arm64';
  failures: number;
  seed?: number;
  minutes?: number;
  patience: number;
  data: string;
}

export function registerSimulate(program: Command): void {
  program
    .command('simulate')
    .description('run machines that behave as update_engine does, in compressed time, against an Omaha URL')
    .option('--url <url>', 'the Omaha endpoint (default: the platform that runs here)')
    .option('--instances <n>', 'how many machines', toCount, 2000)
    .option(
      '--speed <factor>',
      'how many times faster their clocks run: at 600, 45 minutes take 4.5 seconds',
      toPositive,
      600,
    )
    .option('--track <name>', 'what they say to land in a group', 'stable')
    .option('--from <version>', 'the version they run at first', '1000.0.0')
    .option('--arch <arch>', 'amd64 or arm64', toArch, 'amd64')
    .option('--failures <percent>', 'share of attempts that fail', toPercent, 1)
    .option('--seed <n>', 'the same seed makes the same machines', toCount)
    .option('--minutes <n>', 'stop after so many real minutes (default: when all have arrived or are held)', toPositive)
    .option(
      '--patience <seconds>',
      'end when all that are left are on hold and nothing moved for so long; 0 waits for ever',
      toCount,
      60,
    )
    .option('--data <dir>', 'the folder of the platform that runs here', '.platte')
    .addHelpText(
      'after',
      '\nExamples:\n  $ ./platte simulate --instances 2000 --speed 600\n  $ ./platte simulate --url http://127.0.0.1:8000/v1/update/ --track beta --minutes 2',
    )
    .action(async (flags: SimulateFlags) => {
      process.exitCode = await runSimulation(flags);
    });
}

async function runSimulation(flags: SimulateFlags): Promise<number> {
  const { readRunFile } = await import('./up/run-file.js');
  const url = flags.url ?? readRunFile(resolve(flags.data))?.urls.omaha;
  if (url === undefined) {
    console.error(
      `platte: no platform runs on ${flags.data}. Start one with ./platte up, or name an endpoint with --url.`,
    );
    return exitCodes.usage;
  }
  const { describeProgress, describeSummary, simulate } = await import('./simulate.js');
  const aborter = new AbortController();
  process.once('SIGINT', () => aborter.abort());
  process.once('SIGTERM', () => aborter.abort());
  const summary = await simulate({
    url,
    instances: flags.instances,
    speed: flags.speed,
    track: flags.track,
    version: flags.from,
    arch: flags.arch,
    failureRate: flags.failures / 100,
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    ...(flags.minutes === undefined ? {} : { durationMs: flags.minutes * 60_000 }),
    patienceMs: flags.patience * 1000,
    signal: aborter.signal,
    onProgress: (progress) => showProgress(describeProgress(progress)),
  });
  if (process.stderr.isTTY) process.stderr.write('\n');
  console.log(describeSummary(summary));
  return exitCodes.ok;
}

/** One line that rewrites itself on a terminal; line by line where a log is read. */
function showProgress(line: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[2K${line}` : `${line}\n`);
}

function toPositive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

function toCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

function toPercent(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 100)) throw new InvalidArgumentError('It must be a percentage, 0 to 100.');
  return value;
}

function toArch(text: string): 'amd64' | 'arm64' {
  if (text !== 'amd64' && text !== 'arm64') throw new InvalidArgumentError('It must be amd64 or arm64.');
  return text;
}
