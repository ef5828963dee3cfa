// A fleet of update_engines that remember every answer they got. Their clocks run faster than ours, so that a poll takes
// seconds; each POST carries a token of its own in `installsource`, which the check-in's fact repeats: by it every answer is
// found in the log again.
import { Agent, request } from 'node:http';
import { type Happening, makeUpdateEngine, readCheckAnswer, type UpdateEngine } from '@platte/omaha/client';
import { profileOf } from '../journeys/machines.js';
import { type Draw, makeDraw, oneOf } from '../chance.js';

/** One POST, and what came of it. Times are `performance.now()` of this process. */
export interface Told {
  token: string;
  machine: string;
  group: number;
  /** Whom it asked. */
  ingress: string;
  version: string;
  /** An event that is none of a check's own: it makes a fact beside the check-in. */
  event: { type: number; result: number } | null;
  asked: boolean;
  sentAt: number;
  answeredAt: number;
  /** 0: no HTTP answer, so nothing was promised. */
  status: number;
  /** The version on offer; null: none. */
  offered: string | null;
  /** What a machine could not have understood. */
  invalid: string | null;
}

export interface Endpoint {
  ingress: string;
  url: string;
}

export interface FleetOptions {
  seed: number;
  tracks: readonly string[];
  perTrack: number;
  /** How many times faster their clocks run. */
  speed: number;
  endpoints: readonly Endpoint[];
  onTold: (told: Told) => void;
}

export interface ChaosFleet {
  /** Nobody posts until `resume`; resolves when the last POST is answered or given up. */
  pause: () => Promise<void>;
  resume: () => void;
  /** One check each of so many machines that nobody has seen: of a crowd, not of the fleet. */
  flood(posts: number): Promise<void>;
  stop(): Promise<void>;
}

interface Machine {
  id: string;
  group: number;
  engine: UpdateEngine;
  draw: Draw;
  posts: number;
  boots: number;
}

const firstVersion = '1000.0.0';
/** update_engine itself gives up after minutes; what matters is that a machine does go on. */
const answerWithinMs = 12_000;
const shares = { failedDownload: 0.06, rolledBack: 0.03, crashed: 0.03 };
const failedDownload = 9;
const floodConnections = 48;
const idleMsMax = 20_000;

export function startFleet(options: FleetOptions): ChaosFleet {
  const epoch = Date.now() - performance.now();
  const now = (): number => epoch + performance.now() * options.speed;
  // Let go well before ingress would (65 s): a request on a connection that is just being closed gets no answer, which is nobody's fault.
  const agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: idleMsMax });
  const gate = makeGate();
  const machines = options.tracks.flatMap((track, group) =>
    Array.from({ length: options.perTrack }, (_, index) => makeMachine(options.seed, track, group, index, now())),
  );
  let crowds = 0;
  const living = machines.map((machine) => live(machine, options, agent, gate, now));
  return {
    pause: gate.close,
    resume: gate.open,
    async flood(posts) {
      const crowd = Array.from({ length: posts }, (_, index) =>
        makeMachine(options.seed, options.tracks[0]!, 0, options.perTrack + crowds + index, now()),
      );
      crowds += posts;
      let next = 0;
      const postOn = async (): Promise<void> => {
        for (let machine = crowd[next++]; machine !== undefined; machine = crowd[next++]) {
          const one = machine;
          await gate.pass(() => post(one, options, agent));
        }
      };
      await Promise.all(Array.from({ length: floodConnections }, postOn));
    },
    async stop() {
      gate.end();
      agent.destroy();
      await Promise.all(living);
    },
  };
}

function makeMachine(seed: number, track: string, group: number, index: number, now: number): Machine {
  const draw = makeDraw(seed * 1_000_003 + group * 10_007 + index);
  const id = `${track}-${index + 1}`;
  // The whole fleet's first checks within one poll, as of a fleet that has been there for long.
  const start = now - draw() * 45 * 60_000;
  const engine = makeUpdateEngine({
    profile: profileOf(id, track),
    version: firstVersion,
    bootId: bootIdOf(index, 0),
    now: start,
    draw,
  });
  return { id, group, engine, draw, posts: 0, boots: 0 };
}

async function live(
  machine: Machine,
  options: FleetOptions,
  agent: Agent,
  gate: Gate,
  now: () => number,
): Promise<void> {
  while (!gate.isOver()) {
    const { action } = machine.engine;
    if (action.do === 'post') {
      await gate.sleep(Math.max(0, (action.at - now()) / options.speed));
      if (machine.engine.status === 'awaiting-reboot' && machine.draw() < 0.5) {
        machine.engine.take(rebootOf(machine), now());
        continue;
      }
      const reply = await gate.pass(() => post(machine, options, agent));
      if (reply !== null) machine.engine.take(reply, now());
      continue;
    }
    await gate.sleep(machine.draw() * 1_500);
    machine.engine.take(endOf(machine, action.do), now());
  }
}

