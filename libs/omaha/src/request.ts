// What a request says, in fixed-shape objects (every key is always there, in this order: the hot path stays monomorphic).
// Missing and empty attributes are the same: ''. Nothing in a request is authenticated: all of it is a claim.

import type { DoubtedAttribute } from './values.js';

/** An attribute that we know and only keep for statistics, with a value. */
export interface NamedValue {
  name: string;
  value: string;
}

export interface RequestOs {
  platform: string;
  version: string;
  sp: string;
  arch: string;
}

/** Days are null where the client does not know or says something impossible; -1 is "never". */
export interface RequestPing {
  active: boolean;
  daysSinceActive: number | null;
  daysSincePing: number | null;
  /** Day numbers since 2007-01-01 that we once sent as `elapsed_days`. */
  lastActiveDay: number | null;
  lastPingDay: number | null;
}

export interface RequestUpdateCheck {
  targetVersionPrefix: string;
  rollbackAllowed: boolean;
  sameVersionUpdate: boolean;
  /** The client will not act on an offer. */
  updateDisabled: boolean;
}

export interface RequestEvent {
  type: number;
  result: number;
  /** False: type or result is no 32-bit number. It is acknowledged and not stored. */
  isRecordable: boolean;
  /** As sent, at most 32 characters: `decodeErrorCode` reads it. */
  errorCode: string;
  previousVersion: string;
  nextVersion: string;
  others: readonly NamedValue[];
}

export interface RequestApp {
  /** As sent, to be echoed byte for byte; cut where it is too long to name anything. */
  appid: string;
  /** Normalised for look-up: see `normaliseAppId`. '' when it cannot name an application. */
  id: string;
  version: string;
  track: string;
  /** '' when none was sent; longer than 128 characters it is `sha256:` and the hash of what was sent. */
  machineId: string;
  alias: string;
  bootId: string;
  oem: string;
  oemVersion: string;
  alephVersion: string;
  board: string;
  lang: string;
  deltaOkay: boolean;
  multiManifestOk: boolean;
  ping: RequestPing | null;
  updateCheck: RequestUpdateCheck | null;
  /** In the order sent. */
  events: readonly RequestEvent[];
  others: readonly NamedValue[];
}

export interface ParsedRequest {
  kind: 'request';
  /** Read by the scanner; false: by the reference. */
  scanned: boolean;
  /** The attributes of optional values that were no good and became their default, in alphabetical order. */
  questionable: readonly DoubtedAttribute[];
  /** `3.0`, `3.1`, or '' when missing: all are handled as 3.0. */
  protocol: string;
  version: string;
  updaterVersion: string;
  installSource: string;
  isMachine: boolean;
  requestId: string;
  sessionId: string;
  userId: string;
  testSource: string;
  os: RequestOs;
  apps: readonly RequestApp[];
  others: readonly NamedValue[];
}

export const malformedCauses = [
  'empty',
  /** The body starts with `{`: a JSON client, which is answered 415, not 400. */
  'json',
  'invalid-utf8',
  'foreign-encoding',
  'control-character',
  'doctype',
  'processing-instruction',
  'truncated',
  'duplicate-attribute',
  'not-well-formed',
  /** Well-formed, but it uses a name such as `__proto__` that no client sends and the reader refuses. */
  'reserved-name',
  'wrong-root',
  'unsupported-protocol',
  'no-apps',
  'too-many-apps',
  'too-many-events',
  'too-many-attributes',
  'too-many-nodes',
  'too-deep',
] as const;
export type MalformedCause = (typeof malformedCauses)[number];

export interface Malformed {
  kind: 'malformed';
  cause: MalformedCause;
}
