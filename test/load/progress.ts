// How far a long piece of work is and how long the rest will take, from its pace so far.

export type Advance = (units: number) => void;

const quietMs = 5_000;

/**
 * @param total how many units the whole is
 * @returns to be called with how many more are done; says a line every few seconds, and one at the end
 */
export function makeProgress(what: string, total: number, say: (line: string) => void): Advance {
  const begun = performance.now();
  let said = begun;
  let done = 0;
  return (units) => {
    done += units;
    const now = performance.now();
    if (now - said < quietMs && done < total) return;
    said = now;
    say(describe(what, { done, total, elapsedMs: now - begun }));
  };
}

export function describe(what: string, at: { done: number; total: number; elapsedMs: number }): string {
  const { done, total, elapsedMs } = at;
  if (done >= total) return `${what}: done in ${duration(elapsedMs)}`;
  const leftMs = (elapsedMs / done) * (total - done);
  return `${what}: ${Math.floor((done / total) * 100)} %, ${duration(leftMs)} left`;
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
