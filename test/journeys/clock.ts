// The time of a whole platform in test mode: forward only, as a program's time never runs backward.
import { setClockOffset } from '@platte/fact-log';
import { eventually, type Platform } from './platform.js';
import { openNats } from './replicas.js';

/** What makes a platform's time movable. */
export const testMode = { PLATTE_TEST_MODE: 'true' };

export interface PlatformClock {
  now(): number;
  /** Resolves when every program has that time; at once when it has passed. */
  moveTo(time: number): Promise<void>;
  close(): Promise<void>;
}

export async function openClock(platform: Platform): Promise<PlatformClock> {
  const nats = await openNats(platform);
  let offset = 0;
  const now = (): number => Date.now() + offset;
  return {
    now,
    async moveTo(time) {
      if (time <= now()) return;
      offset = time - Date.now();
      // Again while NATS is just coming back from a kill.
      await eventually(
        () => setClockOffset(nats, offset),
        () => true,
        60_000,
      );
      await eventually(
        async () => {
          // Read anew each time: a program that was started again has another port.
          const { programs } = await platform.run();
          return Promise.all(Object.values(programs).map(({ urls }) => readClock(urls['internal']!)));
        },
        (told) => told.every((now) => now >= time),
        60_000,
      );
    },
    close: () => nats.close(),
  };
}

async function readClock(internal: string): Promise<number> {
  const response = await fetch(`${internal}/test/clock`);
  if (!response.ok) throw new Error(`the program at ${internal} is not in test mode`);
  return ((await response.json()) as { now: number }).now;
}
