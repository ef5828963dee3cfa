// Compares the history with PostgreSQL machine by machine, once an hour: both fold the same facts, so a difference is a
// mistake of ours, and must not stay unseen. It looks at machines that have had no fact since a position of the log that
// both have passed; what seems to differ is looked at once more a little later, before anybody is told.
import { setTimeout as delay } from 'node:timers/promises';
import { type NatsConnection, readConsumerLag, readFactsFill } from '@platte/fact-log';
import type { HistoryDiffered, Position } from '@platte/facts';
import { differencesFrom, type History, type KnownMachine, type MachineDifference } from '@platte/history';
import type { Log, Metrics } from '@platte/service';
import { readInstancePage, type Store } from '@platte/state-store';
import { durable } from './fact-writer.js';

interface Needs {
  nats: NatsConnection;
  history: History;
  store: Store;
  now: () => number;
  /** Where a difference is told to everybody. */
  tell: (facts: readonly HistoryDiffered[]) => Promise<void>;
  position: (now: number) => Position;
  log: Log;
  metrics: Metrics;
  signal: AbortSignal;
  periodMs: number;
  /** How long a difference may be the trace of a fact that is still on its way. */
  patienceMs: number;
  prefix?: string | undefined;
}

/** Of one application. */
export interface Verified {
  application: string;
  machines: number;
  differences: MachineDifference[];
}

/** A position of the log that both stores have passed. */
interface Common {
  sequence: number;
  /** Facts before this moment are below it. */
  before: number;
}

const pageMachines = 2_000;
/** So many are told, in the fact and in the log: more of the same help nobody. */
const toldMax = 10;
/** Clocks of replicas agree within a second; a fact is in the log within a second of its time, or it was spooled. */
const clockSlackMs = 2_000;

export function startVerifier(needs: Needs): { ended: Promise<void>; verify: () => Promise<Verified[]> } {
  const { log, metrics, signal, periodMs } = needs;
  const differing = metrics.gauge({
    name: 'platte_history_differing_machines',
    help: 'Machines of which the history and PostgreSQL said different things at the last comparison: should be 0',
  });
  const compared = metrics.counter({
    name: 'platte_history_compared_machines_total',
    help: 'Machines that were compared between the history and PostgreSQL',
  });

  async function verify(): Promise<Verified[]> {
    const common = await commonPosition(needs);
    const verified = await compareAll(needs, common.before);
    const found = verified.filter(({ differences }) => differences.length > 0);
    differing.set(found.reduce((sum, { differences }) => sum + differences.length, 0));
    compared.inc(verified.reduce((sum, { machines }) => sum + machines, 0));
    const facts = found.map((one) => toFact(needs, common, one));
    for (const fact of facts) log.error(fact, 'the history and PostgreSQL differ: please report this');
    if (facts.length > 0) await needs.tell(facts);
    return verified;
  }

  async function keepVerifying(): Promise<void> {
    while (!signal.aborted) {
      await delay(periodMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      await verify().catch((error: unknown) => {
        if (!signal.aborted) log.warn({ err: error }, 'the history could not be compared: it is tried again');
      });
    }
  }
  return { ended: keepVerifying(), verify };
}

/** Waits until both have passed what is in the log now; the moment before which facts are in both. */
async function commonPosition({ nats, now, signal, prefix }: Needs): Promise<Common> {
  const { lastSequence } = await readFactsFill(nats, { prefix });
  const before = now() - clockSlackMs;
  for (const consumer of ['policy', durable]) {
    while ((await readConsumerLag(nats, consumer, { prefix })).ackFloor < lastSequence) {
      await delay(250, undefined, { signal });
    }
  }
  return { sequence: lastSequence, before };
}

async function compareAll(needs: Needs, before: number): Promise<Verified[]> {
  const { store, history, signal, patienceMs } = needs;
  const all = new Map<string, Verified>();
  let after: { application: string; machine: string } | undefined;
  while (!signal.aborted) {
    const page = await readInstancePage(store, { after, limit: pageMachines });
    if (page === null) break;
    const verified = all.get(page.application) ?? { application: page.application, machines: 0, differences: [] };
    all.set(page.application, verified);
    const elsewhere = page.instances.filter(({ newestAt }) => newestAt < before);
    verified.machines += elsewhere.length;
    const asked = { app: page.application, before };
    const seeming = await differencesFrom(history, { ...asked, elsewhere });
    if (seeming.length > 0) {
      await delay(patienceMs, undefined, { signal });
      const again = await rereadPage(needs, after, seeming);
      verified.differences.push(...(await differencesFrom(history, { ...asked, elsewhere: again })));
    }
    if (page.next === null) break;
    after = page.next;
  }
  return [...all.values()];
}

function toFact({ position, now }: Needs, { sequence }: Common, verified: Verified): HistoryDiffered {
  const { application, machines, differences } = verified;
  return {
    kind: 'HistoryDiffered',
    v: 1,
    app: application,
    machine: '',
    ...position(now()),
    position: sequence,
    compared: machines,
    differing: differences.length,
    examples: differences.slice(0, toldMax).map(({ machine, elsewhere, here }) => ({
      machine,
      inState: toKnown(elsewhere),
      inHistory: here && toKnown(here),
    })),
  };
}

const toKnown = ({ version, group, status }: KnownMachine) => ({ version, group, status });

/** The machines that seemed to differ, as PostgreSQL has them now; those that it no longer has are settled. */
async function rereadPage(
  { store }: Needs,
  after: { application: string; machine: string } | undefined,
  seeming: MachineDifference[],
): Promise<KnownMachine[]> {
  const names = new Set(seeming.map(({ machine }) => machine));
  const page = await readInstancePage(store, { after, limit: pageMachines });
  return page?.instances.filter(({ machine }) => names.has(machine)) ?? [];
}
