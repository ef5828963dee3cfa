// Drives the machines: takes what is due from the agenda, posts it with bounded concurrency, tells the machine what happened, and
// puts its next step on the agenda. The machines' clock runs `speed` times faster than ours.
import type { Action, Happening } from '@platte/omaha/client';
import { type Agenda, makeAgenda } from './agenda.js';
import { drawFailure, durations, type Machine, newBootId } from './machine.js';
import { fetchPayload } from './payload.js';
import type { Poster, Reply } from './post.js';
import type { Tally } from './tally.js';

export interface Run {
  machines: Machine[];
  poster: Poster;
  tally: Tally;
  speed: number;
  concurrency: number;
  failureRate: number;
  fetchPayloads: boolean;
  signal: AbortSignal;
}

interface Entry {
  at: number;
  machine: Machine;
  /** The action that it belongs to; -1: a reboot. */
  generation: number;
}

interface Runner extends Run {
  agenda: Agenda<Entry>;
  /** ms on the machines' clock. */
  now: () => number;
  inFlight: number;
  /** Something ended: look what is due. */
  wake: () => void;
}

/** Until every machine is done, or the signal. Machines that are on hold keep it going. */
export async function runMachines(run: Run, now: () => number): Promise<'everybody-done' | 'signal'> {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  const wake = () => {
    clearTimeout(timer);
    if (isOver(runner)) return runner.inFlight === 0 ? end() : undefined;
    performDue(runner);
    timer = setTimeout(wake, pauseMs(runner));
  };
  const runner: Runner = { ...run, agenda: makeAgenda(), now, inFlight: 0, wake };
  for (const machine of run.machines) schedule(runner, machine);
  run.signal.addEventListener('abort', wake);
  wake();
  await over;
  run.signal.removeEventListener('abort', wake);
  return run.signal.aborted ? 'signal' : 'everybody-done';
}

function isOver({ signal, tally, machines }: Runner): boolean {
  return signal.aborted || tally.count('done') === machines.length;
}

/** With all connections busy, an end of one wakes it; the sleep is bounded only so that timers stay in range. */
function pauseMs({ agenda, now, speed, inFlight, concurrency }: Runner): number {
  const untilNext = inFlight < concurrency ? ((agenda.nextAt() ?? Infinity) - now()) / speed : Infinity;
  return Math.max(1, Math.min(1000, untilNext));
}

function performDue(runner: Runner): void {
  const now = runner.now();
  while (runner.inFlight < runner.concurrency) {
    const entry = runner.agenda.takeDue(now);
    if (entry === undefined) return;
    perform(runner, entry);
  }
}

function perform(runner: Runner, { at, machine, generation }: Entry): void {
  if (generation === -1) {
    if (machine.rebootAt === at) reboot(runner, machine);
    return;
  }
  if (generation !== machine.generation) return;
  runner.tally.late((runner.now() - at) / runner.speed);
  const { action } = machine.engine;
  if (action.do === 'post') void post(runner, machine);
  else if (action.do === 'download' && runner.fetchPayloads) void download(runner, machine, action);
  else tell(runner, machine, outcomeOf(machine, action.do));
}

async function post(runner: Runner, machine: Machine): Promise<void> {
  const { generation } = machine;
  const { action } = machine.engine;
  const start = performance.now();
  runner.inFlight++;
  const reply = await runner.poster.post(machine.engine.compose());
  runner.inFlight--;
  if (!runner.signal.aborted) {
    runner.tally.answered(reply.status, performance.now() - start);
    // Else it was rebooted meanwhile: nobody is there to read the reply.
    if (generation === machine.generation) {
      tell(runner, machine, { kind: 'reply', ...reply });
      if (action.do === 'post' && action.carries === 'check') noteAnswer(runner, machine, reply);
    }
  }
  runner.wake();
}

