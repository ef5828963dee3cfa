// One transaction on one connection. What fails rolls back; a connection whose rollback fails is thrown away, and so is one
// on which PostgreSQL did not answer.
import type { Pool, PoolClient } from 'pg';
import { isUnanswered } from './connection-limits.js';

/** A connection inside a transaction. */
export type Client = PoolClient;

export async function withTransaction<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    broken = await abandon(client, error);
    throw error;
  } finally {
    client.release(broken);
  }
}

/** After silence nothing is sent any more: it would wait for its own answer as long again. */
async function abandon(client: Client, error: unknown): Promise<Error | undefined> {
  return error instanceof Error && isUnanswered(error) ? error : rollBack(client);
}

/** The error that broke the connection, if it is broken. */
export async function rollBack(client: Client): Promise<Error | undefined> {
  try {
    await client.query('rollback');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/**
 * A connection of the hot pool, for a transaction whose `begin` and `commit` travel with its statements: `work` sends
 * both itself. Whatever `work` leaves open is rolled back.
 */
export async function withHotClient<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    return await work(client);
  } catch (error) {
    broken = await abandon(client, error);
    throw error;
  } finally {
    client.release(broken);
  }
}
