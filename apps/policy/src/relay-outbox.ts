// Relays the outbox to the log: at once after a transaction of this process, and every quarter of a second for what
// others left behind. One replica relays at a time; PostgreSQL says which.
import { type Appender, makeAppender, outboxHeaders } from '@platte/fact-log';
import type { Fact } from '@platte/facts';
import { relayOutbox } from '@platte/state-store';
import type { Named } from './named.js';
import type { Parts } from './parts.js';

export interface OutboxRelay {
  /** Something was written: look soon. */
  wake: () => void;
}

/** The log did not take facts: every other failure of the relay is PostgreSQL's. */
class AppendFailed extends Error {}

const lookMs = 250;
const closeWithinMs = 2_000;

export function startRelaying(parts: Parts & Named): OutboxRelay {
  const { store, nats, log, health, metrics, stopper, prefix } = parts;
  // Without a spool: what is not acknowledged stays in the outbox.
  const appender: Appender = makeAppender({ nc: nats, program: 'policy', prefix });
  const dependency = health.dependency('outbox', 'reported');
  const relayed = metrics.counter({
    name: 'platte_policy_relayed_facts_total',
    help: 'Facts relayed from the outbox to the log.',
  });
  let running: Promise<void> | undefined;
  let isWanted = false;

  const append = (facts: Fact[], id: string, row: number): Promise<void> =>
    appender.appendAll(facts, { id, headers: outboxHeaders(row) }).catch((cause: unknown) => {
      throw new AppendFailed(`JetStream: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    });

  async function run(): Promise<void> {
    while (isWanted && !stopper.signal.aborted) {
      isWanted = false;
      try {
        relayed.inc(await relayOutbox(store, append));
        dependency.up();
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error);
        dependency.down(error instanceof AppendFailed ? (appender.stats().trouble ?? words) : `PostgreSQL: ${words}`);
        log.debug({ err: error }, 'the outbox could not be relayed: trying again');
      }
    }
    running = undefined;
  }
  function wake(): void {
    isWanted = true;
    running ??= run();
  }

  const timer = setInterval(wake, lookMs);
  stopper.add('outbox', async () => {
    clearInterval(timer);
    await running;
    await appender.close(closeWithinMs);
  });
  wake();
  return { wake };
}
