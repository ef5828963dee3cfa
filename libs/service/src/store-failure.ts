// Whether an error says that a store was away, full or going down, and nothing of what it was asked. Waiting mends those.

/** PostgreSQL's driver and its pool have no codes for their own failures. */
const poolFailures =
  /Query read timeout|timeout exceeded when trying to connect|timeout expired|Connection terminated|connection timeout|Connection ended|not queryable/i;
/** ClickHouse: too slow, too large, too many at once, shutting down. */
const engineFailures = new Set(['159', '160', '202', '209', '210', '241', '394', '439']);
/** ClickHouse's client, and the runtime's `fetch`, when a connection ends in the middle. */
const socketFailures = /socket hang up|Timeout error|fetch failed|terminated/i;

/** Sockets that fail; PostgreSQL's classes 08 (connection), 53 (resources) and 57 (shutting down); what is above. */
export function isStoreFailure(error: unknown): boolean {
  const code = codeOf(error);
  const words = error instanceof Error ? error.message : '';
  return (
    /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN|UND_ERR)/.test(code) ||
    /^(08|53|57)[0-9A-Z]{3}$/.test(code) ||
    engineFailures.has(code) ||
    poolFailures.test(words) ||
    socketFailures.test(words)
  );
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'cause' in error ? codeOf(error.cause) : '';
}
