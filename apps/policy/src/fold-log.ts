// Folds the log into PostgreSQL: the durable consumer `policy`, shared by the replicas. A message is acknowledged
// strictly after its effects are committed; a repetition finds nothing to do.
import { type FactMessage, type Follower, followFacts, type Lag, parkFacts } from '@platte/fact-log';
import { isStoreFailure } from '@platte/service';
import { foldFacts, makeInstanceCache } from '@platte/state-store';
import type { BadMachines } from './bad-machines.js';
import { type FailedFacts, foldApart } from './fold-apart.js';
import type { Named } from './named.js';
import type { Parts } from './parts.js';
import { followWrittenRows } from './written-rows.js';

/** About 120 bytes each. */
const cachedMachinesMax = 1_000_000;

export interface Folding {
  lag: Follower['lag'];
}

export const policyDurable = 'policy';

/** @param onEnded leases ended: slots may be free, and facts are in the outbox */
export async function startFolding(
  parts: Parts & Named,
  bad: BadMachines,
  onEnded: (freed: readonly string[]) => void,
): Promise<Folding> {
  const { store, nats, log, health, metrics, stopper, nextPosition, prefix } = parts;
  const instances = makeInstanceCache(cachedMachinesMax);
  const folded = metrics.counter({
    name: 'platte_policy_folded_facts_total',
    help: 'Facts folded from the log into PostgreSQL.',
  });
  const written = metrics.counter({
    name: 'platte_policy_written_instances_total',
    help: 'Rows of machines that were written.',
  });
  const lagGauge = metrics.gauge({
    name: 'platte_policy_lag_messages',
    help: 'Messages of the log that PostgreSQL does not have yet.',
  });
  let lag: Lag | undefined;
  metrics.gauge({
    name: 'platte_policy_cached_instances_count',
    help: 'Machines whose row this process remembers.',
    read: (gauge) => gauge.set(instances.size),
  });
  const rows = followWrittenRows(nats, instances);
  const follower = await followFacts({
    nc: nats,
    durable: policyDurable,
    prefix,
    isOutage: isStoreFailure,
    say: (line) => log.info(line),
    onBatch: async (messages) => {
      const facts = messages.flatMap((message) => message.facts);
      const outcome = await foldApart(
        (some) => foldFacts(store, { instances, position: nextPosition }, some),
        bad,
        facts,
      );
      for (const failed of outcome.failed) await park(parts, messages, failed);
      folded.inc(facts.length - outcome.failed.reduce((sum, failed) => sum + failed.facts.length, 0));
      written.inc(outcome.written.length);
      rows.announce(outcome.written);
      if (outcome.freed.length > 0) onEnded(outcome.freed);
      for (const group of outcome.halted) log.warn({ group }, 'safe mode halted the rollout');
    },
  });
  health.probe('log', 'reported', () => {
    const trouble = follower.trouble();
    return trouble === undefined
      ? { state: 'up', detail: describeLag(lag) }
      : { state: 'down', detail: `batches fail since ${new Date(trouble.since).toISOString()}: ${trouble.reason}` };
  });
  stopper.add('log', async () => {
    await follower.stop();
    rows.stop();
  });
  return {
    // Whoever sweeps leases asks every few moments: that is often enough for people.
    async lag() {
      lag = await follower.lag();
      lagGauge.set(behind(lag));
      return lag;
    },
  };
}

/** All of the machine's facts in one message, so that a retry brings them back together. */
async function park(
  { nats, log, prefix }: Parts & Named,
  messages: readonly FactMessage[],
  { machine, facts, error }: FailedFacts,
): Promise<void> {
  const from = messages.find((message) => message.facts.includes(facts[0]!));
  const { sequence = 0, storedAt = 0 } = from ?? {};
  const reason = error instanceof Error ? error.message : String(error);
  await parkFacts(nats, { facts, durable: policyDurable, reason, sequence, storedAt, prefix });
  log.error({ err: error, ...machine, facts: facts.length }, 'a machine’s facts could not be folded: parked');
}

const behind = ({ pendingMessages, heldMessages }: Lag): number => pendingMessages + heldMessages;

const describeLag = (lag: Lag | undefined): string =>
  lag === undefined ? 'just started' : `${behind(lag)} messages behind`;
