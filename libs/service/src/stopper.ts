// How a program ends. `running` until the first of: SIGTERM, SIGINT, its parent's IPC channel closing (a killed `up` leaves no
// orphan), or a call of `stop`. Then `stopping`: the steps run one after another, the last added first, within the grace
// time; the process ends with 0 if all of them did their work. A second signal ends it at once, as does an uncaught error.
import type { EventEmitter } from 'node:events';
import { exitBadConfig } from './config.js';
import type { Log } from './log.js';

export interface Stopper {
  /** A step that drains or closes something. What was opened first is closed last. */
  add: (name: string, step: () => Promise<void> | void) => void;
  /** Ends the program in order. Calling it again changes nothing. */
  stop: (cause: string, exitCode?: number) => Promise<void>;
  /** Aborted when stopping begins: for loops that wait. */
  readonly signal: AbortSignal;
}

interface StopperOptions {
  log: Log;
  graceMs: number;
  /** The process, unless a test stands in for it. */
  process?: EventEmitter & { exit(code: number): void; connected?: boolean };
}

export function makeStopper({ log, graceMs, process: host = process }: StopperOptions): Stopper {
  const steps: { name: string; step: () => Promise<void> | void }[] = [];
  const aborter = new AbortController();
  let ending: Promise<void> | undefined;
  let current = '';

  async function runSteps(exitCode: number): Promise<void> {
    let code = exitCode;
    for (const { name, step } of steps.toReversed()) {
      current = name;
      try {
        await step();
      } catch (error) {
        code ||= 1;
        log.error({ err: error, step: name }, 'a step of stopping failed');
      }
    }
    log.info({ exitCode: code }, 'stopped');
    host.exit(code);
  }

  function stop(cause: string, exitCode = 0): Promise<void> {
    if (ending) return ending;
    log.info({ cause }, 'stopping');
    aborter.abort(new Error(`stopping: ${cause}`));
    setTimeout(() => {
      log.error({ graceMs, step: current }, 'stopping took too long: ending now, with this step undone');
      host.exit(1);
    }, graceMs).unref();
    ending = runSteps(exitCode);
    return ending;
  }

  function onSignal(signal: string): void {
    if (ending) {
      log.warn({ signal }, 'a second signal: ending now');
      host.exit(1);
      return;
    }
    void stop(signal);
  }

  function onCrash(error: unknown): void {
    // What waited when stopping began ends with the signal's reason: no crash, the steps are running already.
    if (error === aborter.signal.reason) return;
    log.fatal({ err: error }, 'an error that nobody caught: the program ends');
    host.exit(1);
  }

  host.on('SIGTERM', () => onSignal('SIGTERM'));
  host.on('SIGINT', () => onSignal('SIGINT'));
  host.on('uncaughtException', onCrash);
  host.on('unhandledRejection', onCrash);
  if (host.connected) host.on('disconnect', () => void stop('the parent process is gone'));
  return { add: (name, step) => void steps.push({ name, step }), stop, signal: aborter.signal };
}

/** Ends a program that cannot start with what it was given, with the code that says that a restart would not mend it. */
export async function refuseToStart({ log, stopper }: { log: Log; stopper: Stopper }, error: unknown): Promise<never> {
  const cause = error instanceof Error ? error.message : String(error);
  log.fatal(cause);
  await stopper.stop(cause, exitBadConfig);
  throw error;
}
