// How facts are written: one message of the log is a JSON array of facts, of many machines and kinds, in UTF-8.
// Writers are our own programs, so reading checks only what every consumer relies on (kind, version, identity); the
// whole schema is for tests and for facts from elsewhere. A later format would not start with `[`.
import { factVersions } from './fact-versions.js';
import type { Fact, UnknownFact } from './fact.js';
import { upcast, type VersionedFact } from './upcast.js';

// WHATWG Encoding: every JavaScript runtime has it; the language's own type library, the only one core uses, does not.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (label: string, options: { fatal: boolean }) => { decode(bytes: Uint8Array): string };

const toBytes = new TextEncoder();
const toText = new TextDecoder('utf-8', { fatal: true });

export interface DecodedBatch {
  facts: Fact[];
  /** Of a kind or version that this program does not know, whole as they were written. */
  unknown: UnknownFact[];
}

export function encodeFact(fact: Fact | UnknownFact): string {
  return JSON.stringify(fact);
}

export function encodeBatch(facts: readonly (Fact | UnknownFact)[]): Uint8Array {
  return toBytes.encode(JSON.stringify(facts));
}

/** @throws Error that says what is wrong with the message: it cannot be read by any retry, and is to be parked. */
export function decodeBatch(bytes: Uint8Array): DecodedBatch {
  const batch = parseBatch(bytes);
  const decoded: DecodedBatch = { facts: [], unknown: [] };
  for (let index = 0; index < batch.length; index++) {
    const found: unknown = batch[index];
    if (!isVersioned(found)) throw new Error(`fact ${index} of the batch has no kind, version or identity`);
    const version = factVersions.get(found.kind);
    const fact = version === undefined || found.v >= version ? found : upcast(found, version);
    if (isKnown(fact)) decoded.facts.push(fact);
    else decoded.unknown.push(fact);
  }
  return decoded;
}

function parseBatch(bytes: Uint8Array): unknown[] {
  let batch: unknown;
  try {
    batch = JSON.parse(toText.decode(bytes));
  } catch (cause) {
    throw new Error('the message is not JSON in UTF-8', { cause });
  }
  if (!Array.isArray(batch)) throw new Error('the message is not a list of facts');
  return batch;
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
