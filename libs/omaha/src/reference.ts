// The reference parser: slow, and the judge of what a request means. saxes decides well-formedness, we refuse what no client
// sends (DOCTYPE, other encodings, processing instructions, more than our limits), and fast-xml-parser reads what passed.
// fast-xml-parser cannot be the judge alone: it accepts undefined entities, `&#0;`, a second root and more.
import { XMLParser } from 'fast-xml-parser';
import { SaxesParser } from 'saxes';
import {
  type AttributeNames,
  appNames,
  eventNames,
  osNames,
  pingNames,
  requestNames,
  requestSlot,
  updateCheckNames,
  type Values,
} from './attribute-names.js';
import { limits } from './limits.js';
import { isKnownProtocol, toApp, toEvent, toOs, toPing, toRequest, toUpdateCheck, unknownOs } from './meaning.js';
import type { Malformed, MalformedCause, ParsedRequest, RequestApp } from './request.js';
import type { Doubts } from './values.js';

declare const TextDecoder: new (label: string, options: { fatal: boolean }) => { decode(bytes: Uint8Array): string };

/** A refusal on its way out of a parser's callback; it never leaves this file. */
class Refusal extends Error {
  constructor(readonly refused: MalformedCause) {
    super(refused);
  }
}

/** One step of a cascade: whoever throws a refusal ends it. */
export function parseByReference(body: Uint8Array): ParsedRequest | Malformed {
  try {
    const text = decodeText(body);
    assertWellFormed(text);
    return readRequest(readTree(text));
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'malformed', cause: error.refused };
    throw error;
  }
}

function decodeText(body: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text: string;
  try {
    text = decoder.decode(body);
  } catch {
    throw new Refusal('invalid-utf8');
  }
  const start = /[^ \t\r\n]/.exec(text)?.[0];
  if (start === undefined) throw new Refusal('empty');
  if (start === '{') throw new Refusal('json');
  // The decoder took one byte order mark off; saxes would take off a second.
  if (start === '\uFEFF') throw new Refusal('not-well-formed');
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  if (/[\u0000-\u0008\u000B\u000C\u000E-\u001F]/.test(text)) throw new Refusal('control-character');
  if (text.includes('<!DOCTYPE') || text.includes('<!ENTITY')) throw new Refusal('doctype');
  return text;
}

function assertWellFormed(text: string): void {
  const parser = new SaxesParser({ position: false, defaultXMLVersion: '1.0', forceXMLVersion: true });
  let depth = 0;
  let nodes = 0;
  let attributes = 0;
  const countNode = () => {
    if (++nodes > limits.nodesMax) throw new Refusal('too-many-nodes');
  };
  parser.on('error', (error) => {
    throw new Refusal(causeOf(error.message, text));
  });
  parser.on('xmldecl', ({ version, encoding }) => {
    if (version !== '1.0') throw new Refusal('not-well-formed');
    if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8') throw new Refusal('foreign-encoding');
  });
  parser.on('doctype', () => {
    throw new Refusal('doctype');
  });
  parser.on('processinginstruction', () => {
    throw new Refusal('processing-instruction');
  });
  parser.on('opentagstart', () => {
    countNode();
    attributes = 0;
    if (++depth > limits.depthMax) throw new Refusal('too-deep');
  });
  parser.on('attribute', () => {
    countNode();
    if (++attributes > limits.attributesPerElementMax) throw new Refusal('too-many-attributes');
  });
  parser.on('opentag', (tag) => assertLocalNamesDiffer(Object.keys(tag.attributes)));
  parser.on('closetag', () => void depth--);
  parser.on('comment', countNode);
  parser.on('cdata', countNode);
  parser.write(text).close();
}

/**
 * A bare `&` (shell clients do not escape) swallows the text up to the next `;`, often to the end: that is no truncation.
 */
