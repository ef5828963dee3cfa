// What was refused before it could become a fact: malformed requests, unknown applications. Each program tells once a
// second how many of each reason, with at most ten samples, in a small stream that drops its oldest: a flood of bad
// requests costs one message a second. These are hints for people, so that nobody waits for their acknowledgement.
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { followConnection } from './connect.js';
import { logNames } from './log-names.js';
import { readSeveral } from './stored.js';

export interface RefusedSample {
  reason: string;
  /** When, ms since the epoch. */
  at: number;
  ip: string;
  /** What was wrong and with what, in words: an excerpt of the request, never all of it. */
  detail: string;
}

export interface RefusedReport {
  program: string;
  /** The end of the second it is about. */
  at: number;
  /** By reason. */
  counts: Record<string, number>;
  samples: RefusedSample[];
}

export interface RefusedReporter {
  /** `toSample` is called only when the sample will be used. */
  report: (reason: string, toSample: () => Omit<RefusedSample, 'reason'>) => void;
  /** Sends what is left. */
  stop: () => void;
}

const reportEveryMs = 1000;
const samplesMax = 10;
const detailCharactersMax = 500;
/** Reasons are a closed set; the bound is for a caller that is wrong about that. */
const reasonsMax = 100;

export function makeRefusedReporter(
  nc: NatsConnection | Promise<NatsConnection>,
  { program, prefix }: { program: string; prefix?: string | undefined },
): RefusedReporter {
  const subject = `${logNames(prefix).refused.subject}.${program}`;
  let counts = new Map<string, number>();
  let samples: RefusedSample[] = [];
  let connection: NatsConnection | undefined;
  let isUp = false;
  let unfollow: (() => void) | undefined;

  const take = (taken: NatsConnection): void => {
    connection = taken;
    unfollow = followConnection(taken, ({ up }) => (isUp = up));
  };
  if (nc instanceof Promise) void nc.then(take, () => {});
  else take(nc);

  /** While NATS is away counts add up; samples stay those of the first second. */
  function send(): void {
    if (counts.size === 0 || connection === undefined || !isUp) return;
    const report: RefusedReport = { program, at: Date.now(), counts: Object.fromEntries(counts), samples };
    counts = new Map();
    samples = [];
    connection.publish(subject, JSON.stringify(report));
  }
  const timer = setInterval(send, reportEveryMs).unref();

  return {
    report: (reason, toSample) => {
      const known = counts.get(reason);
      if (known === undefined && counts.size >= reasonsMax) return;
      counts.set(reason, (known ?? 0) + 1);
      if (samples.length >= samplesMax) return;
      const sample = toSample();
      samples.push({ ...sample, reason, detail: sample.detail.slice(0, detailCharactersMax) });
    },
    stop: () => {
      clearInterval(timer);
      send();
      unfollow?.();
    },
  };
}

/** The newest reports first, at most `max`. */
export async function readRefused(
  nc: NatsConnection,
  { max = 100, prefix }: { max?: number; prefix?: string | undefined } = {},
): Promise<RefusedReport[]> {
  const { stream, subject } = logNames(prefix).refused;
  const { state } = await (await jetstreamManager(nc)).streams.info(stream);
  const stored = await readSeveral(
    nc,
    stream,
    `${subject}.>`,
    Math.max(state.first_seq, state.last_seq - max + 1, 1),
    max,
  );
  return stored.map(({ data }): RefusedReport => JSON.parse(Buffer.from(data).toString('utf8'))).toReversed();
}
