// When update_engine asks next (omaha-protocol.md 4.1). Chance is an argument: draws are in [0, 1).

const normalSeconds = 45 * 60;
const pollSecondsMax = 4 * 3600;

export interface Pause {
  ms: number;
  /** Before the fuzz: what doubles when the server says 500 or 503 again. */
  baseSeconds: number;
}

/** After the daemon's start: 7 min ± 5. */
export function firstPause(draw: number): Pause {
  return fuzzed(7 * 60, 5 * 60, draw);
}

/** After an answer that was read. Below 45 minutes an interval from the server is not followed. */
export function pauseAfterAnswer(pollSeconds: number | null, draw: number): Pause {
  if (pollSeconds === null || pollSeconds < normalSeconds) return fuzzed(normalSeconds, 5 * 60, draw);
  const base = Math.min(pollSeconds, pollSecondsMax);
  return fuzzed(base, base / 2, draw);
}

/** Only 500 and 503 make it wait longer; 429, 502 and 504 do not. */
export function pauseAfterFailure(httpStatus: number, lastBaseSeconds: number, draw: number): Pause {
  if (httpStatus !== 500 && httpStatus !== 503) return fuzzed(normalSeconds, 5 * 60, draw);
  const base = Math.min(pollSecondsMax, Math.max(normalSeconds, 2 * lastBaseSeconds));
  return fuzzed(base, base / 2, draw);
}

function fuzzed(baseSeconds: number, fuzzSeconds: number, draw: number): Pause {
  return { ms: Math.round((baseSeconds + (2 * draw - 1) * fuzzSeconds) * 1000), baseSeconds };
}
