import { describe, expect, it } from 'vitest';
import { decodeErrorCode } from './error-codes.js';
import { describeEvent } from './event-words.js';

describe('error codes', () => {
  it.each([
    ['268435465', 9, ['own-server'], 'DownloadTransferError'],
    ['268435463', 7, ['own-server'], 'InstallDeviceOpenError'],
    ['44', 44, [], 'RollbackError'],
    ['0', 0, [], 'Success'],
    ['1342177309', 29, ['resumed', 'own-server'], 'DownloadOperationHashMismatch'],
    ['-1879048183', 9, ['dev-mode', 'own-server'], 'DownloadTransferError'],
    ['268437856', 2400, ['own-server'], 'OmahaRequestHTTPResponseBase'],
  ])('%s is %d with %j: %s', (raw, base, flags, name) => {
    expect(decodeErrorCode(raw)).toMatchObject({ raw, base, flags, name });
  });

  it.each([
    ['268435465', 'error 9: the payload could not be downloaded (network, or an HTTP error)'],
    ['268437956', 'error 2500: the check was answered with HTTP status 500'],
    ['2000', 'error 2000: no HTTP answer to the check'],
    ['-2147219440', 'error 0x80040810'],
    ['777', 'error 777'],
    ['0x10', 'error 0x10'],
    ['99999999999999999999', 'error 99999999999999999999'],
    ['9999999999999999999', 'error 9999999999999999999'],
    ['', ''],
  ])('%s reads "%s"', (raw, words) => {
    expect(decodeErrorCode(raw)).toMatchObject({ raw, words });
  });

  it.each(['', '1e3', '0x10', 'abc', '99999999999999999999', '-', '9999999999'])('%j is no number', (raw) => {
    expect(decodeErrorCode(raw)).toMatchObject({ base: null, flags: [] });
  });
});

describe('events', () => {
  it.each([
    [3, 0, 'update failed'],
    [3, 1, 'update installed'],
    [3, 2, 'rebooted into the update'],
    [13, 1, 'update download started'],
    [14, 1, 'update download finished'],
    [3, 9, 'update deferred by the machine'],
    [6, 1, 'install started: success'],
    [2, 5, 'install complete: failed in the MSI installer'],
    [77, 12, 'event 77: result 12'],
    [-1, 0, 'event -1: failed'],
  ])('%d/%d is "%s"', (type, result, words) => {
    expect(describeEvent(type, result)).toBe(words);
  });
});
