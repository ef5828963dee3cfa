// Who is asking, and where it belongs: what a request's claims resolve to.
import type { ParsedRequest, RequestApp, RequestEvent, RequestOs } from './request.js';

export type MachineArch = 'amd64' | 'arm64' | 'x86' | 'all';

const boardArch: ReadonlyMap<string, MachineArch> = new Map([
  ['amd64-usr', 'amd64'],
  ['arm64-usr', 'arm64'],
]);

/** Omaha's words, Nebraska's own and the kernel's: no two of them disagree. */
const namedArch: ReadonlyMap<string, MachineArch> = new Map([
  ['x64', 'amd64'],
  ['arm', 'arm64'],
  ['x86', 'x86'],
  ['all', 'all'],
  ['amd64', 'amd64'],
  ['aarch64', 'arm64'],
  ['x86_64', 'amd64'],
  ['arm64', 'arm64'],
  ['i686', 'x86'],
]);

export const isKnownArch = (arch: string): boolean => namedArch.has(arch);

/**
 * By `app@board`, then `os@arch`, then what `os@sp` ends with (omaha-protocol.md 1.3; the syncer's `sp` always ends in `_x86_64`, so
 * it comes last). Null when the request does not say: callers take amd64, as Nebraska does, or refuse.
 */
export function resolveArch(app: Pick<RequestApp, 'board'>, os: RequestOs): MachineArch | null {
  return boardArch.get(app.board) ?? namedArch.get(os.arch) ?? archOfServicePack(os.sp);
}

function archOfServicePack(sp: string): MachineArch | null {
  const end = /_(x86_64|aarch64|arm64|i686)$/.exec(sp);
  return end === null ? null : (namedArch.get(end[1]!) ?? null);
}

/** The group ids that Flatcar's first update server fixed for ever; machines still carry them as GROUP. */
const oldGroups: ReadonlyMap<string, string> = new Map([
  ['amd64/5b810680-e36a-4879-b98a-4f989e80b899', 'alpha'],
  ['amd64/3fe10490-dd73-4b49-b72a-28ac19acfcdc', 'beta'],
  ['amd64/9a2deb70-37be-4026-853f-bfdd6b347bbe', 'stable'],
  ['amd64/72834a2b-ad86-4d6d-b498-e08a19ebe54e', 'edge'],
  ['arm64/e641708d-fb48-4260-8bdf-ba2074a1147a', 'alpha'],
  ['arm64/d112ec01-ba34-4a9e-9d4b-9814a685f266', 'beta'],
  ['arm64/11a585f6-9418-4df0-8863-78b2fd3240f8', 'stable'],
  ['arm64/b4b2fa22-c1ea-498c-a8ac-c1dc0b1d7c17', 'edge'],
]);

/** An old fixed group id of that arch becomes its track's name; everything else stays as it is (case counts). */
export function resolveTrack(track: string, arch: MachineArch): string {
  if (track.length < 36) return track;
  const id = track.startsWith('{') && track.endsWith('}') ? track.slice(1, -1) : track;
  return oldGroups.get(`${arch}/${id.toLowerCase()}`) ?? track;
}

/** Another update server that mirrors us. Both values exactly: update_engine, too, says `scheduler`. */
export function isSyncer(request: Pick<ParsedRequest, 'installSource' | 'version'>): boolean {
  return request.installSource === 'scheduler' && request.version === 'CoreOSUpdateEngine-0.1.0.0';
}

/**
 * 3/2 without a real previous version: update_engine puts one into every check. It is no success. `0.0.0` is a real old
 * version (operators force an update by it), `0.0.0.0` is not.
 */
export function isHeartbeat(event: Pick<RequestEvent, 'type' | 'result' | 'previousVersion'>): boolean {
  return (
    event.type === 3 && event.result === 2 && (event.previousVersion === '' || event.previousVersion === '0.0.0.0')
  );
}
