// One at a time by key, in the order of asking: of all commands of this process that wait for a row, one waits in PostgreSQL, so
// that a row that is locked for long keeps one connection busy. Whoever queued behind a failure of `isShared` fails with it.

export interface Turns {
  /** Rejects with the failure of the one before, if that is shared. */
  take: <T>(key: string, work: () => Promise<T>) => Promise<T>;
}

export function makeTurns(isShared: (error: unknown) => boolean): Turns {
  const tails = new Map<string, Promise<void>>();

  /** What the next one waits for. */
  async function end(mine: Promise<unknown>): Promise<void> {
    try {
      await mine;
    } catch (error) {
      if (isShared(error)) throw error;
    }
  }
  async function forget(key: string, tail: Promise<void>): Promise<void> {
    await Promise.allSettled([tail]);
    if (tails.get(key) === tail) tails.delete(key);
  }

  return {
    async take(key, work) {
      const before = tails.get(key);
      const mine = (async () => {
        await before;
        return work();
      })();
      const tail = end(mine);
      tails.set(key, tail);
      void forget(key, tail);
      return mine;
    },
  };
}
