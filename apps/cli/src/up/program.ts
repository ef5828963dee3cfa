// One program of the platform as a child process that is kept alive. It is `starting` until it says that it serves,
// `serving` until it exits or no longer answers (then it is killed), `waiting` between an exit and the next start (the pause
// doubles up to ten seconds, and starts anew after a minute of serving), `stopped` for good after stop() or an exit that a
// restart cannot mend.
import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { askHttp } from '@platte/backing';
import { exitBadConfig, isReadyMessage, type ReadyMessage } from '@platte/service';
import { repositoryRoot } from '../repository.js';
import { toProgramEnv } from './program-env.js';
import { watchLiveness } from './watch-liveness.js';

export interface ProgramSpec {
  name: 'policy' | 'ingress' | 'analytics' | 'api';
  env: Record<string, string>;
}

export interface RunningProgram {
  name: string;
  /** The process of now; undefined between two lives. */
  pid(): number | undefined;
  /** Resolves with the first ready message; rejects when the program ends for good before it. */
  ready: Promise<ReadyMessage>;
  stop(): Promise<void>;
}

interface Options {
  logFile: string;
  say: (line: string) => void;
  verbose: boolean;
  /** Called at every start that serves: ports may have changed. */
  onServing: (message: ReadyMessage, pid: number) => void;
}

const portVariables = { omaha: 'PLATTE_PORT', api: 'PLATTE_API_PORT' };
/** A program has ended because of a setting, and a restart would find it just as wrong. */
export class BadSettings extends Error {}

const pauseMsMin = 250;
const pauseMsMax = 10_000;
const settledMs = 60_000;
/** Programs drain within 10 s; after that they are not going to. */
const stopMsMax = 15_000;

export function startProgram(spec: ProgramSpec, options: Options): RunningProgram {
  const { logFile } = options;
  const ready = Promise.withResolvers<ReadyMessage>();
  // Nobody may be waiting yet when it fails; whoever waits later still gets the error.
  ready.promise.catch(() => {});
  const ports = new Map<string, string>();
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = pauseMsMin;
  let stopped = false;

  function start(): void {
    const begun = Date.now();
    const started = forkProgram(spec, ports, options);
    const ended = new AbortController();
    child = started;
    started.on('message', (message) => {
      if (!isReadyMessage(message)) return;
      keepPorts(ports, message);
      options.onServing(message, started.pid!);
      ready.resolve(message);
      void watchLiveness({ ask: askLivez(message), onSilent: (why) => end(started, why), signal: ended.signal });
    });
    started.once('exit', (code, signal) => {
      ended.abort();
      child = undefined;
      if (!stopped) restart(code, signal, Date.now() - begun);
    });
  }

  /** A program that hangs reads no signal that it could follow. */
  function end(silent: ChildProcess, why: string): void {
    if (stopped) return;
    options.say(`${spec.name} does not answer at /livez (${why}): ending it. Its log: ${logFile}`);
    silent.kill('SIGKILL');
  }

  function restart(code: number | null, signal: string | null, livedMs: number): void {
    const how = signal === null ? `exit code ${code}` : signal;
    if (code === exitBadConfig) {
      stopped = true;
      ready.reject(new BadSettings(`${spec.name} cannot start: ${causeOfDeath(logFile)}\nIts log: ${logFile}`));
      return;
    }
    if (livedMs > settledMs) pauseMs = pauseMsMin;
    options.say(`${spec.name} ended (${how}); starting it again. Its log: ${logFile}`);
    timer = setTimeout(start, pauseMs);
    pauseMs = Math.min(pauseMs * 2, pauseMsMax);
  }

  async function stop(): Promise<void> {
    stopped = true;
    clearTimeout(timer);
    ready.reject(new Error(`${spec.name} was stopped`));
    const last = child;
    if (last === undefined) return;
    const gone = new Promise<void>((resolve) => last.once('exit', () => resolve()));
    last.kill('SIGTERM');
    const force = setTimeout(() => last.kill('SIGKILL'), stopMsMax);
    await gone;
    clearTimeout(force);
  }

  start();
  return { name: spec.name, pid: () => child?.pid, ready: ready.promise, stop };
}

const askLivez = ({ urls }: ReadyMessage) => askHttp(`${urls['internal']}/livez`);

/** A program that was given free ports comes back on the same: whoever knows its address goes on knowing it. */
function keepPorts(env: Map<string, string>, { ports }: ReadyMessage): void {
  for (const [purpose, variable] of Object.entries(portVariables)) {
    const port = ports[purpose];
    if (port !== undefined) env.set(variable, String(port));
  }
}

/** In a session of its own, so that Ctrl-C reaches only `up`, which then stops the programs in their order. */
function forkProgram(
  spec: ProgramSpec,
  ports: ReadonlyMap<string, string>,
  { logFile, verbose }: Options,
): ChildProcess {
  const log = verbose ? 'inherit' : openSync(logFile, 'a', 0o600);
  const child = fork(join(repositoryRoot(), 'apps', spec.name, 'dist', 'main.js'), [], {
    detached: true,
    env: { ...toProgramEnv(process.env).env, ...spec.env, ...Object.fromEntries(ports) },
    execArgv: ['--enable-source-maps'],
    stdio: ['ignore', log, log, 'ipc'],
  });
  if (typeof log === 'number') closeSync(log);
  return child;
}

/** The last fatal line of a program's log, else its last lines as they are. */
function causeOfDeath(logFile: string): string {
  const lines = tail(logFile).split('\n');
  const fatal = lines.findLast((line) => line.includes('"level":"fatal"'));
  return fatal === undefined ? lines.join('\n') : (JSON.parse(fatal) as { message: string }).message;
}

/** What a program says last in its log: what it waits for, while it starts. */
export function lastWords(logFile: string): string {
  const line = tail(logFile).split('\n').at(-1) ?? '';
  try {
    return (JSON.parse(line) as { message?: string }).message ?? line;
  } catch {
    return line;
  }
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-10).join('\n');
}
