// `./platte up`: the whole platform on one machine, in the foreground. Servers first, then the programs, all kept alive;
// the first Ctrl-C drains and stops everything in order, a second one ends at once. If `up` itself is killed, the
// programs notice that their channel to it is gone and the servers' guards do the same: nothing is left behind.
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { exitCodes } from '../exit-codes.js';
import { escapeControls } from '../nouns/print/width.js';
import { describePlatform } from './describe.js';
import { describePlan, isReduced } from './disk-plan.js';
import { DiskRefused, planDataFolder } from './disk-room.js';
import { Interrupted, startPlatform } from './platform.js';
import { choosePorts } from './ports.js';
import { BadSettings } from './program.js';
import { toProgramEnv } from './program-env.js';
import type { RunFile } from './run-file.js';
import { makeSecrets } from './secrets.js';
import { holdDataFolder } from './servers.js';

export interface UpOptions {
  data: string;
  listen?: string;
  demo?: boolean;
  verbose?: boolean;
}

/** @returns the process's exit code, after the platform was stopped */
export async function up(options: UpOptions): Promise<number> {
  const dataDir = resolve(options.data);
  // Last words of a program's log are among it.
  const say = (line: string): void => console.error(escapeControls(line));
  const host = options.listen ?? '127.0.0.1';
  const examples = options.listen === undefined;
  await mkdir(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
  const giveBack = await holdDataFolder(dataDir);
  try {
    sayIgnored(say);
    const plan = await planDataFolder(dataDir, process.env);
    if (isReduced(plan)) say(`sizes for the disk that is there: ${describePlan(plan)}`);
    const ports = await choosePorts(process.env, host);
    const secrets = await makeSecrets(dataDir);
    const stopping = untilStopped(say);
    const platform = await startPlatform({
      dataDir,
      secrets,
      ports,
      plan,
      host,
      examples,
      verbose: options.verbose === true,
      say,
      stopping,
    });
    console.log(describePlatform(platform.run, { dataDir, examples }));
    const demo = options.demo === true ? startDemo(platform.run, say) : undefined;
    await stopping;
    await demo?.stop();
    await platform.stop();
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof Interrupted) return exitCodes.interrupted;
    if (error instanceof DiskRefused || error instanceof BadSettings) {
      say(`platte: ${error.message}`);
      return exitCodes.settings;
    }
    throw error;
  } finally {
    await giveBack();
  }
}

function sayIgnored(say: (line: string) => void): void {
  const { ignored } = toProgramEnv(process.env);
  if (ignored.length > 0) say(`without effect here, because up starts its own servers: ${ignored.join(', ')}`);
}

/** A demo that fails is said, and ends nothing: the platform is what was asked for. */
function startDemo(run: RunFile, say: (line: string) => void): { stop(): Promise<void> } {
  const aborter = new AbortController();
  const running = import('./demo.js')
    .then(({ runDemo }) => runDemo(run, say, aborter.signal))
    .catch((error: unknown) => say(`demo: ${error instanceof Error ? error.message : String(error)}`));
  return {
    stop: () => {
      aborter.abort();
      return running;
    },
  };
}

function untilStopped(say: (line: string) => void): Promise<void> {
  const { promise, resolve: stop } = Promise.withResolvers<void>();
  process.once('SIGTERM', () => stop());
  process.once('SIGHUP', () => stop());
  process.once('SIGINT', () => {
    stop();
    process.once('SIGINT', () => {
      say('a second Ctrl-C: ending now; what is still running is ended by its guard');
      process.exit(exitCodes.failed);
    });
  });
  return promise;
}
