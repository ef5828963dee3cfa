// ClickHouse's Native format: one block, column by column. The engine takes it nearly as it is: measured against
// RowBinary with the same 200,000 facts, a sixth of the engine's work, because texts that repeat are sent once and
// referred to by number (LowCardinality).
//
// Columns grow as values are put into them. Texts are written as they come: kept until the end, they took a third of the time
// to render a block, most of it for the garbage collector.
import { Buffer } from 'node:buffer';

export interface Column {
  readonly name: string;
  readonly type: string;
  /** Forgets all but the first rows: what was put of a row that could not be completed. */
  cut(rows: number): void;
  /** The whole column in Native's form. */
  toBytes(): Uint8Array[];
}

/** A column of texts that repeat: each distinct one is sent once. */
export interface Texts extends Column {
  put(text: string): void;
}

/** Texts that are written in UTF-8 already may be put as well. */
export interface WrittenTexts extends Texts {
  putWritten(bytes: Uint8Array): void;
}

/** Whole numbers from 0 to 2^53, or times in milliseconds. */
export interface Numbers extends Column {
  put(value: number): void;
}

/** Numbers of which some are known later. */
export interface LateNumbers extends Numbers {
  set(row: number, value: number): void;
}

export function repeatedTexts(name: string): Texts {
  const numbers = new Map<string, number>();
  const keys = makeTextBuffer();
  let indexes = new Uint32Array(rowsAtFirst);
  let row = 0;
  let lastText = '';
  let lastIndex = -1;
  function addKey(text: string): number {
    keys.put(text);
    numbers.set(text, numbers.size);
    return numbers.size - 1;
  }
  return {
    name,
    type: 'LowCardinality(String)',
    put(text) {
      // Facts of one kind and group come in runs.
      if (text !== lastText || lastIndex < 0) {
        lastIndex = numbers.get(text) ?? addKey(text);
        lastText = text;
      }
      if (row === indexes.length) indexes = grown(indexes, new Uint32Array(row * 2));
      indexes[row++] = lastIndex;
    },
    cut: (rows) => {
      row = rows;
    },
    toBytes: () => [
      // Version 1 of the keys' form; then the index's width with the mark that the keys follow; then how many keys.
      uint64s([1, widthOf(numbers.size).code + hasKeys, numbers.size]),
      ...keys.parts(),
      uint64s([row]),
      toWidth(indexes.subarray(0, row), widthOf(numbers.size).bytes),
    ],
  };
}

export function texts(name: string): WrittenTexts {
  const written = makeTextBuffer();
  return {
    name,
    type: 'String',
    put: written.put,
    putWritten: written.putWritten,
    cut: written.cut,
    toBytes: written.parts,
  };
}

export function int8s(name: string, type: string): Numbers {
  return fixed(name, type, (rows) => new Int8Array(rows));
}

export function int32s(name: string): Numbers {
  return fixed(name, 'Int32', (rows) => new Int32Array(rows));
}

export function uint32s(name: string): LateNumbers {
  return fixed(name, 'UInt32', (rows) => new Uint32Array(rows));
}

/** Two halves each, because BigInt is slow. `type` is UInt64 or a time. */
export function uint64Column(name: string, type: string): Numbers {
  let halves = new Uint32Array(rowsAtFirst * 2);
  let at = 0;
  return {
    name,
    type,
    put(value) {
      if (at === halves.length) halves = grown(halves, new Uint32Array(at * 2));
      halves[at++] = value % 2 ** 32;
      halves[at++] = Math.floor(value / 2 ** 32);
    },
    cut: (rows) => {
      at = rows * 2;
    },
    toBytes: () => [bytesOf(halves.subarray(0, at))],
  };
}

/** @param rows so many were put into each column */
export function renderBlock(columns: readonly Column[], rows: number): Uint8Array {
  const parts: Uint8Array[] = [varint(columns.length), varint(rows)];
  for (const column of columns) parts.push(...textBytes([column.name, column.type]), ...column.toBytes());
  return Buffer.concat(parts);
}

const hasKeys = 1 << 9;

const rowsAtFirst = 256;

type Values = Int8Array | Int32Array | Uint32Array;

