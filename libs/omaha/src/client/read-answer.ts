// What update_engine makes of an answer to its check (omaha-protocol.md 0, 2.2). It ignores the application's status, its id and the
// response's protocol; everything but a proper `ok` or `noupdate` is a failure, which it reports at once.
import { elementsAt, readTree, type TreeElement } from './read-tree.js';

export interface Offer {
  /** In the order of the answer. */
  urls: readonly string[];
  size: number;
  /** base64: the one hash that counts. */
  sha256: string;
  /** For display only. */
  version: string;
  isDelta: boolean;
  disablePayloadBackoff: boolean;
  maxFailureCountPerUrl: number;
}

export type CheckAnswer =
  | { kind: 'offer'; offer: Offer; pollSeconds: number | null }
  | { kind: 'no-update'; pollSeconds: number | null }
  | { kind: 'invalid'; errorCode: number };

export const answerCodes = { empty: 30, noXml: 31, invalid: 34 } as const;

export function readCheckAnswer(body: string): CheckAnswer {
  if (body === '') return { kind: 'invalid', errorCode: answerCodes.empty };
  const root = readTree(body);
  // Its parser fails on anything before the declaration, which XML would let pass as white space.
  if (root === undefined || body.charCodeAt(0) !== 0x3c) return { kind: 'invalid', errorCode: answerCodes.noXml };
  return readCheck(root) ?? { kind: 'invalid', errorCode: answerCodes.invalid };
}

function readCheck(root: TreeElement): CheckAnswer | undefined {
  // It looks for elements without a namespace and finds none where one is set.
  if (root.name !== 'response' || root.attributes['xmlns'] !== undefined) return undefined;
  const check = elementsAt(root, 'app', 'updatecheck')[0];
  if (check === undefined) return undefined;
  const pollSeconds = toCount(check.attributes['PollInterval']);
  if (check.attributes['status'] === 'noupdate') return { kind: 'no-update', pollSeconds };
  const offer = check.attributes['status'] === 'ok' ? readOffer(check) : undefined;
  return offer === undefined ? undefined : { kind: 'offer', offer, pollSeconds };
}

function readOffer(check: TreeElement): Offer | undefined {
  const codebases = elementsAt(check, 'urls', 'url').map((url) => url.attributes['codebase'] ?? '');
  const manifest = elementsAt(check, 'manifest')[0];
  const file = elementsAt(check, 'manifest', 'packages', 'package')[0]?.attributes;
  const action = elementsAt(check, 'manifest', 'actions', 'action').find(
    ({ attributes }) => attributes['event'] === 'postinstall',
  )?.attributes;
  const size = leadingNumber(file?.['size']);
  const name = file?.['name'] ?? '';
  const sha256 = action?.['sha256'] ?? '';
  if (codebases.length === 0 || codebases.includes('') || name === '' || !(size > 0) || sha256 === '') return undefined;
  return {
    urls: codebases.map((codebase) => `${codebase}${codebase.endsWith('/') ? '' : '/'}${name}`),
    size,
    sha256,
    version: manifest?.attributes['version'] ?? '',
    isDelta: action?.['IsDeltaPayload'] === 'true',
    disablePayloadBackoff: action?.['DisablePayloadBackoff'] === 'true',
    maxFailureCountPerUrl: toCount(action?.['MaxFailureCountPerUrl']) ?? 10,
  };
}

function toCount(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

/** As sscanf reads it: what follows the digits does not matter. */
function leadingNumber(text: string | undefined): number {
  return Number(/^\d{1,15}/.exec(text ?? '')?.[0] ?? Number.NaN);
}
