// The types, results and error codes of omaha-protocol.md 3.1 and 3.2, all of them, written down a second time from their public source.
import { describe, expect, it } from 'vitest';
import { decodeErrorCode, describeErrorCode, type ErrorFlag } from './error-codes.js';
import { describeEvent } from './event-words.js';

const names = `
0 Success
1 Error
2 OmahaRequestError
3 OmahaResponseHandlerError
4 FilesystemCopierError
5 PostinstallRunnerError
6 SetBootableFlagError
7 InstallDeviceOpenError
8 KernelDeviceOpenError
9 DownloadTransferError
10 PayloadHashMismatchError
11 PayloadSizeMismatchError
12 DownloadPayloadVerificationError
13 DownloadNewPartitionInfoError
14 DownloadWriteError
15 NewRootfsVerificationError
16 NewKernelVerificationError
17 SignedDeltaPayloadExpectedError
18 DownloadPayloadPubKeyVerificationError
19 PostinstallBootedFromFirmwareB
20 DownloadStateInitializationError
21 DownloadInvalidMetadataMagicString
22 DownloadSignatureMissingInManifest
23 DownloadManifestParseError
24 DownloadMetadataSignatureError
25 DownloadMetadataSignatureVerificationError
26 DownloadMetadataSignatureMismatch
27 DownloadOperationHashVerificationError
28 DownloadOperationExecutionError
29 DownloadOperationHashMismatch
30 OmahaRequestEmptyResponseError
31 OmahaRequestXMLParseError
32 DownloadInvalidMetadataSize
33 DownloadInvalidMetadataSignature
34 OmahaResponseInvalid
35 OmahaUpdateIgnoredPerPolicy
36 OmahaUpdateDeferredPerPolicy
37 OmahaErrorInHTTPResponse
38 DownloadOperationHashMissingError
39 DownloadMetadataSignatureMissingError
40 OmahaUpdateDeferredForBackoff
41 PostinstallPowerwashError
42 NewPCRPolicyVerificationError
43 NewPCRPolicyHTTPError
44 RollbackError
100 DownloadIncomplete
2000 OmahaRequestHTTPResponseBase
2404 OmahaRequestHTTPResponseBase
2999 OmahaRequestHTTPResponseBase`;
const table = names
  .trim()
  .split('\n')
  .map((line): [code: number, name: string] => [Number(line.split(' ')[0]), line.split(' ')[1]!]);

const bits: readonly [bit: number, flag: ErrorFlag, told: string][] = [
  [31, 'dev-mode', 'developer mode'],
  [30, 'resumed', 'resumed download'],
  [29, 'test-image', 'test image'],
  // Every machine of ours sets it: it is decoded and not told.
  [28, 'own-server', ''],
];
/** All sixteen, from none to all. */
const combinations = Array.from({ length: 16 }, (_, set) => bits.filter((_bit, index) => (set & (8 >> index)) !== 0));

/** As update_engine prints it: `%d` of 32 bits. */
const printed = (code: number, set: (typeof combinations)[number]): string =>
  String(set.reduce((number, [bit]) => number | (1 << bit), code) | 0);

describe('an error code of update_engine', () => {
  it.each(table)('%i is %s, with any flags', (code, name) => {
    for (const set of combinations) {
      const raw = printed(code, set);
      const decoded = decodeErrorCode(raw);
      expect(decoded).toMatchObject({ raw, base: code, name, flags: set.map(([, flag]) => flag) });
      expect(decoded.words).toMatch(new RegExp(`^error ${code}: \\S`));
      const told = set.map(([, , words]) => words).filter((words) => words !== '');
      expect(describeErrorCode(raw)).toBe(told.length === 0 ? decoded.words : `${decoded.words} [${told.join(', ')}]`);
    }
  });

  it('says something else for each code', () => {
    const words = table.map(([code]) => decodeErrorCode(String(code)).words.replace(/^error \d+: /, ''));
    expect(new Set(words).size).toBe(table.length);
  });

  it('beyond the table has no name', () => {
    const known = new Set(table.map(([code]) => code));
    const named = Array.from({ length: 5000 }, (_, code) => code).filter(
      (code) => decodeErrorCode(String(code)).name !== '' && !known.has(code),
    );
    // What is left is 2000 and an HTTP status.
    expect(named.every((code) => code > 2000 && code < 2999)).toBe(true);
    expect(named).toHaveLength(997);
  });

  it.each([
    [2404, 'HTTP status 404'],
    [2500, 'HTTP status 500'],
    [2000, 'no HTTP answer'],
    [2999, 'HTTP status'],
  ])('%i tells of the answer to the check: %s', (code, words) => {
    expect(decodeErrorCode(String(code)).words).toContain(words);
  });
});

describe('what the protocol has a word for', () => {
  const types = [0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 16, 17, 20, 30, 40, 41, 42, 50, 54];
  const later = [60, 61, 62, 63, 64, 100, 102, 103, 800];
  const results = Array.from({ length: 11 }, (_, result) => result);

  it.each([...types, ...later])('event type %i has one, with every result', (type) => {
    const told = results.map((result) => describeEvent(type, result));
    for (const words of told) expect(words).not.toMatch(/event \d|result \d/);
    expect(new Set(told).size).toBe(results.length);
  });

  it('types and results beyond it are told by their number', () => {
    for (const type of [7, 8, 18, 51, 52, 53, 55, 65, 101, 801])
      expect(describeEvent(type, 1)).toContain(`event ${type}`);
    for (const result of [-1, 11, 99]) expect(describeEvent(3, result)).toContain(`result ${result}`);
  });
});
