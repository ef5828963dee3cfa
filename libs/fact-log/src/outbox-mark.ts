// How far policy's outbox is in the log: each message that policy appends names the row that it came from. The last one says
// whether PostgreSQL is older than the log, as after a restore: then PostgreSQL does not know that row.
import type { NatsConnection } from '@nats-io/transport-node';
import { logNames } from './log-names.js';
import { headerOf, readLast } from './stored.js';

const header = 'Platte-Outbox-Id';

export const outboxHeaders = (id: number): Record<string, string> => ({ [header]: String(id) });

export interface OutboxMark {
  /** Of the row of the outbox. */
  id: number;
  sequence: number;
  storedAt: number;
}

/** Of the last message of policy in the log; undefined: there is none, or a version that named no row appended it. */
export async function readLastOutbox(
  nc: NatsConnection,
  { prefix }: { prefix?: string | undefined } = {},
): Promise<OutboxMark | undefined> {
  const { stream, subject } = logNames(prefix).facts;
  const last = await readLast(nc, stream, `${subject}.policy`);
  const id = last === undefined ? Number.NaN : Number.parseInt(headerOf(last, header), 10);
  if (last === undefined || !Number.isSafeInteger(id)) return undefined;
  return { id, sequence: last.sequence, storedAt: last.storedAt };
}
