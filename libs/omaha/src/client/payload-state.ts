// What update_engine remembers of an offer between checks (omaha-protocol.md 4.2): which URL is next, its failures, and until when it refuses
// the same offer. It is kept per signature of the answer: change the URLs' order, and it starts anew.
import type { Offer } from './read-answer.js';

export interface PayloadState {
  signature: string;
  urlIndex: number;
  urlFailures: number;
  /** Complete downloads, and rounds through all URLs. */
  attempts: number;
  refusedUntil: number;
}

export const noPayload: PayloadState = { signature: '', urlIndex: 0, urlFailures: 0, attempts: 0, refusedUntil: 0 };

export function toPayloadState(known: PayloadState, offer: Offer): PayloadState {
  const { urls, size, sha256, isDelta, maxFailureCountPerUrl, disablePayloadBackoff } = offer;
  const signature = JSON.stringify([urls, size, sha256, isDelta, maxFailureCountPerUrl, disablePayloadBackoff]);
  return known.signature === signature ? known : { ...noPayload, signature };
}

/** Leave the URL at once: a wrong file will not get better. */
const leaveAtOnce = new Set([10, 11, 12, 17, 18, 21, 22, 23, 24, 25, 26, 27, 28, 29, 32, 33, 38, 39]);
/** Count a failure of the URL. HTTP errors of a check (2000 + status) are among them. */
const counted = new Set([1, 9, 14, 20, 37]);

export function afterFailure(
  payload: PayloadState,
  offer: Offer,
  errorCode: number,
  now: number,
  draw: number,
): PayloadState {
  if (leaveAtOnce.has(errorCode)) return toNextUrl(payload, offer, now, draw);
  if (!counted.has(errorCode) && errorCode < 2000) return payload;
  const urlFailures = payload.urlFailures + 1;
  return urlFailures >= offer.maxFailureCountPerUrl
    ? toNextUrl(payload, offer, now, draw)
    : { ...payload, urlFailures };
}

function toNextUrl(payload: PayloadState, offer: Offer, now: number, draw: number): PayloadState {
  const urlIndex = payload.urlIndex + 1;
  if (urlIndex < offer.urls.length) return { ...payload, urlIndex, urlFailures: 0 };
  return afterAttempt({ ...payload, urlIndex: 0, urlFailures: 0 }, offer, now, draw);
}

const msPerHour = 3_600_000;
const refusedDaysMax = 16;

/** A complete download counts as an attempt, too, even a good one: 2^(n-1) days ± 6 h, unless the offer says otherwise. */
export function afterAttempt(payload: PayloadState, offer: Offer, now: number, draw: number): PayloadState {
  if (offer.isDelta) return payload;
  const attempts = payload.attempts + 1;
  const days = Math.min(refusedDaysMax, 2 ** (attempts - 1));
  const refusedUntil = offer.disablePayloadBackoff ? 0 : now + days * 24 * msPerHour + (2 * draw - 1) * 6 * msPerHour;
  return { ...payload, attempts, refusedUntil };
}