function causeOf(message: string, text: string): MalformedCause {
  if (message.includes('duplicate attribute')) return 'duplicate-attribute';
  const ended = message.includes('unclosed tag') || message.includes('unexpected end');
  return ended && !/&(?!#?\w+;)/.test(text) ? 'truncated' : 'not-well-formed';
}

/** Names are matched without their prefix, so `a:version` beside `version` is a duplicate, too. */
function assertLocalNamesDiffer(names: string[]): void {
  if (!names.some((name) => name.includes(':'))) return;
  const local = names.filter((name) => name !== 'xmlns' && !name.startsWith('xmlns:')).map(toLocalName);
  if (new Set(local).size < local.length) throw new Refusal('duplicate-attribute');
}

/** As fast-xml-parser does it: more than one colon is no prefix. */
function toLocalName(name: string): string {
  const parts = name.split(':');
  return parts.length === 2 ? parts[1]! : name;
}

const reader = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  htmlEntities: true,
  // Without DOCTYPE there is nothing to expand but characters; the body's limit bounds it.
  processEntities: { enabled: true, maxTotalExpansions: Infinity, maxExpandedLength: Infinity },
  ignoreDeclaration: true,
  isArray: (_name, _path, _isLeaf, isAttribute) => !isAttribute,
});

type Tree = Record<string, unknown>;

function readTree(text: string): Tree {
  try {
    return toTree(reader.parse(text));
  } catch {
    // saxes found it well-formed: what is left are names that fast-xml-parser refuses to make keys of.
    throw new Refusal('reserved-name');
  }
}

function readRequest(tree: Tree): ParsedRequest {
  const root = childrenOf(tree, 'request')[0];
  if (root === undefined) throw new Refusal('wrong-root');
  const values = valuesOf(root, requestNames);
  if (!isKnownProtocol(values[requestSlot.protocol] ?? '')) throw new Refusal('unsupported-protocol');
  const doubts: Doubts = { attributes: null };
  const os = childrenOf(root, 'os')[0];
  const apps = childrenOf(root, 'app');
  if (apps.length === 0) throw new Refusal('no-apps');
  if (apps.length > limits.appsMax) throw new Refusal('too-many-apps');
  const read = apps.map((app) => readApp(app, doubts));
  const events = read.reduce((sum, app) => sum + app.events.length, 0);
  if (events > limits.eventsPerRequestMax) throw new Refusal('too-many-events');
  return toRequest(values, os === undefined ? unknownOs : toOs(valuesOf(os, osNames), doubts), read, doubts, false);
}

/** The first `ping` and the first `updatecheck` count. */
function readApp(app: Tree, doubts: Doubts): RequestApp {
  const ping = childrenOf(app, 'ping')[0];
  const check = childrenOf(app, 'updatecheck')[0];
  const events = childrenOf(app, 'event');
  if (events.length > limits.eventsPerAppMax) throw new Refusal('too-many-events');
  return toApp(
    valuesOf(app, appNames),
    ping === undefined ? null : toPing(valuesOf(ping, pingNames), doubts),
    check === undefined ? null : toUpdateCheck(valuesOf(check, updateCheckNames), doubts),
    events.map((event) => toEvent(valuesOf(event, eventNames), doubts)),
    doubts,
  );
}

/** The elements of that name, in order; one without attributes and children is read as its text. */
function childrenOf(parent: Tree, name: string): Tree[] {
  const found: unknown = Object.hasOwn(parent, name) ? parent[name] : undefined;
  if (!Array.isArray(found)) return [];
  return found.map(toTree);
}

function toTree(node: unknown): Tree {
  return isTree(node) ? node : {};
}

function isTree(node: unknown): node is Tree {
  return typeof node === 'object' && node !== null;
}

/** Tabs and line ends in a value read as blanks, also those written as references: no value carries a raw newline. */
function valuesOf(element: Tree, table: AttributeNames): Values {
  return table.names.map((name) => {
    const value = element[`@${name}`];
    return typeof value === 'string' ? value.replace(/[\t\n\r]/g, ' ') : undefined;
  });
}
