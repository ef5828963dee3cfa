// The bytes of a spool segment: a magic word, then records. A record is length and CRC-32 of what follows, the message's
// id (its length in one byte), and the message. Reading stops at the first record that is not whole.
import { crc32 } from 'node:zlib';

export interface SpoolRecord {
  id: string;
  body: Uint8Array;
}

/** The last digit is the format's version. */
export const segmentMagic = Buffer.from('PLSPOOL1');
const headBytes = 8;

export function recordBytes({ id, body }: SpoolRecord): number {
  return headBytes + 1 + Buffer.byteLength(id) + body.length;
}

export function encodeRecord({ id, body }: SpoolRecord): Buffer {
  const idBytes = Buffer.from(id);
  const record = Buffer.allocUnsafe(headBytes + 1 + idBytes.length + body.length);
  record.writeUInt32LE(record.length - headBytes, 0);
  record.writeUInt8(idBytes.length, headBytes);
  record.set(idBytes, headBytes + 1);
  record.set(body, headBytes + 1 + idBytes.length);
  record.writeUInt32LE(crc32(record.subarray(headBytes)), 4);
  return record;
}

export interface DecodedSegment {
  records: SpoolRecord[];
  /** Bytes from the first record that is not whole to the end. */
  unreadableBytes: number;
  /** The unreadable rest is one record that was cut off: what a process leaves that dies while it writes. */
  isTorn: boolean;
}

export function decodeSegment(segment: Buffer): DecodedSegment {
  if (!segment.subarray(0, segmentMagic.length).equals(segmentMagic)) {
    return { records: [], unreadableBytes: segment.length, isTorn: segment.length < segmentMagic.length };
  }
  const records: SpoolRecord[] = [];
  let at = segmentMagic.length;
  for (;;) {
    const record = readRecord(segment, at);
    if (record === undefined) break;
    records.push(record);
    at += recordBytes(record);
  }
  return { records, unreadableBytes: segment.length - at, isTorn: isCutOff(segment, at) };
}

function readRecord(segment: Buffer, at: number): SpoolRecord | undefined {
  const end = endOfRecord(segment, at);
  if (end === undefined || end > segment.length) return undefined;
  const content = segment.subarray(at + headBytes, end);
  if (content.length === 0 || crc32(content) !== segment.readUInt32LE(at + 4)) return undefined;
  const idEnd = 1 + content.readUInt8(0);
  return { id: content.toString('utf8', 1, idEnd), body: content.subarray(idEnd) };
}

function endOfRecord(segment: Buffer, at: number): number | undefined {
  return at + headBytes > segment.length ? undefined : at + headBytes + segment.readUInt32LE(at);
}

/** A write that did not finish reaches the end of the file or beyond it; damage in the middle leaves records behind it. */
function isCutOff(segment: Buffer, at: number): boolean {
  const end = endOfRecord(segment, at);
  return end === undefined || end >= segment.length;
}
