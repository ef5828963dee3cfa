// A connection whose statements may take longer than any limit: migrations, a comparison of a million rows. Whether
// PostgreSQL still works for it is asked over connections beside it. It is destroyed, and its statement fails, when
// PostgreSQL does not know it any more (it restarted, or another server took its place) or does not answer.
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { connecting, destroy, endWithin, limited } from './connection-limits.js';

export interface PatientOptions {
  url: string;
  /** Shown in PostgreSQL's own list of connections. */
  name: string;
  /** Between two looks. Shorter in tests. */
  lookMs?: number;
}

const lookMsDefault = 5_000;
/** One failed look may be a server that has no connection to spare. */
const failedLooksMax = 3;

export async function withPatientClient<T>(options: PatientOptions, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: options.url, application_name: options.name, ...connecting });
  // A connection that breaks fails the statement under way; without a listener it would end the process instead.
  client.on('error', () => {});
  await client.connect();
  const done = new AbortController();
  try {
    const backend = await readBackend(client);
    void watch(client, backend, options, done.signal);
    return await work(client);
  } finally {
    done.abort();
    await endWithin(client);
  }
}

interface Backend {
  pid: number;
  startedAt: string;
}

const selectBackend = `
  select pid, backend_start::text as "startedAt" from pg_stat_activity where pid = pg_backend_pid()`;
const findBackend = `
  select pid from pg_stat_activity where pid = $1 and backend_start::text = $2`;

async function readBackend(client: Client): Promise<Backend> {
  const { rows } = await client.query<Backend>({ text: selectBackend, ...limitOfQuery });
  if (rows[0] === undefined) throw new Error('PostgreSQL does not list the connection that asks it');
  return rows[0];
}

/** The driver reads it, its types do not name it. */
const limitOfQuery = { query_timeout: limited.query_timeout };

async function watch(client: Client, backend: Backend, options: PatientOptions, done: AbortSignal): Promise<void> {
  for (let failed = 0; failed < failedLooksMax;) {
    await delay(options.lookMs ?? lookMsDefault, undefined, { signal: done, ref: false }).catch(() => {});
    if (done.aborted) return;
    const isKnown = await look(options, backend).catch(() => undefined);
    if (isKnown === false) break;
    failed = isKnown === true ? 0 : failed + 1;
  }
  if (!done.aborted) destroy(client);
}

async function look({ url, name }: PatientOptions, { pid, startedAt }: Backend): Promise<boolean> {
  const client = new Client({ connectionString: url, application_name: `${name}-look`, ...limited });
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query(findBackend, [pid, startedAt]);
    return rows.length > 0;
  } finally {
    await endWithin(client);
  }
}
