// Batches on disk while NATS is away: segment files in one folder, written in order and read in order. What is true:
//
// - A record's callback comes after its bytes are on the disk (fdatasync; records that arrive during one share the next).
// - A record is in the folder until its segment is removed; a new process finds what the last one left.
// - A segment is never written again once it was read or a write to it failed. One that got no record is removed: a disk that
//   stays full would gather one for each try.
// - The size has a bound. Full, or a disk that says no, is an error to the caller: never a silent loss.
import { type FileHandle, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppendError } from './append-error.js';
import { messageOf } from './causes.js';
import { lockFolder } from './folder-lock.js';
import { makePrivateFolder } from './private-folder.js';
import { decodeSegment, encodeRecord, recordBytes, segmentMagic, type SpoolRecord } from './spool-record.js';

export type { SpoolRecord } from './spool-record.js';

export interface SpoolOptions {
  folder: string;
  /** How much of the disk it may take: at 800 bytes a check-in, 1 GiB holds 1.3 million. */
  bytesMax: number;
  /** A segment is read whole into memory when it drains. */
  segmentBytesMax?: number | undefined;
  say?: ((line: string) => void) | undefined;
}

export interface SpoolSegment {
  number: number;
  records: SpoolRecord[];
  unreadableBytes: number;
  isTorn: boolean;
}

export interface Spool {
  readonly folder: string;
  /** `onDone` is called later: without an error the record survives the process. */
  append: (record: SpoolRecord, onDone: (error?: AppendError) => void) => void;
  isEmpty: () => boolean;
  bytes: () => number;
  hasRoom: (bytes: number) => boolean;
  /** The oldest segment with all its records; further appends go to another. Undefined when nothing was written. */
  readOldest: () => Promise<SpoolSegment | undefined>;
  removeOldest: (segment: SpoolSegment) => Promise<void>;
  /** Waits until what was appended is on disk, and gives the folder free. */
  close: () => Promise<void>;
}

export const defaultSegmentBytesMax = 8 * 1024 * 1024;
/** Room is denied a little before the end, so that what was let in still fits. */
const lastBytes = 64 * 1024;
/** After the disk refused a write, the next try is so much later: the caller has refused requests meanwhile. */
const failedPauseMs = 1000;

interface Queued {
  record: SpoolRecord;
  onDone: (error?: AppendError) => void;
}

interface Segment {
  number: number;
  bytes: number;
}

/** @throws Error when the folder cannot be written, or another process uses it. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { folder, bytesMax } = options;
  const say = options.say ?? (() => {});
  await makePrivateFolder(folder);
  const unlock = await lockFolder(folder);
  const segments = await listSegments(folder);
  const writer = makeWriter(folder, segments, options.segmentBytesMax ?? defaultSegmentBytesMax);
  if (segments.length > 0) say(`the spool in ${folder} holds ${writer.bytes()} bytes that an earlier run left`);

  return {
    folder,
    append: (record, onDone) => {
      if (writer.bytes() + recordBytes(record) <= bytesMax) return writer.put({ record, onDone });
      const message = `the spool in ${folder} is full (${bytesMax} bytes): NATS must come back, or the limit be raised`;
      queueMicrotask(() => onDone(new AppendError('spool-full', message)));
    },
    isEmpty: () => segments.length === 0 && writer.isIdle(),
    bytes: writer.bytes,
    hasRoom: (bytes) => writer.bytes() + bytes + lastBytes < bytesMax && !writer.failedLately(),
    readOldest: async () => {
      if (segments.length <= 1) await writer.seal();
      const oldest = segments[0];
      if (oldest === undefined) return undefined;
      return { number: oldest.number, ...decodeSegment(await readFile(segmentFile(folder, oldest.number))) };
    },
    removeOldest: async (segment) => {
      await dropFile(folder, segment, say);
      segments.shift();
    },
    close: async () => {
      await writer.close();
      await unlock();
    },
  };
}

interface Writer {
  put: (queued: Queued) => void;
  bytes: () => number;
  isIdle: () => boolean;
  failedLately: () => boolean;
  /** Ends the segment that is being written, between two writes: what is put later goes to another. */
  seal: () => Promise<void>;
  /** Resolves when all that was put is on disk, or was refused. */
  close: () => Promise<void>;
}