function fixed(name: string, type: string, make: (rows: number) => Values): LateNumbers {
  let values = make(rowsAtFirst);
  let row = 0;
  return {
    name,
    type,
    put(value) {
      if (row === values.length) values = grown(values, make(row * 2));
      values[row++] = value;
    },
    set(at, value) {
      values[at] = value;
    },
    cut: (rows) => {
      row = rows;
    },
    toBytes: () => [bytesOf(values.subarray(0, row))],
  };
}

function grown<T extends Values>(values: T, larger: T): T {
  larger.set(values);
  return larger;
}

function widthOf(keys: number): { code: number; bytes: 1 | 2 | 4 } {
  if (keys <= 2 ** 8) return { code: 0, bytes: 1 };
  return keys <= 2 ** 16 ? { code: 1, bytes: 2 } : { code: 2, bytes: 4 };
}

function toWidth(indexes: Uint32Array, bytes: 1 | 2 | 4): Uint8Array {
  if (bytes === 1) return Uint8Array.from(indexes);
  return bytesOf(bytes === 2 ? Uint16Array.from(indexes) : indexes);
}

function textBytes(all: readonly string[]): Uint8Array[] {
  const written = makeTextBuffer();
  for (const text of all) written.put(text);
  return written.parts();
}

const bytesAtFirst = 4096;
const bytesPerPart = 1024 * 1024;

interface TextBuffer {
  put: (text: string) => void;
  putWritten: (bytes: Uint8Array) => void;
  cut: (rows: number) => void;
  parts: () => Uint8Array[];
}

/** In parts, because one that grows would be copied again and again. No text lies in two of them. */
function makeTextBuffer(): TextBuffer {
  let full: Uint8Array[] = [];
  let bytes: Buffer = Buffer.allocUnsafe(bytesAtFirst);
  let end = 0;
  function makeRoom(room: number): void {
    if (end + room <= bytes.length) return;
    if (end > 0) full.push(bytes.subarray(0, end));
    bytes = Buffer.allocUnsafe(Math.max(room, Math.min(bytes.length * 2, bytesPerPart)));
    end = 0;
  }
  const parts = (): Uint8Array[] => [...full, bytes.subarray(0, end)];
  return {
    put(text) {
      // Three bytes per UTF-16 unit is the most that UTF-8 takes, five for a length of up to 2^31.
      makeRoom(text.length * 3 + 5);
      end = writeText(bytes, end, text);
    },
    putWritten(text) {
      makeRoom(text.length + 5);
      end = writeLength(bytes, end, text.length);
      bytes.set(text, end);
      end += text.length;
    },
    cut(rows) {
      full = firstTexts(parts(), rows);
      bytes = Buffer.allocUnsafe(bytesAtFirst);
      end = 0;
    },
    parts,
  };
}

/** Walks over the texts, whose ends nobody keeps: it is for the rare row that cannot be completed. */
function firstTexts(parts: readonly Uint8Array[], rows: number): Uint8Array[] {
  const kept: Uint8Array[] = [];
  let left = rows;
  for (const part of parts) {
    let at = 0;
    for (; left > 0 && at < part.length; left--) at = endOfText(part, at);
    if (at > 0) kept.push(part.subarray(0, at));
  }
  return kept;
}

function endOfText(bytes: Uint8Array, start: number): number {
  let length = 0;
  let at = start;
  for (let unit = 1; ; unit *= 128) {
    const byte = bytes[at++]!;
    length += (byte & 0x7f) * unit;
    if (byte < 0x80) return at + length;
  }
}

function writeText(bytes: Buffer, at: number, text: string): number {
  if (text === '') {
    bytes[at] = 0;
    return at + 1;
  }
  // One byte of length is right for nearly all: written first, checked after.
  const written = text.length < 128 ? bytes.write(text, at + 1) : 128;
  if (written < 128) {
    bytes[at] = written;
    return at + 1 + written;
  }
  const start = writeLength(bytes, at, Buffer.byteLength(text));
  return start + bytes.write(text, start);
}

/** @returns where the text begins */
function writeLength(bytes: Uint8Array, start: number, length: number): number {
  let at = start;
  let rest = length;
  for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
  bytes[at++] = rest;
  return at;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}

function uint64s(values: readonly number[]): Uint8Array {
  return bytesOf(BigUint64Array.from(values, BigInt));
}

/** Typed arrays have the processor's order, which is ClickHouse's on all that Node runs on but for s390x. */
function bytesOf(values: { buffer: ArrayBufferLike; byteOffset: number; byteLength: number }): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
