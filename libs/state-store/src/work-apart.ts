// Work on many items at once, where one bad item must not cost the others: a batch that fails is cut in halves, until what is
// bad stands alone. A store that is away makes every part fail and accuses nobody: then the error goes to the caller.

/** `result` is there when the part succeeded, `error` when it did not. Parts are in the order of the items. */
export type Part<Item, Result> =
  | { items: readonly Item[]; result: Result; error?: never }
  | { items: readonly Item[]; result?: never; error: unknown };

interface Options {
  /** Of an error: no item is to blame, and a smaller batch would fail as well. */
  isOutage: (error: unknown) => boolean;
  /** A bad item among 512 is found with 19 runs; what is not found within these is refused as a whole part. */
  runsMax?: number;
}

const defaultRunsMax = 48;

/** @throws the error of `work` when it is an outage */
export async function workApart<Item, Result>(
  items: readonly Item[],
  work: (items: readonly Item[]) => Promise<Result>,
  { isOutage, runsMax = defaultRunsMax }: Options,
): Promise<Part<Item, Result>[]> {
  let runs = 1;
  async function workOn(part: readonly Item[]): Promise<Part<Item, Result>[]> {
    try {
      return [{ items: part, result: await work(part) }];
    } catch (error) {
      if (isOutage(error)) throw error;
      if (part.length <= 1 || runs + 2 > runsMax) return [{ items: part, error }];
      runs += 2;
      const middle = Math.ceil(part.length / 2);
      const first = await workOn(part.slice(0, middle));
      return [...first, ...(await workOn(part.slice(middle)))];
    }
  }
  return workOn(items);
}
