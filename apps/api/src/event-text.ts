// The text of the live stream (server-sent events): each fact, a comment now and then where nothing happens, and at the end
// one event of the kind `end` that says why. It has no id, so that whoever comes back goes on behind the last fact.
import { setTimeout as delay } from 'node:timers/promises';
import type { LiveEvents } from './live-events.js';

/** Shorter than any proxy's patience with a silent connection. */
const heartbeatMsDefault = 15_000;
/** How long a browser waits before it comes back. */
const retryMs = 2_000;

type Events = ReturnType<LiveEvents['listen']>;

/** Why a stream that was open ends. */
const endings = {
  over: 'A stream lasts fifteen minutes, and no longer than what signed in: connect again.',
  'signed-out': 'The token or session has ended, or its role is another one now: connect again, as you are now.',
  'too-slow': 'More waited for you than may: connect again with the last id, and read faster or ask for less.',
  'log-lost': 'The log could not be followed: connect again with the last id.',
  gone: 'What you missed was purged meanwhile: read the lists anew, then connect without Last-Event-ID.',
} as const;

interface Following {
  signal: AbortSignal;
  /** Whether who listens still is who they were. */
  isAllowed: () => Promise<boolean>;
  /** Makes `events` end, also while it waits for a fact. */
  stop: () => void;
  /** Another one only in tests. */
  heartbeatMs?: number;
}

export async function* toText(events: Events, following: Following): AsyncGenerator<string, void, undefined> {
  yield `retry: ${retryMs}\n\n`;
  try {
    yield toEnd(yield* follow(events, following));
  } finally {
    following.stop();
    await events.return('over');
  }
}

async function* follow(
  events: Events,
  { signal, isAllowed, heartbeatMs = heartbeatMsDefault }: Following,
): AsyncGenerator<string, keyof typeof endings, undefined> {
  let next = events.next();
  while (true) {
    const first = await withHeartbeat(next, heartbeatMs);
    if (!(await isAllowed())) return 'signed-out';
    if (signal.aborted) return 'over';
    if (first === 'silence') {
      yield ': still here\n\n';
      continue;
    }
    if (first.done) return first.value;
    const { id, fact } = first.value;
    next = events.next();
    yield `id: ${id}\nevent: ${fact.kind}\ndata: ${JSON.stringify(fact)}\n\n`;
  }
}

function toEnd(reason: keyof typeof endings): string {
  return `event: end\ndata: ${JSON.stringify({ reason, words: endings[reason] })}\n\n`;
}

async function withHeartbeat<T>(next: Promise<T>, heartbeatMs: number): Promise<T | 'silence'> {
  const enough = new AbortController();
  const silence = delay(heartbeatMs, 'silence' as const, { signal: enough.signal, ref: false });
  silence.catch(() => {});
  try {
    return await Promise.race([next, silence]);
  } finally {
    enough.abort();
  }
}
