// Which message is poison, and which only met an outage? A message that fails alone is suspected; each further failure
// counts only if another message succeeded since the last. Three that count, and it is poison.

export interface Suspects {
  /** Something was committed: an outage is not the reason for failures around it. */
  acquit: (sequences: readonly number[]) => void;
  /** @returns whether the message that failed alone is poison. */
  accuse: (sequence: number) => boolean;
}

const failuresUntilPoison = 3;
/** Suspects that are remembered: one that is forgotten is only found later. */
const suspectsMax = 1000;

export function makeSuspects(): Suspects {
  const suspects = new Map<number, { failures: number; successes: number }>();
  let successes = 0;
  return {
    acquit: (sequences) => {
      successes += 1;
      for (const sequence of sequences) suspects.delete(sequence);
    },
    accuse: (sequence) => {
      const before = suspects.get(sequence) ?? { failures: 0, successes: -1 };
      const failures = before.successes < successes ? before.failures + 1 : before.failures;
      if (failures >= failuresUntilPoison) return suspects.delete(sequence);
      if (suspects.size >= suspectsMax) suspects.clear();
      suspects.set(sequence, { failures, successes });
      return false;
    },
  };
}
