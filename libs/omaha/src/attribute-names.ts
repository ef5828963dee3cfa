// The attributes that real clients send (omaha.md 1.3 to 1.5), per element. An attribute is found as a slot: its place in the
// list. The first ones have a meaning of their own, in the order of the `…Slot` constants; the rest (`others`) is kept by name.
// Not here, and so never kept: `tttoken`, a secret.

export interface AttributeNames {
  readonly names: readonly string[];
  /** Slots below have a meaning of their own. */
  readonly meant: number;
  /** The slot of the name that is text[start, end), or -1. */
  slotOf(text: string, start: number, end: number): number;
}

/** The values of one element by slot: `undefined` where the attribute is not there. Written anew for every element. */
export type Values = (string | undefined)[];

const tableSize = 1024;

/**
 * A table without collisions over length, first, inner and last letter, tried out once at start: a look-up is one multiplication
 * and one comparison, without making a string of the name (a Map of slices cost 1.2 us per request more).
 */
function makeNames(meantNames: readonly string[], otherNames: readonly string[] = []): AttributeNames {
  const names = [...meantNames, ...otherNames];
  for (let factor = 1; factor < 100_000; factor++) {
    const table = placeNames(names, factor);
    if (table !== undefined) return { names, meant: meantNames.length, slotOf: makeLookUp(names, table, factor) };
  }
  throw new Error(`no table without collisions for ${names.join(' ')}: raise tableSize`);
}

function hash(length: number, first: number, inner: number, last: number, factor: number): number {
  const mixed = Math.imul(((length * 131 + first) * 131 + inner) * 131 + last, factor);
  return (mixed ^ (mixed >>> 15)) & (tableSize - 1);
}

function placeNames(names: readonly string[], factor: number): Int8Array | undefined {
  const table = new Int8Array(tableSize).fill(-1);
  for (const [slot, name] of names.entries()) {
    const inner = name.charCodeAt(name.length >> 2);
    const place = hash(name.length, name.charCodeAt(0), inner, name.charCodeAt(name.length - 1), factor);
    if (table[place] !== -1) return undefined;
    table[place] = slot;
  }
  return table;
}

function makeLookUp(names: readonly string[], table: Int8Array, factor: number): AttributeNames['slotOf'] {
  return (text, start, end) => {
    const length = end - start;
    const inner = text.charCodeAt(start + (length >> 2));
    const place = hash(length, text.charCodeAt(start), inner, text.charCodeAt(end - 1), factor);
    const slot = table[place] ?? -1;
    const name = names[slot];
    return name !== undefined && name.length === length && text.startsWith(name, start) ? slot : -1;
  };
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

export const osSlot = { platform: 0, version: 1, sp: 2, arch: 3 } as const;
export const osNames = makeNames(['platform', 'version', 'sp', 'arch']);

/** Known so that the scanner need not decline them; nobody reads them. */
export const hwNames = makeNames([], ['sse', 'sse2', 'sse3', 'ssse3', 'sse41', 'sse42', 'avx', 'physmemory']);

export const appSlot = {
  appid: 0,
  version: 1,
  track: 2,
  machineId: 3,
  alias: 4,
  bootId: 5,
  oem: 6,
  oemVersion: 7,
  alephVersion: 8,
  board: 9,
  lang: 10,
  deltaOkay: 11,
  multiManifestOk: 12,
} as const;

export const appNames = makeNames(
  [
    'appid',
    'version',
    'track',
    'machineid',
    'machinealias',
    'bootid',
    'oem',
    'oemversion',
    'alephversion',
    'board',
    'lang',
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

export const eventSlot = { type: 0, result: 1, errorCode: 2, previousVersion: 3, nextVersion: 4 } as const;
export const eventNames = makeNames(
  ['eventtype', 'eventresult', 'errorcode', 'previousversion', 'nextversion'],
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