function rebootOf(machine: Machine): Happening {
  const bootId = bootIdOf(machine.group, ++machine.boots);
  return machine.draw() < shares.rolledBack ? { kind: 'rolled-back', bootId } : { kind: 'rebooted', bootId };
}

function endOf(machine: Machine, doing: 'prepare' | 'download' | 'apply'): Happening {
  if (machine.draw() < shares.crashed) return { kind: 'restarted' };
  if (doing === 'prepare') return { kind: 'prepared' };
  if (doing === 'apply') return { kind: 'applied' };
  return machine.draw() < shares.failedDownload
    ? { kind: 'failed', errorCode: failedDownload }
    : { kind: 'downloaded' };
}

async function post(machine: Machine, options: FleetOptions, agent: Agent): Promise<Happening> {
  const token = `${machine.id}.${++machine.posts}`;
  const body = machine.engine.compose().replace(/installsource="[^"]*"/, `installsource="${token}"`);
  const sentAt = performance.now();
  const { ingress, url } = oneOf(machine.draw, options.endpoints);
  const reply = await send(url, body, agent);
  const told = { token, ingress, machine: machine.id, group: machine.group, version: machine.engine.version };
  options.onTold({ ...told, ...contentOf(body), sentAt, answeredAt: performance.now(), ...heard(reply, body) });
  return { kind: 'reply', ...reply };
}

function contentOf(body: string): Pick<Told, 'event' | 'asked'> {
  const found = /eventtype="(\d+)" eventresult="(\d+)"(?: errorcode="[^"]*")?(?: previousversion="([^"]*)")?/.exec(
    body,
  );
  const event = found === null ? null : { type: Number(found[1]), result: Number(found[2]) };
  const isHeartbeat = event?.type === 3 && event.result === 2 && ['', '0.0.0.0'].includes(found?.[3] ?? '');
  return { event: isHeartbeat ? null : event, asked: body.includes('<updatecheck>') };
}

function heard({ status, body }: Reply, sent: string): Pick<Told, 'status' | 'offered' | 'invalid'> {
  if (status !== 200 || !sent.includes('<updatecheck>')) return { status, offered: null, invalid: null };
  const answer = readCheckAnswer(body);
  if (answer.kind === 'invalid') return { status, offered: null, invalid: body.slice(0, 500) };
  const isError = /status="error/.test(body) ? body.slice(0, 500) : null;
  return { status, offered: answer.kind === 'offer' ? answer.offer.version : null, invalid: isError };
}

interface Reply {
  status: number;
  body: string;
}

const noAnswer: Reply = { status: 0, body: '' };

function send(url: string, body: string, agent: Agent): Promise<Reply> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'text/xml', 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { method: 'POST', agent, headers, timeout: answerWithinMs }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
      // Half an answer is none: the machine may not act on it.
      response.on('close', () => resolve(noAnswer));
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(noAnswer));
    sent.end(body);
  });
}

function bootIdOf(group: number, boot: number): string {
  return `{51c48fcd-fbfa-46de-b${String(group).padStart(3, '0')}-${String(boot).padStart(12, '0')}}`;
}

interface Gate {
  isOver(): boolean;
  /** Sooner when the fleet is stopped. */
  sleep(ms: number): Promise<void>;
  /** null: it is over, and nothing was done. */
  pass<T>(work: () => Promise<T>): Promise<T | null>;
  close: () => Promise<void>;
  open: () => void;
  end(): void;
}

/** Through which all POSTs go. */
function makeGate(): Gate {
  const over = new AbortController();
  let opened = Promise.resolve();
  let open = (): void => {};
  const passing = new Set<Promise<unknown>>();
  return {
    isOver: () => over.signal.aborted,
    sleep: (ms) =>
      new Promise((resolve) => {
        if (over.signal.aborted) return resolve();
        const done = (): void => {
          clearTimeout(timer);
          over.signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        over.signal.addEventListener('abort', done);
      }),
    async pass(work) {
      await opened;
      if (over.signal.aborted) return null;
      const done = work();
      passing.add(done);
      return await done.finally(() => passing.delete(done));
    },
    async close() {
      const { promise, resolve } = Promise.withResolvers<void>();
      opened = promise;
      open = resolve;
      await Promise.all(passing);
    },
    open: () => open(),
    end() {
      over.abort();
      open();
    },
  };
}
