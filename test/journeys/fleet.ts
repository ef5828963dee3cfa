// Machines that live in the platform's time: the model of update_engine decides what they post and when; here are the
// network, the disk and whoever reboots them. Time goes in steps: in each, every machine does all that has become due.
import { type Happening, makeUpdateEngine, type UpdateEngine } from '@platte/omaha/client';
import { makeDraw } from '../chance.js';
import type { PlatformClock } from './clock.js';
import { postOmaha, profileOf } from './machines.js';

const minuteMs = 60_000;
const stepMs = 5 * minuteMs;
const downloadMs = 10 * minuteMs;
const untilRebootMs = 15 * minuteMs;
const downloadFailed = 9;
/** Nobody is there, as a killed ingress. */
const noAnswer = { status: 0, text: '' };

export interface LivingMachine {
  id: string;
  engine: UpdateEngine;
  /** What it posted, in short: `check`, `event 13/1`, `ping`. */
  transcript: string[];
  /** The answer to its last check, for whoever reads why a test failed. */
  heard: string;
  /** Its next download breaks off. */
  failsDownload: boolean;
  /** When the download that is under way is over, or somebody reboots it; null: neither. */
  dueAt: number | null;
}

export interface FleetStart {
  url: string;
  track: string;
  count: number;
  clock: PlatformClock;
  version?: string;
}

export interface Fleet {
  machines: LivingMachine[];
  /** Moves the platform's time up to then, and lets the machines live. */
  liveUntil(time: number): Promise<void>;
  /** All that has become due by now. */
  act(): Promise<void>;
  /** Every machine is told by its operator to check now. */
  askNow(): Promise<void>;
}

export function makeFleet({ url, track, count, clock, version = '1000.0.0' }: FleetStart): Fleet {
  const machines = Array.from({ length: count }, (_, index) => {
    const id = `${track}-${index + 1}`;
    const draw = makeDraw(index + 1);
    const engine = makeUpdateEngine({
      profile: profileOf(id, track),
      version,
      bootId: bootIdOf(index),
      now: clock.now(),
      draw,
    });
    return { id, engine, transcript: [], heard: '', failsDownload: false, dueAt: null };
  });
  const act = async (): Promise<void> => {
    await Promise.all(machines.map((machine) => actOne(url, machine, clock.now())));
  };
  const fleet: Fleet = {
    machines,
    act,
    liveUntil: (time) => liveTogether([fleet], clock, time),
    async askNow() {
      for (const { engine } of machines) engine.take({ kind: 'asked' }, clock.now());
      await act();
    },
  };
  return fleet;
}

/** Fleets beside each other, in the same time. */
export async function liveTogether(fleets: readonly Fleet[], clock: PlatformClock, time: number): Promise<void> {
  while (clock.now() < time) {
    await clock.moveTo(Math.min(time, clock.now() + stepMs));
    for (const fleet of fleets) await fleet.act();
  }
}

async function actOne(url: string, machine: LivingMachine, now: number): Promise<void> {
  for (let happened = await nextOf(url, machine, now); happened !== null; happened = await nextOf(url, machine, now)) {
    machine.engine.take(happened, now);
    if (machine.engine.status === 'awaiting-reboot') machine.dueAt ??= now + untilRebootMs;
  }
}

/** What happens to it by now; null when it waits. */
async function nextOf(url: string, machine: LivingMachine, now: number): Promise<Happening | null> {
  const { action, status } = machine.engine;
  if (status === 'awaiting-reboot' && isOver(machine, now)) return { kind: 'rebooted', bootId: bootIdOf(now) };
  switch (action.do) {
    case 'post':
      return action.at > now ? null : post(url, machine);
    case 'prepare':
      return { kind: 'prepared' };
    case 'download':
      machine.dueAt ??= now + downloadMs;
      return isOver(machine, now) ? endDownload(machine) : null;
    case 'apply':
      return { kind: 'applied' };
  }
  return action satisfies never;
}

function isOver(machine: LivingMachine, now: number): boolean {
  if (machine.dueAt === null || machine.dueAt > now) return false;
  machine.dueAt = null;
  return true;
}

function endDownload(machine: LivingMachine): Happening {
  if (!machine.failsDownload) return { kind: 'downloaded' };
  machine.failsDownload = false;
  return { kind: 'failed', errorCode: downloadFailed };
}

async function post(url: string, machine: LivingMachine): Promise<Happening> {
  const body = machine.engine.compose();
  machine.transcript.push(inShort(body));
  const { status, text } = await postOmaha(url, body).catch(() => noAnswer);
  machine.heard = /<updatecheck .*/.exec(text)?.[0] ?? machine.heard;
  return { kind: 'reply', status, body: text };
}

function inShort(body: string): string {
  const [, type, result] = /eventtype="(\d+)" eventresult="(\d+)"/.exec(body) ?? [];
  const previous = /previousversion="([^"]+)"/.exec(body)?.[1];
  if (body.includes('<updatecheck>')) return previous === undefined ? 'check' : `check after ${previous}`;
  return type === undefined ? 'ping' : `event ${type}/${result}`;
}

function bootIdOf(number: number): string {
  return `{51c48fcd-fbfa-46de-bfe2-${String(number).padStart(12, '0')}}`;
}
