// Why a command was refused: a closed union, with words for people and the field that they are about.

export const rejectionReasons = [
  /** The command itself cannot be read. */
  'invalid-command',
  /** What it is about changed after its sender saw it. */
  'stale-revision',
  'unknown-application',
  'unknown-package',
  'unknown-channel',
  'unknown-group',
  'unknown-rollout',
  'unknown-machine',
  'id-taken',
  'name-taken',
  'product-id-taken',
  'version-taken',
  'track-taken',
  'invalid-version',
  'invalid-time-zone',
  'invalid-window',
  'invalid-freeze',
  'invalid-backoff',
  'action-missing',
  'action-not-allowed',
  'hashes-disagree',
  'file-name-taken',
  'arch-mismatch',
  'package-blacklisted',
  'package-is-floor',
  'package-is-current',
  'in-use',
  'too-many',
  'snapshot-too-large',
  'updates-disabled',
  'no-package',
  'rollout-running',
  'rollout-ended',
  'no-open-attempt',
] as const;
export type RejectionReason = (typeof rejectionReasons)[number];

/** A thing that keeps another from being deleted. */
export interface Use {
  kind: 'channel' | 'group' | 'floor' | 'update';
  id: string;
  name: string;
}

export interface Rejection {
  rejected: RejectionReason;
  /** One sentence that says what to do. */
  words: string;
  /** JSON pointer to the field of the command that it is about; '' is the command as a whole. */
  pointer: string;
  /** With `in-use`. */
  uses: Use[];
}

export function refuse(rejected: RejectionReason, words: string, pointer = '', uses: Use[] = []): Rejection {
  return { rejected, words, pointer, uses };
}

export function isRejection(value: object): value is Rejection {
  return 'rejected' in value;
}
