// Waits that double up to a bound, each with up to a quarter of chance, so that replicas do not retry in step.

export interface Backoff {
  nextMs: () => number;
  reset: () => void;
}

export function makeBackoff({ firstMs, maxMs }: { firstMs: number; maxMs: number }): Backoff {
  let plainMs = firstMs;
  return {
    nextMs: () => {
      const waitMs = plainMs * (0.75 + Math.random() / 4);
      plainMs = Math.min(plainMs * 2, maxMs);
      return waitMs;
    },
    reset: () => {
      plainMs = firstMs;
    },
  };
}
