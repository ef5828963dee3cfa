// The limits of every connection to PostgreSQL. A connection can die without a word: a primary that freezes, a fail-over
// behind a proxy, a firewall that forgets. The server's own limits do not help then, because nobody hears of them.
import type { Client, PoolClient } from 'pg';

/** A statement or a wait for a lock that lasts longer is broken: decisions take milliseconds, commands tens of them. */
export const statementTimeoutMs = 10_000;
/**
 * A statement without an answer for this time fails, and its connection is destroyed. It is longer than
 * `statementTimeoutMs`: a server that is slow, but there, reports it first.
 */
export const answerMsMax = 12_000;
/** TCP, TLS and password together. */
const connectMsMax = 5_000;
/** The kernel asks an idle connection's peer for a sign of life after this time. A proxy in between answers in its place. */
const keepAliveMs = 10_000;

export const connecting = {
  connectionTimeoutMillis: connectMsMax,
  keepAlive: true,
  keepAliveInitialDelayMillis: keepAliveMs,
};

/** For connections whose every statement ends in time. */
export const limited = { ...connecting, query_timeout: answerMsMax };

/**
 * The server ends a session that sends nothing for this time, and its locks with it: its client is gone without a goodbye.
 * Pools keep idle connections for 10 s; the relay of the outbox holds its session while NATS takes a batch.
 */
export const idleSessionMs = 30_000;
/** For sessions that send a sign of life every few seconds: whoever waits for their lock gets it after this time. */
export const idleSessionWithSignsMs = 15_000;
export const signOfLifeMs = 5_000;

export const endIdleSession = (ms: number): string => `-c idle_session_timeout=${ms}`;

/** The driver's words when `query_timeout` has passed; it has no code for it. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout';
}

/** Ends a connection that nobody answers on: a goodbye would wait for the answer to it. */
export function destroy(client: Client | PoolClient): void {
  // The types name the stream only as something to write to.
  const { stream }: { stream?: { destroy?: () => void } } = client.connection;
  stream?.destroy?.();
}

/** A goodbye, for a connection that may be dead. */
export async function endWithin(client: Client, withinMs: number = connectMsMax): Promise<void> {
  const timer = setTimeout(() => destroy(client), withinMs);
  try {
    await client.end();
  } catch {
    // It is gone, which is what was wanted.
  } finally {
    clearTimeout(timer);
  }
}
