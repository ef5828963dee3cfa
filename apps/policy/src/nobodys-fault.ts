// Failures of PostgreSQL that accuse no machine: the same statement succeeds later.
import { isStoreFailure } from '@platte/service';

/** PostgreSQL asks for a repetition, or a lock took too long. */
const retryCodes = new Set(['40001', '40P01', '55P03']);

export function isNobodysFault(error: unknown): boolean {
  return isStoreFailure(error) || isRetry(error);
}

/** Also where a lock's owner says it in words of its own, with PostgreSQL's error as the cause. */
function isRetry(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && retryCodes.has(error.code)) return true;
  return isRetry(error.cause);
}
