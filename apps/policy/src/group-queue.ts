// Micro-batches of one group: one transaction in flight, and what arrives meanwhile is the next one. A group's row lock
// is the serial point anyway: more in flight would only wait there. (Measured: one connection does what four do.)
//
// A batch that is not decided in time fails, and the next one begins: whatever hangs, the group goes on. Should the late
// batch be committed after all, its machines have leases and are offered the same when they ask again.

export interface GroupQueue<Item, Result> {
  /**
   * The results in the order of the items; null for all when they waited longer than whoever asked waits, or more wait
   * than could be decided in that time. Rejects with the error of the batch that they were in.
   */
  put: (items: readonly Item[]) => Promise<readonly Result[] | null>;
  readonly isIdle: boolean;
}

interface QueueOptions<Item, Result> {
  /** Decides one batch, in order. */
  decide: (items: Item[]) => Promise<readonly Result[]>;
  batchMax: number;
  waitingMax: number;
  /** What waited longer has been answered without us. */
  waitMaxMs: number;
  /** A batch that takes longer fails. */
  decideMaxMs: number;
}

interface Waiting<Item, Result> {
  items: readonly Item[];
  putAt: number;
  answer: (results: readonly Result[] | null) => void;
  fail: (error: unknown) => void;
}

export function makeGroupQueue<Item, Result>(options: QueueOptions<Item, Result>): GroupQueue<Item, Result> {
  const { batchMax, waitingMax, waitMaxMs } = options;
  const waiting: Waiting<Item, Result>[] = [];
  let waitingItems = 0;
  let isRunning = false;

  /** Whole questions: at least one, as many as fit. */
  function takeBatch(): Waiting<Item, Result>[] {
    const batch: Waiting<Item, Result>[] = [];
    let size = 0;
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (batch.length > 0 && size + next.items.length > batchMax) break;
      waiting.shift();
      waitingItems -= next.items.length;
      if (performance.now() - next.putAt > waitMaxMs) {
        next.answer(null);
        continue;
      }
      size += next.items.length;
      batch.push(next);
    }
    return batch;
  }

  async function run(): Promise<void> {
    isRunning = true;
    while (waiting.length > 0) {
      const batch = takeBatch();
      if (batch.length > 0) await decideBatch(batch, options);
    }
    isRunning = false;
  }

  return {
    put(items) {
      if (waitingItems + items.length > waitingMax) return Promise.resolve(null);
      return new Promise((answer, fail) => {
        waiting.push({ items, putAt: performance.now(), answer, fail });
        waitingItems += items.length;
        if (!isRunning) void run();
      });
    },
    get isIdle() {
      return !isRunning;
    },
  };
}

async function decideBatch<Item, Result>(
  batch: readonly Waiting<Item, Result>[],
  { decide, decideMaxMs }: Pick<QueueOptions<Item, Result>, 'decide' | 'decideMaxMs'>,
): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`a batch was not decided within ${decideMaxMs} ms`)),
    decideMaxMs,
  );
  try {
    const results = await Promise.race([decide(batch.flatMap(({ items }) => items)), late.promise]);
    let from = 0;
    for (const { items, answer } of batch) {
      answer(results.slice(from, from + items.length));
      from += items.length;
    }
  } catch (error) {
    for (const { fail } of batch) fail(error);
  } finally {
    clearTimeout(timer);
  }
}
