// Groups whose row this process could not lock in time, because somebody else holds it. While a group is remembered here
// its lock is only tried, never waited for: so one stuck group keeps no connection of the hot pool busy. It is forgotten
// with the first lock that succeeds.
export interface StuckGroups {
  has: (group: string) => boolean;
  all: () => string[];
  note: (groups: readonly string[]) => void;
  forget: (groups: readonly string[]) => void;
  /** Calls back with each group that was not known to be stuck. */
  watch: (onStuck: (group: string) => void) => void;
}

export function makeStuckGroups(): StuckGroups {
  const stuck = new Set<string>();
  const watchers: ((group: string) => void)[] = [];
  return {
    has: (group) => stuck.has(group),
    all: () => [...stuck],
    note(groups) {
      for (const group of groups) {
        if (stuck.has(group)) continue;
        stuck.add(group);
        for (const onStuck of watchers) onStuck(group);
      }
    },
    watch: (onStuck) => void watchers.push(onStuck),
    forget(groups) {
      if (stuck.size > 0) for (const group of groups) stuck.delete(group);
    },
  };
}

const lockNotAvailable = '55P03';

/** A lock of these groups, or one that their transaction needed, could not be had in time. Nothing was changed. */
export class GroupLocked extends Error {
  /** As of PostgreSQL's error: no machine is to blame. */
  readonly code = lockNotAvailable;

  constructor(
    readonly groups: readonly string[],
    options: ErrorOptions,
  ) {
    super(`group ${groups.join(', ')} is locked by another transaction`, options);
  }
}

export function isLockNotAvailable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === lockNotAvailable;
}

/**
 * Runs a transaction that locks these groups and remembers what came of it.
 *
 * @param suspects those that are to blame if a lock cannot be had
 * @throws GroupLocked
 */
export async function withGroupLocks<T>(
  stuck: StuckGroups,
  groups: readonly string[],
  run: () => Promise<T>,
  suspects: readonly string[] = groups,
): Promise<T> {
  try {
    const result = await run();
    stuck.forget(groups);
    return result;
  } catch (error) {
    if (!isLockNotAvailable(error)) throw error;
    stuck.note(suspects);
    throw new GroupLocked(suspects, { cause: error });
  }
}
