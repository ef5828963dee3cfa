// The attributes that real clients send (omaha-protocol.md 1.3 to 1.5), per element. An attribute is found as a slot: its place in the
// list. The first ones have a meaning of their own, in the order of the `…Slot` constants, which is the order in which
// update_engine sends them (the scanner guesses by it); the rest (`others`) is kept by name.
// Not here, and so never kept: `tttoken`, a secret.

export interface AttributeNames {
  readonly names: readonly string[];
  /** Slots below have a meaning of their own. */
  readonly meant: number;
  readonly nameBytes: readonly Uint8Array[];
  /** By hash: the only slot whose name may have it, or -1. */
  readonly slotsByHash: Int8Array;
  readonly factor: number;
}

/** The values of one element by slot: `undefined` where the attribute is not there. Written anew for every element. */
export type Values = (string | undefined)[];

const hashes = 1024;

/** A table without collisions over length, first, inner and last letter, tried out once at start. */
function makeNames(meantNames: readonly string[], otherNames: readonly string[] = []): AttributeNames {
  const names = [...meantNames, ...otherNames];
  const nameBytes = names.map(toBytes);
  for (let factor = 1; factor < 100_000; factor++) {
    const slotsByHash = placeNames(nameBytes, factor);
    if (slotsByHash !== undefined) return { names, meant: meantNames.length, nameBytes, slotsByHash, factor };
  }
  throw new Error(`no table without collisions for ${names.join(' ')}: raise \`hashes\``);
}

/** Of ASCII. */
export function toBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function placeNames(nameBytes: readonly Uint8Array[], factor: number): Int8Array | undefined {
  const slots = new Int8Array(hashes).fill(-1);
  for (const [slot, bytes] of nameBytes.entries()) {
    const place = hash(bytes, 0, bytes.length, factor);
    if (slots[place] !== -1) return undefined;
    slots[place] = slot;
  }
  return slots;
}

function hash(bytes: Uint8Array, start: number, end: number, factor: number): number {
  const length = end - start;
  const [first, inner, last] = [bytes[start]!, bytes[start + (length >> 2)]!, bytes[end - 1]!];
  const mixed = Math.imul(((length * 131 + first) * 131 + inner) * 131 + last, factor);
  return (mixed ^ (mixed >>> 15)) & (hashes - 1);
}

/**
 * The slot of the name that is bytes[start, end), or -1. Without making a string of it: a Map of slices, and `startsWith`
 * on the text, took a third of the scanner's time.
 */
export function findSlot(table: AttributeNames, bytes: Uint8Array, start: number, end: number): number {
  const slot = table.slotsByHash[hash(bytes, start, end, table.factor)]!;
  return slot !== -1 && isNameAt(table, slot, bytes, start) && table.nameBytes[slot]!.length === end - start
    ? slot
    : -1;
}

/** Whether the bytes from `start` begin with that name: what follows it is the caller's to look at. */
export function isNameAt(table: AttributeNames, slot: number, bytes: Uint8Array, start: number): boolean {
  const name = table.nameBytes[slot]!;
  for (let n = 0; n < name.length; n++) if (name[n] !== bytes[start + n]) return false;
  return true;
}

export const requestSlot = {
  protocol: 0,
  version: 1,
  updaterVersion: 2,
  installSource: 3,
  isMachine: 4,
  requestId: 5,
  sessionId: 6,
  userId: 7,
  testSource: 8,
} as const;

export const requestNames = makeNames(
  [
    'protocol',
    'version',
    'updaterversion',
    'installsource',
    'ismachine',
    'requestid',
    'sessionid',
    'userid',
    'testsource',
  ],
  [
    'updater',
    'updaterchannel',
    'originurl',
    'dlpref',
    'dedup',
    'acceptformat',
    'domainjoined',
    'shell_version',
    'periodoverridesec',
  ],
);

export const osSlot = { version: 0, platform: 1, sp: 2, arch: 3 } as const;
export const osNames = makeNames(['version', 'platform', 'sp', 'arch']);

/** Known so that the scanner need not decline them; nobody reads them. */
export const hwNames = makeNames([], ['sse', 'sse2', 'sse3', 'ssse3', 'sse41', 'sse42', 'avx', 'physmemory']);

export const appSlot = {
  appid: 0,
  version: 1,
  track: 2,
  bootId: 3,
  oem: 4,
  oemVersion: 5,
  alephVersion: 6,
  machineId: 7,
  alias: 8,
  lang: 9,
  board: 10,
  deltaOkay: 11,
  multiManifestOk: 12,
} as const;

export const appNames = makeNames(
  [
    'appid',
    'version',
    'track',
    'bootid',
    'oem',
    'oemversion',
    'alephversion',
    'machineid',
    'machinealias',
    'lang',
    'board',
    'delta_okay',
    'multi_manifest_ok',
  ],
  [
    'hardware_class',
    'from_track',
    'nextversion',
    'brand',
    'client',
    'ap',
    'tag',
    'iid',
    'installage',
    'installdate',
    'experiments',
    'enabled',
    'fp',
    'release_channel',
    'installsource',
    'ismachine',
    'cohort',
    'cohorthint',
    'cohortname',
    'fw_version',
    'ec_version',
    'from_version',
    'fingerprint',
    'os_build_type',
    'requisition',
  ],
);

export const pingSlot = { active: 0, a: 1, r: 2, ad: 3, rd: 4 } as const;
export const pingNames = makeNames(['active', 'a', 'r', 'ad', 'rd'], ['ping_freshness']);

export const updateCheckSlot = {
  targetVersionPrefix: 0,
  rollbackAllowed: 1,
  sameVersionUpdate: 2,
  updateDisabled: 3,
} as const;
export const updateCheckNames = makeNames([
  'targetversionprefix',
  'rollback_allowed',
  'sameversionupdate',
  'updatedisabled',
]);

export const eventSlot = { type: 0, result: 1, previousVersion: 2, errorCode: 3, nextVersion: 4 } as const;
export const eventNames = makeNames(
  ['eventtype', 'eventresult', 'previousversion', 'errorcode', 'nextversion'],
  [
    'extracode1',
    'errorcat',
    'previousfp',
    'nextfp',
    'download_time_ms',
    'downloaded',
    'total',
    'downloader',
    'url',
    'update_check_time_ms',
    'install_time_ms',
    'source_url_index',
    'state_cancelled',
    'time_since_update_available_ms',
    'time_since_download_start_ms',
  ],
);
