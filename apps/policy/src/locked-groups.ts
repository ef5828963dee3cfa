// Groups that somebody else keeps locked in PostgreSQL, for people: a metric, a line in /readyz, and one line in the log
// that names who holds the lock.
import type { Log } from '@platte/service';
import { describeHolders, findRowHolders, type Store } from '@platte/state-store';
import type { Parts } from './parts.js';

export function watchLockedGroups({ store, log, health, metrics }: Parts): void {
  metrics.gauge({
    name: 'platte_policy_locked_groups_count',
    help: 'Groups whose row another transaction keeps locked: they grant nothing, and what ends there waits.',
    read: (gauge) => gauge.set(store.stuck.all().length),
  });
  health.probe('groups', 'reported', () => {
    const stuck = store.stuck.all();
    if (stuck.length === 0) return { state: 'up', detail: 'none is locked by another transaction' };
    return { state: 'down', detail: `locked by another transaction: ${stuck.slice(0, 5).join(', ')}` };
  });
  store.stuck.watch((group) => void logHolder(store, log, group));
}

async function logHolder(store: Store, log: Log, group: string): Promise<void> {
  try {
    const holder = describeHolders(await findRowHolders(store.pool, { of: 'group', id: group }));
    log.warn({ group, holder }, 'a group is locked by another transaction: it grants nothing until that ends');
  } catch (error) {
    log.warn({ err: error, group }, 'a group is locked by another transaction, and PostgreSQL does not say by whom');
  }
}
