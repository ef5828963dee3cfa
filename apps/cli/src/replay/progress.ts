// How far a rebuild is, and how long it will take at the pace so far.

export interface Progress {
  say: (line: string) => void;
  begin: (what: string, total: number) => void;
  advance: (count: number) => void;
}

/** A line for each so much of it; a terminal shows every one in place of the last. */
const percentPerLine = 5;

export function makeProgress(say: (line: string) => void, now: () => number): Progress {
  let [what, total, done, told, since] = ['', 0, 0, 0, 0];
  return {
    say,
    begin(next, count) {
      [what, total, done, told, since] = [next, count, 0, 0, now()];
    },
    advance(count) {
      done += count;
      const percent = (done / Math.max(total, 1)) * 100;
      if (done < total && percent - told < percentPerLine) return;
      told = percent;
      say(describeProgress({ what, done, total, tookMs: now() - since }));
    },
  };
}

export function describeProgress({
  what,
  done,
  total,
  tookMs,
}: {
  what: string;
  done: number;
  total: number;
  tookMs: number;
}): string {
  const leftSeconds = Math.ceil(((tookMs / Math.max(done, 1)) * Math.max(total - done, 0)) / 1000);
  return `${done} of ${Math.max(total, done)} ${what}, ${leftSeconds} s left`;
}
