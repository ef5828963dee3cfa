// What is killed and comes back: the platform's programs and servers, each kept alive as an orchestrator would, until it is
// told to stay down. A frozen one is let go before it is stopped.
import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunningServer } from '@platte/backing';
import { isReadyMessage } from '@platte/service';

export interface Life {
  name: string;
  /** Resolves when it serves; at once while it does. */
  up(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL, and it stays down until `wake`. */
  down(): void;
  wake(): void;
  /** How often it was started. */
  starts(): number;
  stop(): Promise<void>;
}

const restartPauseMs = 250;

/** @param start resolves when it serves; `exited` tells of its end, however it came */
function keep(name: string, start: () => Promise<Running>): Life {
  let current: Running | undefined;
  let starts = 0;
  let isHeld = false;
  const over = new AbortController();
  let bell = Promise.withResolvers<void>();
  // Stays the same over lives that never served, so that who waits for one gets the first that does.
  let serving = Promise.withResolvers<void>();
  let isServing = false;

  async function live(): Promise<void> {
    while (!over.signal.aborted) {
      if (isHeld) {
        await bell.promise;
        continue;
      }
      try {
        starts++;
        current = await start();
        if (isHeld || over.signal.aborted) current.signal('SIGKILL');
        await Promise.race([current.serves.then(beServing), current.exited]);
        await current.exited;
      } catch {
        // It did not start: the next try says why, in its log.
      }
      current = undefined;
      if (isServing) serving = Promise.withResolvers<void>();
      isServing = false;
      await delay(restartPauseMs);
    }
  }
  function beServing(): void {
    isServing = true;
    serving.resolve();
  }
  const living = live();
  return {
    name,
    up: () => serving.promise,
    signal: (signal) => current?.signal(signal),
    down() {
      isHeld = true;
      current?.signal('SIGKILL');
    },
    wake() {
      isHeld = false;
      bell.resolve();
      bell = Promise.withResolvers<void>();
    },
    starts: () => starts,
    async stop() {
      over.abort();
      bell.resolve();
      current?.signal('SIGCONT');
      await current?.stop();
      await living;
    },
  };
}

interface Running {
  serves: Promise<void>;
  exited: Promise<unknown>;
  signal(signal: NodeJS.Signals): void;
  stop(): Promise<unknown>;
}

/** @param start the same port and the same data each time */
export function keepServer(name: string, start: () => Promise<RunningServer>): Life {
  return keep(name, async () => {
    const server = await start();
    return {
      serves: Promise.resolve(),
      exited: server.exited,
      signal: (signal) => signalTo(server.pid, signal),
      stop: () => server.stop(),
    };
  });
}

export interface ProgramStart {
  name: string;
  main: string;
  env: Record<string, string>;
  logFile: string;
  execArgv: readonly string[];
  /** Told at each start. */
  onReady: (urls: Record<string, string>, ports: Record<string, number>) => void;
}

/** Programs end with us: each sees that its channel is gone. */
export function keepProgram(start: ProgramStart): Life {
  return keep(start.name, async () => {
    const child = forkProgram(start);
    const exited = once(child, 'exit');
    const serves = Promise.withResolvers<void>();
    child.on('message', (message) => {
      if (!isReadyMessage(message)) return;
      start.onReady(message.urls, message.ports);
      serves.resolve();
    });
    return {
      serves: serves.promise,
      exited,
      signal: (signal) => signalTo(child.pid, signal),
      stop: () => {
        child.kill('SIGTERM');
        return exited;
      },
    };
  });
}

function forkProgram({ main, env, logFile, execArgv }: ProgramStart): ChildProcess {
  const log = openSync(logFile, 'a');
  const child = fork(main, [], {
    execArgv: ['--enable-source-maps', ...execArgv],
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  return child;
}

function signalTo(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}
