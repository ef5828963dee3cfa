// What the adversary does and when: a pure function of the seed, so that a run can be repeated. What a fault meets there
// (which request, which transaction) is up to the machine that it runs on, and differs from run to run.
//
// One of every kind comes first, in an order of the seed's, so that a short run has seen all; then chance alone decides.
import { between, type Draw, makeDraw, oneOf, shuffled } from '../chance.js';

export type Fault =
  /** SIGKILL; whoever keeps it starts it again at once. */
  | { kind: 'kill'; target: string }
  /** SIGTERM: a program drains, and is started again. */
  | { kind: 'restart'; target: string }
  /** SIGKILL, and nobody starts it again before `forMs`. */
  | { kind: 'outage'; target: string; forMs: number }
  /** SIGSTOP, then SIGCONT. */
  | { kind: 'freeze'; target: string; forMs: number }
  /** Connections break, and new ones are refused. */
  | { kind: 'cut'; link: string; forMs: number }
  /** Connections stay, and nothing comes through: what a lost packet's sender sees. */
  | { kind: 'stall'; link: string; forMs: number }
  | { kind: 'delay'; link: string; delayMs: number; forMs: number }
  /** Batches of the log are published again: by their message id, or as new messages. */
  | { kind: 'redeliver'; batches: number; withId: boolean }
  /** NATS is away from every ingress, and a crowd posts until the spools are full and beyond. */
  | { kind: 'flood'; posts: number }
  /** A message that no consumer can read: each parks it and goes on. */
  | { kind: 'poison' }
  /** The whole platform's time goes forward. */
  | { kind: 'move-clock'; byMs: number }
  /** A person pauses a group and resumes it. */
  | { kind: 'pause'; group: number; what: 'group' | 'rollout'; forMs: number }
  /** A person puts another package into a group's channel. */
  | { kind: 'switch'; group: number };

export type FaultKind = Fault['kind'];

export interface Planned {
  atMs: number;
  fault: Fault;
}

export interface Battlefield {
  programs: readonly string[];
  servers: readonly string[];
  links: readonly string[];
  groups: number;
}

/** How often each kind comes, among each other. */
const weights: Readonly<Record<FaultKind, number>> = {
  kill: 6,
  restart: 2,
  outage: 2,
  freeze: 3,
  cut: 4,
  stall: 2,
  delay: 3,
  redeliver: 4,
  flood: 1,
  poison: 1,
  'move-clock': 1,
  pause: 3,
  switch: 3,
};
export const faultKinds = Object.keys(weights) as FaultKind[];

/** A fault each so often: some overlap, and between others the platform is whole again. */
const gapMs = [400, 3_200] as const;
/** The first machines have been granted something by then. */
const firstAtMs = 2_000;

export function planFaults(seed: number, durationMs: number, field: Battlefield): Planned[] {
  const draw = makeDraw(seed);
  const first = shuffled(faultKinds, draw);
  const planned: Planned[] = [];
  for (let atMs = firstAtMs; atMs < durationMs; atMs += between(draw, ...gapMs)) {
    const kind = first[planned.length] ?? drawKind(draw);
    planned.push({ atMs, fault: drawFault(kind, draw, field, durationMs - atMs) });
  }
  return planned;
}

function drawKind(draw: Draw): FaultKind {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  let rest = draw() * total;
  return faultKinds.find((kind) => (rest -= weights[kind]) < 0) ?? 'kill';
}

function drawFault(kind: FaultKind, draw: Draw, field: Battlefield, leftMs: number): Fault {
  const everything = [...field.programs, ...field.servers];
  const lasting = (low: number, high: number) => Math.min(between(draw, low, high), Math.max(200, leftMs));
  switch (kind) {
    case 'kill':
      return { kind, target: oneOf(draw, everything) };
    case 'restart':
      return { kind, target: oneOf(draw, field.programs) };
    case 'outage':
      return { kind, target: oneOf(draw, everything), forMs: lasting(1_500, 9_000) };
    case 'freeze':
      // PostgreSQL is many processes: its postmaster alone would only refuse new connections.
      return {
        kind,
        target: oneOf(
          draw,
          everything.filter((name) => name !== 'postgres'),
        ),
        forMs: lasting(500, 8_000),
      };
    case 'cut':
      return { kind, link: oneOf(draw, field.links), forMs: lasting(50, 6_000) };
    case 'stall':
      return { kind, link: oneOf(draw, field.links), forMs: lasting(500, 6_000) };
    case 'delay':
      return {
        kind,
        link: oneOf(draw, field.links),
        delayMs: between(draw, 20, 900),
        forMs: lasting(1_000, 8_000),
      };
    case 'redeliver':
      return { kind, batches: between(draw, 1, 40), withId: draw() < 0.3 };
    case 'flood':
      return { kind, posts: between(draw, 5_000, 8_000) };
    case 'poison':
      return { kind };
    case 'move-clock':
      return { kind, byMs: between(draw, 20_000, 90_000) };
    case 'pause':
      return {
        kind,
        group: between(draw, 0, field.groups - 1),
        what: draw() < 0.5 ? 'group' : 'rollout',
        forMs: lasting(2_500, 7_000),
      };
    case 'switch':
      return { kind, group: between(draw, 0, field.groups - 1) };
  }
  return kind satisfies never;
}
