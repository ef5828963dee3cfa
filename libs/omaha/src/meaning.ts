// From attribute values to what they say. Both parsers end here, so that they can differ in syntax only.
import { normaliseAppId } from './application-id.js';
import {
  type AttributeNames,
  appNames,
  appSlot,
  eventNames,
  eventSlot,
  osSlot,
  pingSlot,
  requestNames,
  requestSlot,
  updateCheckSlot,
  type Values,
} from './attribute-names.js';
import { limits } from './limits.js';
import { shortenMachineId } from './long-id.js';
import { isKnownArch } from './recognise.js';
import type {
  NamedValue,
  ParsedRequest,
  RequestApp,
  RequestEvent,
  RequestOs,
  RequestPing,
  RequestUpdateCheck,
} from './request.js';
import {
  cutShown,
  cutWord,
  doubt,
  type DoubtedAttribute,
  type Doubts,
  toBit,
  toBoolean,
  toDays,
  toInt32,
} from './values.js';

const none: readonly NamedValue[] = Object.freeze([]);
const noDoubts: readonly DoubtedAttribute[] = Object.freeze([]);

export const unknownOs: RequestOs = Object.freeze({ platform: '', version: '', sp: '', arch: '' });

export function isKnownProtocol(protocol: string): boolean {
  return protocol === '3.0' || protocol === '3.1' || protocol === '';
}

export function toRequest(
  values: Values,
  os: RequestOs,
  apps: RequestApp[],
  doubts: Doubts,
  scanned: boolean,
): ParsedRequest {
  const isMachine = toBit(values[requestSlot.isMachine] ?? '', 'ismachine', doubts);
  return {
    kind: 'request',
    scanned,
    questionable: doubts.attributes === null ? noDoubts : doubts.attributes.toSorted(),
    protocol: values[requestSlot.protocol] ?? '',
    version: shown(values, requestSlot.version),
    updaterVersion: shown(values, requestSlot.updaterVersion),
    installSource: shown(values, requestSlot.installSource),
    isMachine,
    requestId: shown(values, requestSlot.requestId),
    sessionId: shown(values, requestSlot.sessionId),
    userId: shown(values, requestSlot.userId),
    testSource: shown(values, requestSlot.testSource),
    os,
    apps,
    others: toOthers(values, requestNames),
  };
}

export function toOs(values: Values, doubts: Doubts): RequestOs {
  const arch = shown(values, osSlot.arch);
  if (arch !== '' && !isKnownArch(arch)) doubt(doubts, 'arch');
  return {
    platform: shown(values, osSlot.platform),
    version: shown(values, osSlot.version),
    sp: shown(values, osSlot.sp),
    arch,
  };
}

export function toApp(
  values: Values,
  ping: RequestPing | null,
  updateCheck: RequestUpdateCheck | null,
  events: readonly RequestEvent[],
  doubts: Doubts,
): RequestApp {
  const appid = values[appSlot.appid] ?? '';
  return {
    appid: cutShown(appid, limits.appIdCharsMax),
    id: normaliseAppId(appid),
    version: word(values, appSlot.version),
    track: word(values, appSlot.track),
    machineId: shortenMachineId((values[appSlot.machineId] ?? '').trim()),
    alias: shown(values, appSlot.alias),
    bootId: word(values, appSlot.bootId),
    oem: shown(values, appSlot.oem),
    oemVersion: shown(values, appSlot.oemVersion),
    alephVersion: shown(values, appSlot.alephVersion),
    board: word(values, appSlot.board),
    lang: shown(values, appSlot.lang),
    deltaOkay: toBoolean(values[appSlot.deltaOkay] ?? '', 'delta_okay', doubts),
    multiManifestOk: toBoolean(values[appSlot.multiManifestOk] ?? '', 'multi_manifest_ok', doubts),
    ping,
    updateCheck,
    events,
    others: toOthers(values, appNames),
  };
}

export function toPing(values: Values, doubts: Doubts): RequestPing {
  return {
    active: toBit(values[pingSlot.active] ?? '', 'active', doubts),
    daysSinceActive: toDays(values[pingSlot.a] ?? '', -1, 'a', doubts),
    daysSincePing: toDays(values[pingSlot.r] ?? '', -1, 'r', doubts),
    lastActiveDay: toDays(values[pingSlot.ad] ?? '', -2, 'ad', doubts),
    lastPingDay: toDays(values[pingSlot.rd] ?? '', -2, 'rd', doubts),
  };
}

export function toUpdateCheck(values: Values, doubts: Doubts): RequestUpdateCheck {
  return {
    targetVersionPrefix: word(values, updateCheckSlot.targetVersionPrefix),
    rollbackAllowed: toBoolean(values[updateCheckSlot.rollbackAllowed] ?? '', 'rollback_allowed', doubts),
    sameVersionUpdate: toBoolean(values[updateCheckSlot.sameVersionUpdate] ?? '', 'sameversionupdate', doubts),
    updateDisabled: toBoolean(values[updateCheckSlot.updateDisabled] ?? '', 'updatedisabled', doubts),
  };
}

/**
 * A missing type or result is 0 by the protocol. One that is there and no number is not guessed at (0 would be "failed"):
 * such an event changes nothing.
 */
export function toEvent(values: Values, doubts: Doubts): RequestEvent {
  const type = toInt32(values[eventSlot.type] || '0');
  const result = toInt32(values[eventSlot.result] || '0');
  const isRecordable = type !== null && result !== null;
  if (type === null) doubt(doubts, 'eventtype');
  if (result === null) doubt(doubts, 'eventresult');
  return {
    type: type ?? 0,
    result: result ?? 0,
    isRecordable,
    errorCode: cutShown(values[eventSlot.errorCode] ?? '', limits.errorCodeCharsMax),
    previousVersion: word(values, eventSlot.previousVersion),
    nextVersion: word(values, eventSlot.nextVersion),
    others: toOthers(values, eventNames),
  };
}

function shown(values: Values, slot: number): string {
  const value = values[slot];
  return value === undefined ? '' : cutShown(value, limits.shownCharsMax);
}

function word(values: Values, slot: number): string {
  const value = values[slot];
  return value === undefined ? '' : cutWord(value.trim(), limits.wordCharsMax);
}

function toOthers(values: Values, table: AttributeNames): readonly NamedValue[] {
  let others: NamedValue[] | undefined;
  for (let slot = table.meant; slot < table.names.length; slot++) {
    const value = values[slot];
    if (value === undefined || value === '') continue;
    others ??= [];
    others.push({ name: table.names[slot]!, value: cutShown(value, limits.shownCharsMax) });
  }
  return others ?? none;
}
