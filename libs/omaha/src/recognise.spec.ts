import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shortenMachineId } from './long-id.js';
import { isHeartbeat, resolveArch, resolveTrack } from './recognise.js';

const os = { platform: '', version: '', sp: '', arch: '' };

describe('the arch', () => {
  it.each([
    ['the board, whatever the rest says', 'arm64-usr', { ...os, arch: 'x64', sp: '1_x86_64' }, 'arm64'],
    ['the board of amd64', 'amd64-usr', os, 'amd64'],
    ['Omaha’s x64', '', { ...os, arch: 'x64' }, 'amd64'],
    ['Omaha’s arm, although a syncer’s sp says x86_64', '', { ...os, arch: 'arm', sp: '1_x86_64' }, 'arm64'],
    ['Omaha’s x86', '', { ...os, arch: 'x86' }, 'x86'],
    ['Go’s arm64', '', { ...os, arch: 'arm64' }, 'arm64'],
    ['Nebraska’s all', '', { ...os, arch: 'all' }, 'all'],
    ['the end of sp', '', { ...os, sp: '1000.0.0_aarch64' }, 'arm64'],
    ['nothing at all', '', os, null],
    ['something unknown', 'riscv-usr', { ...os, arch: 'riscv', sp: '1_riscv' }, null],
  ])('is read from %s', (_what, board, system, arch) => {
    expect(resolveArch({ board }, system)).toBe(arch);
  });
});

describe('the track', () => {
  it.each([
    ['5b810680-e36a-4879-b98a-4f989e80b899', 'amd64', 'alpha'],
    ['3fe10490-dd73-4b49-b72a-28ac19acfcdc', 'amd64', 'beta'],
    ['9a2deb70-37be-4026-853f-bfdd6b347bbe', 'amd64', 'stable'],
    ['72834a2b-ad86-4d6d-b498-e08a19ebe54e', 'amd64', 'edge'],
    ['e641708d-fb48-4260-8bdf-ba2074a1147a', 'arm64', 'alpha'],
    ['d112ec01-ba34-4a9e-9d4b-9814a685f266', 'arm64', 'beta'],
    ['11a585f6-9418-4df0-8863-78b2fd3240f8', 'arm64', 'stable'],
    ['b4b2fa22-c1ea-498c-a8ac-c1dc0b1d7c17', 'arm64', 'edge'],
  ] as const)('%s on %s is %s', (track, arch, name) => {
    expect(resolveTrack(track, arch)).toBe(name);
  });

  it('of another kind stays as it is', () => {
    expect(resolveTrack('', 'amd64')).toBe('');
    expect(resolveTrack('my-track', 'amd64')).toBe('my-track');
    expect(resolveTrack('00000000-0000-4000-8000-000000000000', 'x86')).toBe('00000000-0000-4000-8000-000000000000');
  });
});

describe('the heartbeat', () => {
  it.each([
    [3, 2, '', true],
    [3, 2, '0.0.0.0', true],
    [3, 2, '0.0.0', false],
    [3, 2, '1000.0.0', false],
    [3, 1, '', false],
    [13, 2, '', false],
  ])('%d/%d with previous version "%s": %s', (type, result, previousVersion, expected) => {
    expect(isHeartbeat({ type, result, previousVersion })).toBe(expected);
  });
});

describe('a long machine id', () => {
  it('becomes its SHA-256', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 129, maxLength: 400 }), (id) => {
        expect(shortenMachineId(id)).toBe(`sha256:${createHash('sha256').update(id).digest('hex')}`);
      }),
      { numRuns: 300 },
    );
  });
});
