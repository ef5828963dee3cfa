// What becomes of a command that needs a lock which somebody else keeps.
import type { LockHolder } from '@platte/rollout';
import { describeHolders, type LockedRow } from './lock-holders.js';

/** Somebody else keeps a row locked that a command needs. Nothing was changed. */
export class CommandBlocked extends Error {
  constructor(
    readonly row: LockedRow | null,
    readonly holders: readonly LockHolder[],
    options: ErrorOptions,
  ) {
    const what = row === null ? 'a row that it changes' : describeRow(row);
    super(`Nothing was changed: ${what} is locked by ${describeHolders(holders)}.`, options);
  }
}

function describeRow(row: LockedRow): string {
  switch (row.of) {
    case 'group':
      return `group ${row.id}`;
    case 'application':
      return `application ${row.id}`;
    case 'catalog-revision':
      return 'the catalog’s revision';
    default:
      return row satisfies never;
  }
}

/** A lock could not be had: the transaction must end. */
export class Busy extends Error {
  constructor(
    /** null: one of the groups. */
    readonly row: LockedRow | null,
    /** It was waited for as long as a command may wait. */
    readonly isLong: boolean,
    options: ErrorOptions,
  ) {
    super('a row is locked', options);
  }
}
