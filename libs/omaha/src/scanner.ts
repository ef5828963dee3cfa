// The fast parser: one pass over the plain shape that every real client sends, known elements and attributes in double
// quotes. It accepts or declines, it never refuses: whatever looks unusual (prefixes, comments, CDATA, unknown names, single
// quotes, duplicates, bad structure) is the reference's to judge. For any bytes it declines or says what the reference says;
// the property tests and `./platte fuzz` hold it to that.
import {
  type AttributeNames,
  appNames,
  eventNames,
  hwNames,
  osNames,
  pingNames,
  requestNames,
  requestSlot,
  updateCheckNames,
  type Values,
} from './attribute-names.js';
import { decodeReferences } from './character-references.js';
import { limits } from './limits.js';
import { isKnownProtocol, toApp, toEvent, toOs, toPing, toRequest, toUpdateCheck, unknownOs } from './meaning.js';
import type { ParsedRequest, RequestApp, RequestEvent, RequestOs, RequestPing, RequestUpdateCheck } from './request.js';
import type { Doubts } from './values.js';

declare const TextDecoder: new (label: string, options: { fatal: boolean }) => { decode(bytes: Uint8Array): string };

export interface Declined {
  kind: 'declined';
}

const declined: Declined = Object.freeze({ kind: 'declined' });
const decoder = new TextDecoder('utf-8', { fatal: true });
const declaration = '<?xml version="1.0" encoding="UTF-8"?>';

const tab = 0x09;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const quote = 0x22;
const ampersand = 0x26;
const slash = 0x2f;
const lessThan = 0x3c;
const equals = 0x3d;
const greaterThan = 0x3e;
const underscore = 0x5f;

/** Where the scanner stands. Every scan function moves `at` and returns false (or undefined) to decline. */
interface Scan {
  readonly text: string;
  at: number;
  events: number;
  readonly doubts: Doubts;
}

export function scanRequest(body: Uint8Array): ParsedRequest | Declined {
  let text: string;
  try {
    text = decoder.decode(body);
  } catch {
    return declined;
  }
  const scan: Scan = { text, at: 0, events: 0, doubts: { count: 0 } };
  return scanDocument(scan) ?? declined;
}

const requestValues: Values = requestNames.names.map(() => undefined);
const appValues: Values = appNames.names.map(() => undefined);
const osValues: Values = osNames.names.map(() => undefined);
const hwValues: Values = hwNames.names.map(() => undefined);
const pingValues: Values = pingNames.names.map(() => undefined);
const updateCheckValues: Values = updateCheckNames.names.map(() => undefined);
const eventValues: Values = eventNames.names.map(() => undefined);

function scanDocument(scan: Scan): ParsedRequest | undefined {
  if (scan.text.startsWith(declaration)) scan.at = declaration.length;
  skipBlanks(scan);
  if (!takes(scan, '<request') || !scanAttributes(scan, requestNames, requestValues)) return undefined;
  if (!isKnownProtocol(requestValues[requestSlot.protocol] ?? '') || !takes(scan, '>')) return undefined;
  let os: RequestOs | undefined;
  const apps: RequestApp[] = [];
  for (;;) {
    skipBlanks(scan);
    if (takes(scan, '<app')) {
      const app = scanApp(scan);
      if (app === undefined || apps.push(app) > limits.appsMax) return undefined;
    } else if (takes(scan, '<os')) {
      if (os !== undefined || !scanLeaf(scan, osNames, osValues, '</os>')) return undefined;
      os = toOs(osValues);
    } else if (takes(scan, '<hw')) {
      if (!scanLeaf(scan, hwNames, hwValues, '</hw>')) return undefined;
    } else {
      break;
    }
  }
  if (apps.length === 0 || !takes(scan, '</request>')) return undefined;
  skipBlanks(scan);
  if (scan.at !== scan.text.length) return undefined;
  return toRequest(requestValues, os ?? unknownOs, apps, scan.doubts, true);
}

const noEvents: readonly RequestEvent[] = Object.freeze([]);