async function download(runner: Runner, machine: Machine, action: Extract<Action, { do: 'download' }>): Promise<void> {
  const { generation } = machine;
  runner.inFlight++;
  const errorCode = await fetchPayload(action.url, action.size, action.sha256, runner.signal);
  runner.inFlight--;
  if (!runner.signal.aborted && generation === machine.generation) {
    tell(runner, machine, errorCode === 0 ? { kind: 'downloaded' } : { kind: 'failed', errorCode });
  }
  runner.wake();
}

const errorCodes = { download: 9, apply: 5 };

function outcomeOf(machine: Machine, done: 'prepare' | 'download' | 'apply'): Happening {
  if (done === 'prepare') return { kind: 'prepared' };
  if (machine.fate === done) return { kind: 'failed', errorCode: errorCodes[done] };
  return done === 'download' ? { kind: 'downloaded' } : { kind: 'applied' };
}

/** Tells the machine what happened, and notes in which phase that puts it. */
function tell(runner: Runner, machine: Machine, happening: Happening): void {
  const before = machine.engine.status;
  machine.engine.take(happening, runner.now());
  const { status } = machine.engine;
  if (happening.kind === 'failed') {
    runner.tally.attempts.failed++;
    runner.tally.enter(machine, 'failed');
  } else if (status !== before) {
    notePhase(runner, machine);
  }
  schedule(runner, machine);
}

function notePhase({ tally, failureRate }: Runner, machine: Machine): void {
  switch (machine.engine.status) {
    case 'preparing':
      tally.attempts.started++;
      machine.fate = drawFailure(machine.draw, failureRate);
      return tally.enter(machine, 'granted');
    case 'downloading':
      return tally.enter(machine, 'downloading');
    case 'applying':
      return tally.enter(machine, 'installing');
    case 'awaiting-reboot':
      return tally.enter(machine, 'awaiting-reboot');
    case 'idle':
    case 'checking':
    case 'reporting':
      return undefined;
  }
  return machine.engine.status satisfies never;
}

/** Nothing is left to do for such a machine. */
const doneReasons = new Set(['up-to-date', 'ahead-of-channel']);

/** What a check that brought no update says of the machine. Real clients ignore `info`; people would like to know. */
function noteAnswer(runner: Runner, machine: Machine, reply: Reply): void {
  if (machine.engine.status !== 'idle' || reply.status !== 200) return;
  machine.reason = /<updatecheck [^>]*info="([^"]*)"/.exec(reply.body)?.[1] ?? '';
  const isDone = doneReasons.has(machine.reason) || (machine.reason === '' && machine.isUpdated);
  runner.tally.enter(machine, isDone ? 'done' : 'on-hold');
}

/** It counts as done when its first check with the new version was answered. */
function reboot(runner: Runner, machine: Machine): void {
  const rollsBack = machine.fate === 'rollback';
  const { attempts } = runner.tally;
  machine.rebootAt = null;
  machine.isUpdated ||= !rollsBack;
  machine.engine.take({ kind: rollsBack ? 'rolled-back' : 'rebooted', bootId: newBootId(machine) }, runner.now());
  if (rollsBack) attempts.rolledBack++;
  else attempts.completed++;
  if (rollsBack) runner.tally.enter(machine, 'failed');
  schedule(runner, machine);
}

function schedule(runner: Runner, machine: Machine): void {
  const generation = ++machine.generation;
  runner.agenda.add({ at: dueAt(runner, machine), machine, generation });
  if (machine.engine.status !== 'awaiting-reboot' || machine.rebootAt !== null) return;
  machine.rebootAt = runner.now() + durations.untilReboot(machine.draw);
  runner.agenda.add({ at: machine.rebootAt, machine, generation: -1 });
}

/** When the pending action is due, or, for one that takes time, over. */
function dueAt({ now, fetchPayloads }: Runner, { engine, draw }: Machine): number {
  const { action } = engine;
  switch (action.do) {
    case 'post':
      return action.at;
    case 'prepare':
      return now() + durations.prepare(draw);
    case 'download':
      return now() + (fetchPayloads ? 0 : durations.download(draw, action.size));
    case 'apply':
      return now() + durations.apply(draw);
  }
  return action satisfies never;
}
