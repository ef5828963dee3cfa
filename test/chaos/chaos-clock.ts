// The platform's time, which a run moves forward: leases reach their deadline and windows pass without anybody waiting. The
// fleet holds its breath meanwhile, and what is broken is healed first: two replicas whose clocks differ by more than a second
// are not promised to agree.
import { type NatsConnection, setClockOffset } from '@platte/fact-log';
import { setTimeout as delay } from 'node:timers/promises';

export interface ChaosClock {
  offsetMs(): number;
  now(): number;
  move(byMs: number): Promise<void>;
}

interface Means {
  nats: NatsConnection;
  internalUrls: ReadonlyMap<string, string>;
  /** Everything is whole, and no machine posts, while it runs. */
  inPeace: (work: () => Promise<void>) => Promise<void>;
}

const askEveryMs = 50;

export function makeChaosClock({ nats, internalUrls, inPeace }: Means): ChaosClock {
  let offset = 0;
  return {
    offsetMs: () => offset,
    now: () => Date.now() + offset,
    move: (byMs) =>
      inPeace(async () => {
        offset += byMs;
        await setClockOffset(nats, offset);
        // Asked by URL anew: a program that was started again has another port.
        for (const name of internalUrls.keys()) await untilThere(() => internalUrls.get(name)!, Date.now() + offset);
      }),
  };
}

async function untilThere(url: () => string, time: number): Promise<void> {
  while ((await readClock(url())) < time) await delay(askEveryMs);
}

async function readClock(url: string): Promise<number> {
  try {
    const response = await fetch(`${url}/test/clock`, { signal: AbortSignal.timeout(1_000) });
    return ((await response.json()) as { now: number }).now;
  } catch {
    return 0;
  }
}
