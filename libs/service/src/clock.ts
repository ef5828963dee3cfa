// A program's time: milliseconds since the epoch that never run backward in this process, whatever the machine's clock does.
// In test mode a shared offset can move it; a smaller offset makes it stand still until the real time has caught up.
import assert from 'node:assert';

export interface Clock {
  now: () => number;
  /** Test mode only. The offset in milliseconds that every program of a test shares. */
  setOffset: (offsetMs: number) => void;
  readonly testMode: boolean;
}

export function makeClock({
  testMode = false,
  offsetMs = 0,
  read = Date.now,
}: { testMode?: boolean; offsetMs?: number; read?: () => number } = {}): Clock {
  assert(testMode || offsetMs === 0, 'the clock has an offset in test mode only');
  let offset = offsetMs;
  let latest = 0;
  return {
    testMode,
    now() {
      const now = read() + offset;
      if (now > latest) latest = now;
      return latest;
    },
    setOffset(offsetMs) {
      assert(testMode, 'the clock has an offset in test mode only');
      offset = offsetMs;
    },
  };
}
