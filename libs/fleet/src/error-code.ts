// update_engine's error codes: a number whose upper four bits are flags, printed with `%d`, so that it may be negative.
// Other clients use the same field with meanings of their own: the raw text is what is stored, this is only its reading.

/** The machine fell back to the partition it had before. */
export const rollbackErrorCode = 44;

const flagNames: readonly (readonly [bit: number, name: string])[] = [
  [0x8000_0000, 'developer mode'],
  [0x4000_0000, 'resumed download'],
  [0x2000_0000, 'test image'],
  [0x1000_0000, 'custom update server'],
];

const httpResponseBase = 2000;

const names: Readonly<Record<number, string>> = {
  0: 'success',
  1: 'error',
  2: 'Omaha request error',
  3: 'Omaha response handler error',
  4: 'filesystem copier error',
  5: 'postinstall runner error',
  6: 'set bootable flag error',
  7: 'install device open error',
  8: 'kernel device open error',
  9: 'download transfer error',
  10: 'payload hash mismatch',
  11: 'payload size mismatch',
  12: 'payload verification error',
  13: 'new partition info error',
  14: 'download write error',
  15: 'new root filesystem verification error',
  16: 'new kernel verification error',
  17: 'signed delta payload expected',
  18: 'payload public key verification error',
  19: 'postinstall booted from firmware B',
  20: 'download state initialization error',
  21: 'invalid metadata magic string',
  22: 'signature missing in manifest',
  23: 'manifest parse error',
  24: 'metadata signature error',
  25: 'metadata signature verification error',
  26: 'metadata signature mismatch',
  27: 'operation hash verification error',
  28: 'operation execution error',
  29: 'operation hash mismatch',
  30: 'empty Omaha response',
  31: 'Omaha response XML parse error',
  32: 'invalid metadata size',
  33: 'invalid metadata signature',
  34: 'invalid Omaha response',
  35: 'update ignored by policy',
  36: 'update deferred by policy',
  37: 'error in HTTP response',
  38: 'operation hash missing',
  39: 'metadata signature missing',
  40: 'update deferred for back-off',
  41: 'postinstall powerwash error',
  42: 'new PCR policy verification error',
  43: 'new PCR policy HTTP error',
  [rollbackErrorCode]: 'rollback: booted the old partition again',
  100: 'download incomplete',
  2000: 'no HTTP answer',
  2999: 'HTTP status out of range',
};

export interface ErrorCode {
  /** Without flags. */
  base: number;
  flags: string[];
}

/** null: not a whole number of 32 bits, so not update_engine's. */
export function decodeErrorCode(raw: string): ErrorCode | null {
  if (!/^-?\d{1,10}$/.test(raw)) return null;
  const value = Number(raw);
  if (value < -(2 ** 31) || value >= 2 ** 32) return null;
  const unsigned = value >>> 0;
  return {
    base: unsigned & 0x0fff_ffff,
    flags: flagNames.filter(([bit]) => (unsigned & bit) !== 0).map(([, name]) => name),
  };
}

/** In words for people: `error 9: download transfer error (resumed download)`. */
export function describeErrorCode(raw: string): string {
  if (raw === '') return 'error without a code';
  const code = decodeErrorCode(raw);
  const name = code === null ? undefined : nameOf(code.base);
  if (code === null || name === undefined) return `error ${raw}`;
  const flags = code.flags.length === 0 ? '' : ` (${code.flags.join(', ')})`;
  return `error ${code.base}: ${name}${flags}`;
}

function nameOf(base: number): string | undefined {
  if (base > httpResponseBase && base < 2999) return `HTTP status ${base - httpResponseBase}`;
  return names[base];
}
