// The streams and the bucket that every program expects, made by whichever program comes first. An existing stream is
// never changed behind its owner's back: it grows to a raised `factsBytesMax`, loudly, and every other difference is
// only told.
import {
  DiscardPolicy,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { retryForever } from './backoff.js';
import { type LogNames, logNames } from './log-names.js';
import { NatsRefused } from './nats-refused.js';

export interface StreamsOptions {
  /** 1 on a single server; 3 in a cluster, so that one lost server loses nothing. */
  replicas: number;
  /** How much of the disk `FACTS` may take. Full means: new facts are refused, ingress spools, then answers 503. */
  factsBytesMax: number;
  prefix?: string | undefined;
  say?: ((line: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface StreamsReport {
  created: string[];
  /** What was raised on a stream that existed, in words. */
  raised: string[];
  /** What an existing stream has otherwise than we would make it, in words: for the log and `/readyz`. */
  differences: string[];
}

/** Retries of a batch within this time are recognised by the server by their message id. */
export const duplicateWindowMs = 20 * 60_000;
/** The server's own default: a message of facts may have so much. */
const messageBytesMin = 1024 * 1024;
const refusedMessagesMax = 10_000;
/** Parked messages are few by nature; the bound keeps a bug that parks everything from filling the disk. */
const parkedBytesMax = 256 * 1024 * 1024;
/** Room for 512 applications of the largest snapshot. */
const catalogBytesMax = 256 * 1024 * 1024;

/** Waits until JetStream answers, for ever, saying so. @throws Error when the server refuses a stream's settings. */
export async function ensureStreams(nc: NatsConnection, options: StreamsOptions): Promise<StreamsReport> {
  const isFinal = (cause: unknown) => nc.isClosed() || isRefusal(cause);
  const { say = () => {}, signal } = options;
  return retryForever({ waitingFor: `JetStream at ${nc.getServer()}`, say, signal, isFinal }, () =>
    ensureOnce(nc, options),
  );
}

async function ensureOnce(nc: NatsConnection, options: StreamsOptions): Promise<StreamsReport> {
  const manager = await jetstreamManager(nc);
  const names = logNames(options.prefix);
  const report: StreamsReport = { created: [], raised: [], differences: [] };
  if ((nc.info?.max_payload ?? messageBytesMin) < messageBytesMin) {
    report.differences.push(`server: max_payload is ${nc.info!.max_payload}, expected at least ${messageBytesMin}`);
  }
  for (const wanted of toStreamConfigs(names, options)) await ensureStream(manager, wanted, report);
  await ensureBucket(nc, names.bucket, options.replicas, report);
  return report;
}

type StreamAdmin = Awaited<ReturnType<typeof jetstreamManager>>;
type WantedStream = Partial<StreamConfig> & { name: string };

function toStreamConfigs(names: LogNames, { replicas, factsBytesMax }: StreamsOptions): WantedStream[] {
  const kept = { storage: StorageType.File, retention: RetentionPolicy.Limits, num_replicas: replicas, max_age: 0 };
  const stream = ({ stream, subject }: { stream: string; subject: string }) => ({
    name: stream,
    subjects: [`${subject}.>`],
    ...kept,
  });
  return [
    {
      ...stream(names.facts),
      discard: DiscardPolicy.New,
      max_bytes: factsBytesMax,
      duplicate_window: nanos(duplicateWindowMs),
      allow_direct: true,
    },
    {
      ...stream(names.refused),
      discard: DiscardPolicy.Old,
      max_msgs: refusedMessagesMax,
      max_bytes: 64 * 1024 * 1024,
      allow_direct: true,
    },
    {
      ...stream(names.parked),
      discard: DiscardPolicy.New,
      max_bytes: parkedBytesMax,
      duplicate_window: nanos(duplicateWindowMs),
      allow_direct: true,
    },
  ];
}

async function ensureStream(manager: StreamAdmin, wanted: WantedStream, report: StreamsReport): Promise<void> {
  const existing = await findStream(manager, wanted.name);
  if (existing === undefined) {
    await orExplain(manager.streams.add(wanted), wanted);
    report.created.push(wanted.name);
    return;
  }
  await raise(manager, existing, wanted, report);
  report.differences.push(...toDifferences(existing, wanted));
}

/** A stream that the server has no room to raise goes on as it is: that is no reason to serve nobody. */
async function raise(
  manager: StreamAdmin,
  existing: StreamConfig,
  { name, max_bytes: wantedBytes = 0 }: WantedStream,
  report: StreamsReport,
): Promise<void> {
  const { max_bytes: bytes } = existing;
  if (bytes <= 0 || wantedBytes <= bytes) return;
  try {
    await manager.streams.update(name, { ...existing, max_bytes: wantedBytes });
  } catch (cause) {
    if (!(explainRefusal(cause, { name, max_bytes: wantedBytes }) instanceof NatsRefused)) throw cause;
    return;
  }
  report.raised.push(`${name}: max_bytes from ${bytes} to ${wantedBytes}`);
  existing.max_bytes = wantedBytes;
}

function toDifferences(existing: StreamConfig, wanted: WantedStream): string[] {
  const found: Record<string, unknown> = { ...existing };
  return Object.entries(wanted).flatMap(([key, value]) => {
    if (JSON.stringify(found[key]) === JSON.stringify(value)) return [];
    return [`${wanted.name}: ${key} is ${JSON.stringify(found[key])}, expected ${JSON.stringify(value)}`];
  });
}

async function findStream(manager: StreamAdmin, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config;
  } catch (cause) {
    if (cause instanceof JetStreamApiError && cause.code === 10_059) return undefined;
    throw cause;
  }
}

async function ensureBucket(
  nc: NatsConnection,
  bucket: string,
  replicas: number,
  report: StreamsReport,
): Promise<void> {
  const manager = await jetstreamManager(nc);
  const existing = await findStream(manager, `KV_${bucket}`);
  if (existing === undefined) {
    const created = new Kvm(nc).create(bucket, {
      history: 1,
      replicas,
      storage: StorageType.File,
      max_bytes: catalogBytesMax,
    });
    await orExplain(created, { name: `KV_${bucket}`, max_bytes: catalogBytesMax });
    report.created.push(bucket);
  } else if (existing.num_replicas !== replicas) {
    report.differences.push(`${bucket}: num_replicas is ${existing.num_replicas}, expected ${replicas}`);
  }
}

/** Too little is left of what the server may store. */
const tooLittleStorage = 10_047;
/** A cluster found no servers for a stream; the message names the reasons. */
const noSuitablePeers = 10_005;
/** Bad configuration, overlapping subjects, too few servers for the replicas. */
const badSettings: readonly number[] = [10_052, 10_065, 10_074];

function isRefusal(cause: unknown): boolean {
  return cause instanceof NatsRefused;
}

function orExplain(change: Promise<unknown>, wanted: WantedStream): Promise<unknown> {
  return change.catch((cause: unknown) => {
    throw explainRefusal(cause, wanted);
  });
}

/** While servers of a cluster are offline it is not known how much storage there is: waiting may help. */
function isTooLittleStorage({ code, message }: JetStreamApiError): boolean {
  if (code === noSuitablePeers) return message.includes('insufficient storage') && !message.includes('offline');
  return code === tooLittleStorage;
}

function explainRefusal(cause: unknown, { name, max_bytes = 0 }: WantedStream): unknown {
  if (!(cause instanceof JetStreamApiError)) return cause;
  if (badSettings.includes(cause.code))
    return new NatsRefused(`NATS refuses stream ${name}: ${cause.message}`, { cause });
  if (!isTooLittleStorage(cause)) return cause;
  const advice = `give the server more (max_file_store), or stream ${name} less: it asks for ${max_bytes} bytes`;
  return new NatsRefused(`NATS has too little storage left: ${advice}`, { cause });
}
