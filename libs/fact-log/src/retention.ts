// How full the stream of facts is, and what may leave it. `FACTS` has no maximum age on purpose: an age would drop facts
// that a consumer has not seen. A job purges instead, and only what is past its age and below every consumer's ack floor.
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { logNames } from './log-names.js';
import { readNext } from './stored.js';

export interface FactsFill {
  messages: number;
  bytes: number;
  /** Full at this: new facts are refused then. */
  bytesMax: number;
  /** When the stream was created (ms). Sequences of a stream that was created at another time have nothing to do with these. */
  createdAt: number;
  firstSequence: number;
  lastSequence: number;
  /** When its oldest and newest messages were stored: what can be replayed reaches back to `firstAt`. Undefined if empty. */
  firstAt: number | undefined;
  lastAt: number | undefined;
}

export async function readFactsFill(
  nc: NatsConnection,
  { prefix }: { prefix?: string | undefined } = {},
): Promise<FactsFill> {
  const manager = await jetstreamManager(nc);
  const { config, created, state } = await manager.streams.info(logNames(prefix).facts.stream);
  const at = (time: string) => (state.messages === 0 ? undefined : Date.parse(time));
  return {
    messages: state.messages,
    bytes: state.bytes,
    bytesMax: config.max_bytes,
    createdAt: Date.parse(created),
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
    firstAt: at(state.first_ts),
    lastAt: at(state.last_ts),
  };
}

export interface PurgeOptions {
  nc: NatsConnection;
  now: number;
  /** Facts stored less than this before `now` stay. */
  olderThanMs: number;
  /** Consumers that must exist: without one of them nothing is purged, as it has seen nothing. Others count too if they do. */
  consumers: readonly string[];
  prefix?: string | undefined;
}

export interface Purge {
  purgedMessages: number;
  /** The oldest message that stays. */
  firstSequence: number;
  /** The consumer whose lag kept messages that were past their age. */
  heldBy?: string | undefined;
}

export async function purgeFacts({ nc, now, olderThanMs, consumers, prefix }: PurgeOptions): Promise<Purge> {
  const { stream } = logNames(prefix).facts;
  const manager = await jetstreamManager(nc);
  const { state } = await manager.streams.info(stream);
  const slowest = await findSlowest(nc, stream, consumers);
  const firstYoung = await findSequence(nc, {
    stream,
    time: now - olderThanMs,
    first: state.first_seq,
    last: state.last_seq,
  });
  const keptFrom = Math.min(firstYoung, slowest.ackFloor + 1);
  const heldBy = slowest.ackFloor + 1 < firstYoung ? slowest.name : undefined;
  if (keptFrom <= state.first_seq) return { purgedMessages: 0, firstSequence: state.first_seq, heldBy };
  const { purged } = await manager.streams.purge(stream, { seq: keptFrom });
  return { purgedMessages: purged, firstSequence: keptFrom, heldBy };
}

async function findSlowest(
  nc: NatsConnection,
  stream: string,
  required: readonly string[],
): Promise<{ name: string; ackFloor: number }> {
  const floors = new Map(required.map((name) => [name, 0]));
  for await (const info of (await jetstreamManager(nc)).consumers.list(stream)) {
    // Those without acknowledgements (readers of a replay) hold nothing: they are told what is gone.
    if (info.config.durable_name !== undefined) floors.set(info.name, info.ack_floor.stream_seq);
  }
  const slowest = [...floors].toSorted(([, a], [, b]) => a - b)[0];
  return slowest === undefined
    ? { name: '', ackFloor: Number.MAX_SAFE_INTEGER - 1 }
    : { name: slowest[0], ackFloor: slowest[1] };
}

/** The first sequence stored at `time` or later, by halving: 30 reads in a stream of a thousand million messages. */
async function findSequence(
  nc: NatsConnection,
  { stream, time, first, last }: { stream: string; time: number; first: number; last: number },
): Promise<number> {
  let low = first;
  let high = last + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = await readNext(nc, stream, '>', middle);
    if (found === undefined || found.storedAt >= time) high = middle;
    else low = found.sequence + 1;
  }
  return low;
}

/** The first message of the facts that was stored at `time` or later; one behind the last if none was. */
export async function findFirstSince(
  nc: NatsConnection,
  time: number,
  { prefix }: { prefix?: string | undefined } = {},
): Promise<number> {
  const { firstSequence: first, lastSequence: last } = await readFactsFill(nc, { prefix });
  return findSequence(nc, { stream: logNames(prefix).facts.stream, time, first: Math.max(1, first), last });
}
