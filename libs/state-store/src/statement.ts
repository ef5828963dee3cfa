// A prepared statement with its values, and the two ways to send several of them.
import type { PoolClient, QueryResult, QueryResultRow } from 'pg';

export interface Statement {
  /** One name, one text: it is prepared once per connection. */
  name: string;
  text: string;
  values: unknown[];
}

type Client = Pick<PoolClient, 'query'>;

/** In one round trip, on a connection of the hot pool. PostgreSQL runs them in this order, each with its own snapshot. */
export function sendTogether(client: Client, statements: readonly Statement[]): Promise<QueryResult<QueryResultRow>[]> {
  return Promise.all(statements.map((statement) => client.query<QueryResultRow>(statement)));
}

/** One after the other, on any connection. */
export async function sendInOrder(client: Client, statements: readonly Statement[]): Promise<void> {
  for (const statement of statements) await client.query(statement);
}
