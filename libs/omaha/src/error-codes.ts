// The `errorcode` of update_engine (omaha-protocol.md 3.2): a signed 32-bit number, a base code and four flag bits. Google's clients use
// the same attribute for HRESULTs with another meaning, so the raw text is always kept and a base that we do not know is not
// named.

export const errorFlags = ['dev-mode', 'resumed', 'test-image', 'own-server'] as const;
export type ErrorFlag = (typeof errorFlags)[number];

const flagBits: Readonly<Record<ErrorFlag, number>> = {
  'dev-mode': 0x8000_0000,
  resumed: 0x4000_0000,
  'test-image': 0x2000_0000,
  // Set by every machine whose SERVER is not Flatcar's public one: that is, by every machine of ours.
  'own-server': 0x1000_0000,
};

export interface DecodedErrorCode {
  /** As sent. */
  raw: string;
  /** Without the flags; null when the text is no 32-bit number. */
  base: number | null;
  flags: readonly ErrorFlag[];
  /** update_engine's name without `kActionCode`; '' when the base is not one of its codes. */
  name: string;
  /** For people; '' when there is no code. */
  words: string;
}

/** The machine fell back to the partition it had before. */
export const rollbackErrorCode = 44;

/** Own servers set theirs in every code, so that it says nothing. */
const toldFlags: Partial<Record<ErrorFlag, string>> = {
  'dev-mode': 'developer mode',
  resumed: 'resumed download',
  'test-image': 'test image',
};

/** In words for people, also where there is no code, with the flags that say something. */
export function describeErrorCode(raw: string): string {
  const { words, flags } = decodeErrorCode(raw);
  if (words === '') return 'error without a code';
  const told = flags.flatMap((flag) => toldFlags[flag] ?? []);
  return told.length === 0 ? words : `${words} [${told.join(', ')}]`;
}

export function decodeErrorCode(raw: string): DecodedErrorCode {
  const number = toErrorNumber(raw);
  if (number === null) return { raw, base: null, flags: [], name: '', words: raw === '' ? '' : `error ${raw}` };
  const bits = number >>> 0;
  const base = bits & 0x0fff_ffff;
  const flags = errorFlags.filter((flag) => (bits & flagBits[flag]) !== 0);
  const known = baseCodes.get(base) ?? httpCode(base);
  if (known === undefined) return { raw, base, flags, name: '', words: unknownWords(number) };
  return { raw, base, flags, name: known[0], words: `error ${base}: ${known[1]}` };
}

/** Of up to 19 digits; what does not fit 32 bits, signed or unsigned, is none of update_engine's. */
function toErrorNumber(raw: string): number | null {
  if (!/^-?\d{1,19}$/.test(raw)) return null;
  const number = Number(raw);
  return number >= -(2 ** 31) && number < 2 ** 32 ? number : null;
}

function unknownWords(number: number): string {
  return number < 0 ? `error 0x${(number >>> 0).toString(16)}` : `error ${number}`;
}

function httpCode(base: number): readonly [string, string] | undefined {
  if (base < 2000 || base > 2999) return undefined;
  const status = base - 2000;
  if (status === 0) return ['OmahaRequestHTTPResponseBase', 'no HTTP answer to the check'];
  if (status === 999) return ['OmahaRequestHTTPResponseBase', 'the check was answered with an impossible HTTP status'];
  return ['OmahaRequestHTTPResponseBase', `the check was answered with HTTP status ${status}`];
}

const baseCodes: ReadonlyMap<number, readonly [name: string, words: string]> = new Map([
  [0, ['Success', 'success']],
  [1, ['Error', 'unspecified error']],
  [2, ['OmahaRequestError', 'the check failed']],
  [3, ['OmahaResponseHandlerError', 'the answer could not be acted on']],
  [4, ['FilesystemCopierError', 'the file system could not be copied']],
  [5, ['PostinstallRunnerError', 'the post-install step failed (or an OEM extension is missing)']],
  [6, ['SetBootableFlagError', 'the partition could not be made bootable']],
  [7, ['InstallDeviceOpenError', 'the target partition could not be opened']],
  [8, ['KernelDeviceOpenError', 'the kernel partition could not be opened']],
  [9, ['DownloadTransferError', 'the payload could not be downloaded (network, or an HTTP error)']],
  [10, ['PayloadHashMismatchError', 'the payload has another hash than announced']],
  [11, ['PayloadSizeMismatchError', 'the payload has another size than announced (truncated?)']],
  [12, ['DownloadPayloadVerificationError', 'the payload could not be verified']],
  [13, ['DownloadNewPartitionInfoError', 'the payload does not describe the new partition']],
  [14, ['DownloadWriteError', 'the payload could not be written to disk']],
  [15, ['NewRootfsVerificationError', 'the new root file system is not what it should be']],
  [16, ['NewKernelVerificationError', 'the new kernel is not what it should be']],
  [17, ['SignedDeltaPayloadExpectedError', 'the payload is not signed']],
  [18, ['DownloadPayloadPubKeyVerificationError', 'the payload is signed with another key']],
  [19, ['PostinstallBootedFromFirmwareB', 'booted from firmware B']],
  [20, ['DownloadStateInitializationError', 'the download could not be resumed or started']],
  [21, ['DownloadInvalidMetadataMagicString', 'the file is no update payload']],
  [22, ['DownloadSignatureMissingInManifest', 'the payload carries no signature']],
  [23, ['DownloadManifestParseError', "the payload's manifest cannot be read"]],
  [24, ['DownloadMetadataSignatureError', "the payload's metadata signature cannot be read"]],
  [25, ['DownloadMetadataSignatureVerificationError', "the payload's metadata signature could not be verified"]],
  [26, ['DownloadMetadataSignatureMismatch', "the payload's metadata signature is wrong"]],
  [27, ['DownloadOperationHashVerificationError', 'a part of the payload could not be verified']],
  [28, ['DownloadOperationExecutionError', 'a part of the payload could not be applied']],
  [
    29,
    [
      'DownloadOperationHashMismatch',
      'a part of the payload has another hash (wrong file, or an origin without Range)',
    ],
  ],
  [30, ['OmahaRequestEmptyResponseError', 'the answer to the check was empty']],
  [31, ['OmahaRequestXMLParseError', 'the answer to the check was no XML']],
  [32, ['DownloadInvalidMetadataSize', "the payload's metadata has a wrong size"]],
  [33, ['DownloadInvalidMetadataSignature', "the payload's metadata signature is no good"]],
  [34, ['OmahaResponseInvalid', 'the answer to the check was neither an update nor none']],
  [35, ['OmahaUpdateIgnoredPerPolicy', "ignored by the machine's own policy"]],
  [36, ['OmahaUpdateDeferredPerPolicy', "deferred by the machine's own policy"]],
  [37, ['OmahaErrorInHTTPResponse', 'an HTTP error']],
  [38, ['DownloadOperationHashMissingError', 'a part of the payload has no hash']],
  [39, ['DownloadMetadataSignatureMissingError', "the payload's metadata signature is missing"]],
  [
    40,
    ['OmahaUpdateDeferredForBackoff', 'the machine waits after earlier attempts before it takes this payload again'],
  ],
  [41, ['PostinstallPowerwashError', 'the reset could not be prepared']],
  [42, ['NewPCRPolicyVerificationError', 'the TPM policy could not be verified']],
  [43, ['NewPCRPolicyHTTPError', 'the TPM policy could not be delivered']],
  [rollbackErrorCode, ['RollbackError', 'the machine came back with its old version after the reboot']],
  [100, ['DownloadIncomplete', 'the download is not complete']],
]);