function scanApp(scan: Scan): RequestApp | undefined {
  if (!scanAttributes(scan, appNames, appValues)) return undefined;
  let ping: RequestPing | null = null;
  let check: RequestUpdateCheck | null = null;
  let events: RequestEvent[] | undefined;
  if (!takes(scan, '/>')) {
    if (!takes(scan, '>')) return undefined;
    for (;;) {
      skipBlanks(scan);
      if (takes(scan, '<event')) {
        if (!scanLeaf(scan, eventNames, eventValues, '</event>')) return undefined;
        events ??= [];
        const count = events.push(toEvent(eventValues, scan.doubts));
        if (count > limits.eventsPerAppMax || ++scan.events > limits.eventsPerRequestMax) return undefined;
      } else if (takes(scan, '<ping')) {
        if (ping !== null || !scanLeaf(scan, pingNames, pingValues, '</ping>')) return undefined;
        ping = toPing(pingValues, scan.doubts);
      } else if (takes(scan, '<updatecheck')) {
        if (check !== null || !scanLeaf(scan, updateCheckNames, updateCheckValues, '</updatecheck>')) return undefined;
        check = toUpdateCheck(updateCheckValues, scan.doubts);
      } else {
        break;
      }
    }
    if (!takes(scan, '</app>')) return undefined;
  }
  return toApp(appValues, ping, check, events ?? noEvents, scan.doubts);
}

/** An element without children, from behind its name to behind its end tag. */
function scanLeaf(scan: Scan, table: AttributeNames, values: Values, endTag: string): boolean {
  if (!scanAttributes(scan, table, values)) return false;
  if (takes(scan, '/>')) return true;
  if (!takes(scan, '>')) return false;
  skipBlanks(scan);
  return takes(scan, endTag);
}

/**
 * From behind an element's name to its `>` or `/>`, which it leaves to the caller. `<apple` fails here: what follows a name
 * is a blank or an end.
 */
function scanAttributes(scan: Scan, table: AttributeNames, values: Values): boolean {
  const text = scan.text;
  let at = scan.at;
  for (let slot = 0; slot < values.length; slot++) values[slot] = undefined;
  for (;;) {
    const separator = at;
    let code = text.charCodeAt(at);
    while (isBlank(code)) code = text.charCodeAt(++at);
    if (code === greaterThan || code === slash) {
      scan.at = at;
      return true;
    }
    if (at === separator) return false;
    const nameStart = at;
    while ((code >= 0x61 && code <= 0x7a) || code === underscore || (code >= 0x30 && code <= 0x39)) {
      code = text.charCodeAt(++at);
    }
    if (code !== equals || text.charCodeAt(at + 1) !== quote) return false;
    const slot = table.slotOf(text, nameStart, at);
    if (slot === -1 || values[slot] !== undefined) return false;
    const valueStart = at + 2;
    at = findValueEnd(text, valueStart);
    if (at === -1) return false;
    const value = text.slice(valueStart, at++);
    values[slot] = sawReference ? decodeReferences(value) : value;
    if (values[slot] === undefined) return false;
  }
}

/** Whether the value that `findValueEnd` last passed needs decoding: a second result without an object for it. */
let sawReference = false;

/** The closing quote, or -1: the end of the text (NaN), a control character, `<`, or a character that XML does not allow. */
function findValueEnd(text: string, from: number): number {
  sawReference = false;
  for (let at = from; ; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) return at;
    if (!(code >= 0x20 && code < 0xfffe) || code === lessThan) return -1;
    if (code === ampersand) sawReference = true;
  }
}

function isBlank(code: number): boolean {
  return code === space || code === lineFeed || code === carriageReturn || code === tab;
}

function skipBlanks(scan: Scan): void {
  while (isBlank(scan.text.charCodeAt(scan.at))) scan.at++;
}

function takes(scan: Scan, word: string): boolean {
  if (!scan.text.startsWith(word, scan.at)) return false;
  scan.at += word.length;
  return true;
}
