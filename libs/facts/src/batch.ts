// How facts are written: one message of the log is a JSON array of facts, of many machines and kinds, in UTF-8. A fact has a
// line of its own, so that its text can be cut out of the message as it was written: whoever keeps facts whole need not write
// them again. Any other JSON array of facts is read as well: what older programs wrote is one line.
//
// Writers are our own programs, so reading checks only what every consumer relies on (kind, version, identity); the
// whole schema is for tests and for facts from elsewhere. A later format would not start with `[`.
import { factVersions } from './fact-versions.js';
import type { Fact, UnknownFact } from './fact.js';
import { upcast, type Upcasters, type VersionedFact } from './upcast.js';

// WHATWG Encoding: every JavaScript runtime has it; the language's own type library, the only one core uses, does not.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (label: string, options: { fatal: boolean }) => { decode(bytes: Uint8Array): string };

const toBytes = new TextEncoder();
const separator = ',\n';
const openingBracket = 0x5b;
const comma = 0x2c;
const newline = 0x0a;
const toText = new TextDecoder('utf-8', { fatal: true });

export interface DecodedBatch {
  facts: Fact[];
  /** Of a kind or version that this program does not know, whole as they were written. */
  unknown: UnknownFact[];
}

/** A fact with its text, as it was written. */
export interface WrittenFact {
  fact: Fact | UnknownFact;
  text: Uint8Array;
}

export function encodeFact(fact: Fact | UnknownFact): string {
  return JSON.stringify(fact);
}

export function encodeBatch(facts: readonly (Fact | UnknownFact)[]): Uint8Array {
  return toBytes.encode(joinFacts(facts.map(encodeFact)));
}

/** The text of a message, of facts that are text already. */
export function joinFacts(encoded: readonly string[]): string {
  return `[${encoded.join(separator)}]`;
}

/** @throws Error that says what is wrong with the message: it cannot be read by any retry, and is to be parked. */
export function decodeBatch(bytes: Uint8Array): DecodedBatch {
  return sortOut(parseBatch(decodeText(bytes)));
}

/**
 * The same, and of each fact its text: a view of `bytes` where it has a line of its own, else written again.
 * @throws Error that says what is wrong with the message
 */
export function decodeWritten(bytes: Uint8Array): DecodedBatch & { written: WrittenFact[] } {
  const text = decodeText(bytes);
  const lines = bytes[0] === openingBracket ? parseLines(text) : undefined;
  const found = lines ?? parseBatch(text);
  const decoded = sortOut(found);
  const texts = lines && cutLines(bytes, lines.length);
  // Facts are never changed where they lie: an upcast one is another object, and its text the one that was written.
  const written = found.map((one, index) => {
    const fact = one as VersionedFact;
    return { fact, text: texts?.[index] ?? toBytes.encode(encodeFact(fact)) };
  });
  return { ...decoded, written };
}

/**
 * Reads the text of one fact, as the archive keeps it, in today's shape.
 * @returns null for a fact of a kind or version that this program does not know: a newer program wrote it
 * @throws Error when the text is not the JSON of a fact
 */
export function decodeFact(text: string, table?: Upcasters): Fact | null {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw new Error('the text of the fact is not JSON', { cause });
  }
  if (!isVersioned(found)) throw new Error('the fact has no kind, version or identity');
  const fact = toToday(found, table);
  return isKnown(fact) ? fact : null;
}

function sortOut(batch: readonly unknown[]): DecodedBatch {
  const decoded: DecodedBatch = { facts: [], unknown: [] };
  for (let index = 0; index < batch.length; index++) {
    const found: unknown = batch[index];
    if (!isVersioned(found)) throw new Error(`fact ${index} of the batch has no kind, version or identity`);
    const fact = toToday(found);
    if (isKnown(fact)) decoded.facts.push(fact);
    else decoded.unknown.push(fact);
  }
  return decoded;
}

function toToday(found: VersionedFact, table?: Upcasters): VersionedFact {
  const version = factVersions.get(found.kind);
  return version === undefined || found.v >= version ? found : upcast(found, version, table);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return toText.decode(bytes);
  } catch (cause) {
    throw new Error('the message is not JSON in UTF-8', { cause });
  }
}

function parseBatch(text: string): unknown[] {
  let batch: unknown;
  try {
    batch = JSON.parse(text);
  } catch (cause) {
    throw new Error('the message is not JSON in UTF-8', { cause });
  }
  if (!Array.isArray(batch)) throw new Error('the message is not a list of facts');
  return batch;
}

/**
 * Line by line, a twelfth slower than all at once. That each line is JSON by itself is the proof that it is one fact: a line may
 * also end within a fact that somebody wrote by hand.
 */
function parseLines(text: string): unknown[] | undefined {
  if (text.at(-1) !== ']') return undefined;
  const lines: unknown[] = [];
  try {
    for (let start = 1; start < text.length;) {
      const end = text.indexOf(separator, start);
      lines.push(JSON.parse(text.slice(start, end < 0 ? -1 : end)));
      start = end < 0 ? text.length : end + separator.length;
    }
  } catch {
    return undefined;
  }
  return lines;
}

/** @param count of lines, each of which is known to be a fact */
function cutLines(bytes: Uint8Array, count: number): Uint8Array[] {
  const texts: Uint8Array[] = [];
  let start = 1;
  for (let end = bytes.indexOf(newline); texts.length < count - 1; end = bytes.indexOf(newline, end + 1)) {
    if (bytes[end - 1] !== comma) continue;
    texts.push(bytes.subarray(start, end - 1));
    start = end + 1;
  }
  return [...texts, bytes.subarray(start, -1)];
}

/** By kind and version; the rest is the writer's word. */
function isKnown(fact: VersionedFact): fact is VersionedFact & Fact {
  return factVersions.get(fact.kind) === fact.v;
}

function isVersioned(value: unknown): value is VersionedFact {
  if (typeof value !== 'object' || value === null) return false;
  const fact: Partial<VersionedFact> = value;
  return (
    typeof fact.kind === 'string' &&
    typeof fact.app === 'string' &&
    typeof fact.machine === 'string' &&
    Number.isSafeInteger(fact.v) &&
    Number.isSafeInteger(fact.at) &&
    Number.isSafeInteger(fact.n)
  );
}
