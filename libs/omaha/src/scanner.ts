// The fast parser: one pass over the plain shape that every real client sends, known elements and attributes in double
// quotes, ASCII alone (update_engine writes everything else as references). It accepts or declines, it never refuses: whatever
// looks unusual (prefixes, comments, CDATA, unknown names, single quotes, duplicates, bad structure) is the reference's to judge. For any bytes it declines or says what the reference says;
// the property tests and `./platte fuzz` hold it to that.
import {
  type AttributeNames,
  appNames,
  eventNames,
  findSlot,
  hwNames,
  isNameAt,
  osNames,
  pingNames,
  requestNames,
  requestSlot,
  toBytes,
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
const declaration = toBytes('<?xml version="1.0" encoding="UTF-8"?>');

const tokens = {
  request: toBytes('<request'),
  requestEnd: toBytes('</request>'),
  os: toBytes('<os'),
  osEnd: toBytes('</os>'),
  hw: toBytes('<hw'),
  hwEnd: toBytes('</hw>'),
  app: toBytes('<app'),
  appEnd: toBytes('</app>'),
  ping: toBytes('<ping'),
  pingEnd: toBytes('</ping>'),
  updateCheck: toBytes('<updatecheck'),
  updateCheckEnd: toBytes('</updatecheck>'),
  event: toBytes('<event'),
  eventEnd: toBytes('</event>'),
  tagEnd: toBytes('>'),
  emptyEnd: toBytes('/>'),
};

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
  /** As many as `text` has characters: reading bytes is faster than `charCodeAt`, slicing text faster than decoding bytes. */
  readonly bytes: Uint8Array;
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
  // Shorter text: a byte order mark, or more than ASCII.
  if (text.length !== body.length) return declined;
  const scan: Scan = { bytes: body, text, at: 0, events: 0, doubts: { attributes: null } };
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
  takes(scan, declaration);
  skipBlanks(scan);
  if (!takes(scan, tokens.request) || !scanAttributes(scan, requestNames, requestValues)) return undefined;
  if (!isKnownProtocol(requestValues[requestSlot.protocol] ?? '') || !takes(scan, tokens.tagEnd)) return undefined;
  let os: RequestOs | undefined;
  let sawHardware = false;
  const apps: RequestApp[] = [];
  for (;;) {
    skipBlanks(scan);
    if (takes(scan, tokens.app)) {
      const app = scanApp(scan);
      if (app === undefined || apps.push(app) > limits.appsMax) return undefined;
    } else if (takes(scan, tokens.os)) {
      if (os !== undefined || !scanLeaf(scan, osNames, osValues, tokens.osEnd)) return undefined;
      os = toOs(osValues, scan.doubts);
    } else if (takes(scan, tokens.hw)) {
      if (sawHardware || !scanLeaf(scan, hwNames, hwValues, tokens.hwEnd)) return undefined;
      sawHardware = true;
    } else {
      break;
    }
  }
  if (apps.length === 0 || !takes(scan, tokens.requestEnd)) return undefined;
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
  if (!takes(scan, tokens.emptyEnd)) {
    if (!takes(scan, tokens.tagEnd)) return undefined;
    for (;;) {
      skipBlanks(scan);
      if (takes(scan, tokens.event)) {
        if (!scanLeaf(scan, eventNames, eventValues, tokens.eventEnd)) return undefined;
        events ??= [];
        const count = events.push(toEvent(eventValues, scan.doubts));
        if (count > limits.eventsPerAppMax || ++scan.events > limits.eventsPerRequestMax) return undefined;
      } else if (takes(scan, tokens.ping)) {
        if (ping !== null || !scanLeaf(scan, pingNames, pingValues, tokens.pingEnd)) return undefined;
        ping = toPing(pingValues, scan.doubts);
      } else if (takes(scan, tokens.updateCheck)) {
        if (check !== null || !scanLeaf(scan, updateCheckNames, updateCheckValues, tokens.updateCheckEnd))
          return undefined;
        check = toUpdateCheck(updateCheckValues, scan.doubts);
      } else {
        break;
      }
    }
    if (!takes(scan, tokens.appEnd)) return undefined;
  }
  return toApp(appValues, ping, check, events ?? noEvents, scan.doubts);
}

/** An element without children, from behind its name to behind its end tag. */
function scanLeaf(scan: Scan, table: AttributeNames, values: Values, endTag: Uint8Array): boolean {
  if (!scanAttributes(scan, table, values)) return false;
  if (takes(scan, tokens.emptyEnd)) return true;
  if (!takes(scan, tokens.tagEnd)) return false;
  skipBlanks(scan);
  return takes(scan, endTag);
}

/**
 * From behind an element's name to its `>` or `/>`, which it leaves to the caller. `<apple` fails here: what follows a name
 * is a blank or an end.
 */
function scanAttributes(scan: Scan, table: AttributeNames, values: Values): boolean {
  const { bytes, text } = scan;
  let at = scan.at;
  let guess = 0;
  for (let slot = 0; slot < values.length; slot++) values[slot] = undefined;
  for (;;) {
    const separator = at;
    while (isBlank(bytes[at])) at++;
    if (bytes[at] === greaterThan || bytes[at] === slash) {
      scan.at = at;
      return true;
    }
    if (at === separator) return false;
    const slot = takeSlot(table, bytes, at, guess);
    if (slot === -1 || values[slot] !== undefined) return false;
    const valueStart = at + table.nameBytes[slot]!.length + 2;
    if (bytes[valueStart - 2] !== equals || bytes[valueStart - 1] !== quote) return false;
    at = findValueEnd(bytes, valueStart);
    if (at === -1) return false;
    const value = takeValue(text, valueStart, at);
    if (value === undefined) return false;
    values[slot] = value;
    guess = slot + 1;
    at++;
  }
}

/** The attribute after the last one of the list, mostly: clients send them in one order. */
function takeSlot(table: AttributeNames, bytes: Uint8Array, start: number, guess: number): number {
  if (guess < table.names.length && isNameAt(table, guess, bytes, start)) {
    if (bytes[start + table.nameBytes[guess]!.length] === equals) return guess;
  }
  let end = start;
  while (isNameByte(bytes[end])) end++;
  return end === start ? -1 : findSlot(table, bytes, start, end);
}

function isNameByte(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (byte >= 0x61 && byte <= 0x7a) || byte === underscore || (byte >= 0x30 && byte <= 0x39);
}

/** Whether the value that `findValueEnd` last passed needs decoding: a second result without an object for it. */
let sawReference = false;

/** The closing quote, or -1: the end, a control character, `<`. (All bytes are ASCII, for text and bytes are as long.) */
function findValueEnd(bytes: Uint8Array, from: number): number {
  sawReference = false;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === quote) return at;
    if (byte < space || byte === lessThan) return -1;
    if (byte === ampersand) sawReference = true;
  }
  return -1;
}

function takeValue(text: string, start: number, end: number): string | undefined {
  if (start === end) return '';
  const value = text.slice(start, end);
  return sawReference ? decodeReferences(value) : value;
}

function isBlank(byte: number | undefined): boolean {
  return byte === space || byte === lineFeed || byte === carriageReturn || byte === tab;
}

function skipBlanks(scan: Scan): void {
  while (isBlank(scan.bytes[scan.at])) scan.at++;
}

function takes(scan: Scan, token: Uint8Array): boolean {
  const { bytes, at } = scan;
  for (let n = 0; n < token.length; n++) if (token[n] !== bytes[at + n]) return false;
  scan.at = at + token.length;
  return true;
}