/** Writes what waits in one piece and syncs once: under load many records share a sync, alone a record waits for one. */
function makeWriter(folder: string, segments: Segment[], segmentBytesMax: number): Writer {
  let queue: Queued[] = [];
  let queuedBytes = 0;
  let writing: Promise<void> | undefined;
  let file: FileHandle | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;
  let onSealed: (() => void)[] = [];

  async function writeQueue(): Promise<void> {
    while (queue.length > 0) {
      const taken = queue;
      queue = [];
      const error = await writeAll(taken);
      queuedBytes -= sumOf(taken, ({ record }) => recordBytes(record));
      for (const { onDone } of taken) onDone(error);
      if (onSealed.length > 0) await sealNow();
    }
    writing = undefined;
  }
  async function sealNow(): Promise<void> {
    const waiting = onSealed;
    onSealed = [];
    await closeFile().catch(() => {});
    for (const resolve of waiting) resolve();
  }
  async function writeAll(taken: Queued[]): Promise<AppendError | undefined> {
    try {
      const bytes = Buffer.concat(taken.map(({ record }) => encodeRecord(record)));
      file ??= await startSegment(folder, segments);
      const segment = segments.at(-1)!;
      await file.appendFile(bytes);
      await file.datasync();
      segment.bytes += bytes.length;
      if (segment.bytes >= segmentBytesMax) await closeFile();
      return undefined;
    } catch (cause) {
      failedAt = performance.now();
      const failed = file;
      file = undefined;
      if (failed !== undefined) await abandonSegment(failed, folder, segments);
      return new AppendError('spool-failed', `the spool in ${folder} cannot be written: ${messageOf(cause)}`, {
        cause,
      });
    }
  }
  async function closeFile(): Promise<void> {
    const closing = file;
    file = undefined;
    await closing?.close();
  }

  return {
    put: (queued) => {
      queue.push(queued);
      queuedBytes += recordBytes(queued.record);
      writing ??= writeQueue();
    },
    bytes: () => queuedBytes + sumOf(segments, ({ bytes }) => bytes),
    isIdle: () => writing === undefined,
    failedLately: () => performance.now() - failedAt < failedPauseMs,
    seal: () => {
      if (writing === undefined) return closeFile();
      return new Promise((resolve) => onSealed.push(resolve));
    },
    close: async () => {
      // More may be put while it is awaited.
      for (let busy = writing; busy !== undefined; busy = writing) await busy;
      await closeFile();
    },
  };
}

async function listSegments(folder: string): Promise<Segment[]> {
  const numbers = (await readdir(folder))
    .filter((name) => /^\d{10}\.spool$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .toSorted((a, b) => a - b);
  return Promise.all(
    numbers.map(async (number) => ({ number, bytes: (await stat(segmentFile(folder, number))).size })),
  );
}

async function startSegment(folder: string, segments: Segment[]): Promise<FileHandle> {
  const number = (segments.at(-1)?.number ?? 0) + 1;
  const file = await open(segmentFile(folder, number), 'wx', 0o600);
  segments.push({ number, bytes: segmentMagic.length });
  try {
    await file.appendFile(segmentMagic);
    await syncFolder(folder);
    return file;
  } catch (cause) {
    await file.close();
    await dropUnused(folder, segments);
    throw cause;
  }
}

/** What the failed write left behind is cut off: nobody was told that it is safe. Failing that, reading stops before it. */
async function abandonSegment(file: FileHandle, folder: string, segments: Segment[]): Promise<void> {
  const { bytes } = segments.at(-1)!;
  await file.truncate(bytes).catch(() => {});
  await file.close().catch(() => {});
  if (bytes === segmentMagic.length) await dropUnused(folder, segments);
}

/** The last one, which is never the one that is read. A disk that does not even let it go keeps it, and so does the list. */
async function dropUnused(folder: string, segments: Segment[]): Promise<void> {
  const { number } = segments.at(-1)!;
  await rm(segmentFile(folder, number), { force: true }).then(
    () => void segments.pop(),
    () => {},
  );
}

/** A new file survives a power loss only when its folder's entry is on disk too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function dropFile(folder: string, segment: SpoolSegment, say: (line: string) => void): Promise<void> {
  const file = segmentFile(folder, segment.number);
  if (segment.unreadableBytes === 0 || segment.isTorn) return rm(file, { force: true });
  const kept = `${file}.damaged-${Date.now()}`;
  await rename(file, kept);
  say(
    `${kept} holds ${segment.unreadableBytes} bytes that cannot be read: the disk has lost facts that were acknowledged`,
  );
}

function segmentFile(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(10, '0')}.spool`);
}

function sumOf<T>(items: readonly T[], toNumber: (item: T) => number): number {
  let sum = 0;
  for (const item of items) sum += toNumber(item);
  return sum;
}
