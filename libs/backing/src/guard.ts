// No server outlives the process that started it: each runs under a guard, a shell that holds the reading end of a pipe
// whose only writing end is ours. The pipe closes when we stop the server, and just so when we crash or are killed with
// SIGKILL; the guard then sends the stop signal, waits for the grace, and kills.
//
//   running  -> stopping   the pipe closed: our stop(), our end, or the end of the guard's own first shell
//   stopping -> gone       the server ended by itself, or was killed after the grace
//
// A shell, not a Node process: it costs 1 MB and 2 ms where Node costs 45 MB and 40 ms, for each of three servers. Guard
// and server have a session of their own, so that Ctrl-C in a terminal reaches the programs first, which must drain while
// their servers still run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

export interface GuardOptions {
  command: string;
  args: readonly string[];
  cwd?: string | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
  /** What asks this server to stop cleanly. INT only reaches one that sets its own handler: shells start with it ignored. */
  stopSignal?: 'TERM' | 'INT' | undefined;
  /** How long a clean stop may take before the server is killed. */
  graceSeconds: number;
  /** Each line the server writes, of both its outputs. */
  log: (line: string) => void;
}

export interface ServerExit {
  /** As a shell says it: above 128 it is 128 plus the signal that ended the server. */
  code: number;
  /** The server's last words, newest last: what an error message should quote. */
  lastLines: string[];
}

export interface Guarded {
  /** The server's own process, not the guard's. */
  pid: number;
  exited: Promise<ServerExit>;
  /** Asks the server to stop, and resolves when it is gone, killed after the grace if need be. */
  stop(): Promise<ServerExit>;
}

const lastLinesMax = 20;

// The first shell waits for the server, so that it can tell its exit code; the second waits for the pipe. Each does its
// part when the other was killed. Nothing but the second keeps the reading end: 4 is closed in the server.
const script = `
signal=$1 grace=$2; shift 2
exec 4<&0
"$@" </dev/null 3>&- 4<&- &
server=$!
echo "$server" >&3
exec 3>&-
(
  read -r _
  kill -s "$signal" "$server"
  waited=0
  while kill -0 "$server" && [ "$waited" -lt "$grace" ]; do sleep 1; waited=$((waited + 1)); done
  kill -s KILL "$server"
) <&4 >/dev/null 2>&1 &
watcher=$!
exec 4<&-
wait "$server"
code=$?
kill "$watcher" 2>/dev/null
exit "$code"
`;

/** @throws when the command could not be started at all; that it ended at once is told by `exited` */
export async function spawnGuarded(options: GuardOptions): Promise<Guarded> {
  const { command, args, stopSignal = 'TERM', graceSeconds, log } = options;
  const guard = spawn('/bin/sh', ['-c', script, 'guard', stopSignal, String(graceSeconds), command, ...args], {
    cwd: options.cwd,
    env: options.env ?? withoutSettings(process.env),
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  const lastLines: string[] = [];
  const note = (line: string): void => {
    lastLines.push(line);
    if (lastLines.length > lastLinesMax) lastLines.shift();
    log(line);
  };
  const outputs = [guard.stdout, guard.stderr].map((output) => readLines(output, note));
  // The pipe breaks when the guard ends first: that is told by its exit, not by an error.
  guard.stdin.on('error', () => {});
  const exited = once(guard, 'exit').then(async ([code, signal]): Promise<ServerExit> => {
    guard.stdin.destroy();
    await Promise.race([Promise.all(outputs), passing(1000)]);
    return { code: typeof code === 'number' ? code : 128 + (signal === 'SIGKILL' ? 9 : 15), lastLines };
  });
  const pid = await readPid(guard.stdio[3]);
  return { pid, exited, stop: () => stopGuarded({ pid, exited, closePipe: () => guard.stdin.end(), graceSeconds }) };
}

/** Settings of programs, secrets among them, are nothing to a server. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PLATTE_')));
}

async function stopGuarded(running: {
  pid: number;
  exited: Promise<ServerExit>;
  closePipe: () => void;
  graceSeconds: number;
}): Promise<ServerExit> {
  running.closePipe();
  // Only a guard that was killed itself makes us wait longer than the grace.
  const force = setTimeout(() => killServer(running.pid), (running.graceSeconds + 2) * 1000);
  try {
    return await running.exited;
  } finally {
    clearTimeout(force);
  }
}

function killServer(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

async function readPid(output: unknown): Promise<number> {
  if (!(output instanceof Readable)) throw new Error('the guard shell has no pipe to tell the pid');
  let text = '';
  for await (const chunk of output) text += String(chunk);
  const pid = Number(text.trim());
  if (!Number.isInteger(pid) || pid <= 0) throw new Error('the guard shell could not start the server');
  return pid;
}

async function readLines(output: Readable, note: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: output, crlfDelay: Infinity })) note(line);
}

function passing(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
