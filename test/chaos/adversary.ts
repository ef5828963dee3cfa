// Carries out the plan. What it did is remembered, so that an error that a machine got can be laid to it or to nobody.
import { setTimeout as delay } from 'node:timers/promises';
import type { Field } from './battlefield.js';
import type { People } from './people.js';
import type { ChaosClock } from './chaos-clock.js';
import type { Intruder } from './intruder.js';
import type { Fault, Planned } from './schedule.js';

/** Who or what could not do its work, from when to when. `performance.now()`. */
export interface Disturbance {
  what: string;
  kind: string;
  from: number;
  to: number;
}

export interface Adversary {
  disturbances: Disturbance[];
  counts: Map<string, number>;
  /** Resolves when all of the plan is done and undone. */
  run(plan: readonly Planned[], signal: AbortSignal): Promise<void>;
}

interface Means {
  field: Field;
  people: People;
  clock: ChaosClock;
  intruder: Intruder;
  /** So many posts of machines that are new. */
  flood: (posts: number) => Promise<void>;
  say: (line: string) => void;
}

export function makeAdversary({ field, people, clock, intruder, flood, say }: Means): Adversary {
  const disturbances: Disturbance[] = [];
  const counts = new Map<string, number>();
  const life = (name: string) => field.lives.get(name)!;
  const link = (name: string) => field.links.get(name)!;

  async function during(what: string, kind: string, work: () => Promise<void>): Promise<void> {
    const disturbance = { what, kind, from: performance.now(), to: Number.POSITIVE_INFINITY };
    disturbances.push(disturbance);
    await work();
    disturbance.to = performance.now();
  }

  function act(fault: Fault): Promise<void> {
    switch (fault.kind) {
      case 'kill':
        return during(fault.target, fault.kind, async () => {
          life(fault.target).signal('SIGCONT');
          life(fault.target).signal('SIGKILL');
          await delay(100);
          await life(fault.target).up();
        });
      case 'restart':
        return during(fault.target, fault.kind, async () => {
          life(fault.target).signal('SIGTERM');
          await delay(100);
          await life(fault.target).up();
        });
      case 'outage':
        return during(fault.target, fault.kind, async () => {
          life(fault.target).down();
          await delay(fault.forMs);
          life(fault.target).wake();
          await life(fault.target).up();
        });
      case 'freeze':
        return during(fault.target, fault.kind, async () => {
          life(fault.target).signal('SIGSTOP');
          await delay(fault.forMs);
          life(fault.target).signal('SIGCONT');
        });
      case 'cut':
      case 'stall':
        return during(fault.link, fault.kind, async () => {
          link(fault.link)[fault.kind === 'cut' ? 'cut' : 'stall']();
          await delay(fault.forMs);
          link(fault.link).heal();
        });
      case 'delay':
        return during(fault.link, fault.kind, async () => {
          link(fault.link).delay(fault.delayMs);
          await delay(fault.forMs);
          link(fault.link).heal();
        });
      case 'redeliver':
        return intruder.redeliver(fault.batches, fault.withId);
      case 'flood':
        return during('every ingress>nats', fault.kind, async () => {
          const cut = [...field.links.keys()].filter((name) => /^ingress-\d>nats/.test(name));
          for (const name of cut) link(name).cut();
          await flood(fault.posts);
          for (const name of cut) link(name).heal();
        });
      case 'poison':
        return intruder.poison();
      case 'move-clock':
        return clock.move(fault.byMs);
      case 'pause':
        return people.pause(fault.group, fault.what, fault.forMs);
      case 'switch':
        return people.switchPackage(fault.group);
    }
    return fault satisfies never;
  }
  function count(what: string, by = 1): void {
    counts.set(what, (counts.get(what) ?? 0) + by);
  }

  return {
    disturbances,
    counts,
    async run(plan, signal) {
      const started = performance.now();
      const acting: Promise<void>[] = [];
      for (const { atMs, fault } of plan) {
        await delay(Math.max(0, started + atMs - performance.now()), undefined, { signal }).catch(() => {});
        if (signal.aborted) break;
        count(fault.kind);
        say(`${(atMs / 1000).toFixed(1)} s: ${describe(fault)}`);
        const done = act(fault).catch((error: unknown) => say(`${describe(fault)} failed: ${String(error)}`));
        // While the clock moves nothing else does: replicas whose clocks differ by more than a second are not promised to agree.
        if (fault.kind === 'move-clock') await done;
        else acting.push(done);
      }
      await Promise.all(acting);
    },
  };
}

export function describe(fault: Fault): string {
  const { kind, ...how } = fault;
  return `${kind} ${Object.values(how).join(' ')}`;
}
