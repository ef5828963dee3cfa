// Every operation and every problem that it documents, provoked once: the table of problems by operation is walked, and a
// problem that nothing here provokes fails it, as does an operation without a recipe. Each answer is checked against the
// contract by the fetch.
import {
  apiPrefix,
  getOperation,
  isChange,
  operationIds,
  problemsOf,
  type OperationId,
  type ProblemName,
} from '@platte/api-contract';
import { ensureStreams, logNames } from '@platte/fact-log';
import { beginKey } from '@platte/state-store';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { hashOf } from './http/idempotency.js';
import { startApiWithout, type LackingApi } from './testing/api-without.js';
import { checkedFetch } from './testing/checked-fetch.js';
import { before, makeThings, recipes, type Sent, type Things } from './testing/recipes.js';
import { startApi, type RunningApi } from './testing/running-api.js';
import { checkIn, writeHistory } from './testing/sample-fleet.js';

let api: RunningApi;
let refusing: LackingApi;
let waiting: LackingApi;
let stale: LackingApi;
let withoutPolicy: LackingApi;
let withoutPostgres: LackingApi;
let withoutNats: LackingApi;
let spent: LackingApi;
let fetchAsAdmin: typeof fetch;
let limited: string;
/** Of operations that only read. */
let shared: Things;

beforeAll(async () => {
  api = await startApi({
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
  });
  await ensureStreams(api.nc, { replicas: 1, factsBytesMax: 2 ** 24, prefix: api.logPrefix });
  const { id } = await api.admin.createApplication({ body: { name: 'of the limited' } });
  limited = await api.makeToken({ role: 'admin', applications: [id] });
  [refusing, stale] = [await startPolicyThatSays('in-use'), await startPolicyThatSays('stale-revision')];
  waiting = await startPolicyThatWaits();
  withoutPolicy = await startApiWithout(api, {});
  withoutPostgres = await startApiWithout(api, { postgres: true });
  withoutNats = await startApiWithout(api, { nats: true });
  spent = await startApiWithout(api, { requestsPerMinute: 1 });
  fetchAsAdmin = checkedFetch(api.tokens.admin);
  shared = await makeThings(api);
  await seedEverywhere([shared.application, (await makeThings(api)).application]);
});

afterAll(async () => {
  for (const one of [refusing, stale, waiting, withoutPolicy, withoutPostgres, withoutNats, spent]) await one.stop();
  const { facts, refused, parked, bucket } = logNames(api.logPrefix);
  for (const stream of [facts.stream, refused.stream, parked.stream, `KV_${bucket}`])
    await api.nc.request(`$JS.API.STREAM.DELETE.${stream}`);
  await api.stop();
});

/** A policy that refuses whatever it is asked. */
function startPolicyThatSays(rejected: 'in-use' | 'stale-revision'): Promise<LackingApi> {
  const rejection = { rejected, words: 'Refused by a test.', pointer: '', uses: [] };
  return startPolicyThatReplies(rejected, { status: 'rejected', rejection });
}

/** A policy that waits in vain for a lock. */
function startPolicyThatWaits(): Promise<LackingApi> {
  const blockedBy = [{ pid: 4711, application: 'psql', user: 'ada', state: 'idle in transaction', openMs: 12_000 }];
  return startPolicyThatReplies('locked', { status: 'failed', words: 'Nothing was changed: a test.', blockedBy });
}

async function startPolicyThatReplies(name: string, reply: object): Promise<LackingApi> {
  const subject = `test.refusing.${name}.${api.logPrefix}`;
  api.nc.subscribe(subject, { callback: (_, message) => void message.respond(JSON.stringify(reply)) });
  await api.nc.flush();
  return startApiWithout(api, { subject });
}

interface Changed {
  url?: string;
  token?: string | null;
  headers?: Record<string, string>;
  body?: string;
  query?: string;
  method?: string;
}

const nobodysId = '99999999-9999-4999-8999-999999999999';

function pathOf(id: OperationId, { params = {}, query = {} }: Sent, extra = ''): string {
  const path = getOperation(id).path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const search = [new URLSearchParams(query).toString(), extra].filter((part) => part !== '').join('&');
  return `${apiPrefix}${path}${search === '' ? '' : `?${search}`}`;
}

/** The request of the recipe, with something changed. @returns the problem's name, or the status of success */
async function send(id: OperationId, things: Things, sent: Sent, changed: Changed = {}): Promise<string | number> {
  const { method, edits } = getOperation(id);
  const { url = api.url, token, query = '', headers = {} } = changed;
  const body = changed.body ?? (sent.body && JSON.stringify(sent.body));
  const aborter = new AbortController();
  const response = await fetchAsAdmin(`${url}${pathOf(id, sent, query)}`, {
    method,
    signal: aborter.signal,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(edits && { 'if-match': `"${things.revisions.get(String(sent.params?.['id'])) ?? 1}"` }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  });
  if (response.ok) {
    // A stream would go on for ever.
    aborter.abort();
    return response.status;
  }
  return ((await response.json()) as { type: string }).type.replace('urn:platte:problem:', '');
}

type Provoke = (id: OperationId, things: Things, sent: Sent) => Promise<string | number>;

const unnamed = (sent: Sent): Sent => ({
  ...sent,
  params: Object.fromEntries(
    Object.entries(sent.params ?? {}).map(([name, value]) => [name, toNobody(String(value))] as const),
  ),
});

/** Of the same shape, and of nothing. */
function toNobody(value: string): string {
  if (/^\d+$/.test(value)) return '999999999';
  return /^[a-z0-9]{12}$/.test(value) ? 'z'.repeat(12) : nobodysId;
}

const provocations: Partial<Record<ProblemName, Provoke>> = {
  unauthenticated: (id, things, sent) => send(id, things, sent, { token: 'none' }),
  forbidden: (id, things, sent) => {
    const { role, scope } = getOperation(id);
    const token = scope === 'platform' ? limited : api.tokens[role === 'admin' ? 'operator' : 'viewer'];
    return send(id, things, sent, { token });
  },
  'not-found': (id, things, sent) => send(id, things, unnamed(sent)),
  'malformed-request': (id, things, sent) => send(id, things, sent, { query: 'x=%ff' }),
  'invalid-request': (id, things, sent) => send(id, things, sent, { query: 'unknown=1' }),
  'malformed-body': (id, things, sent) => send(id, things, sent, { body: '{' }),
  'body-too-large': (id, things, sent) => send(id, things, sent, { body: `{"note":"${'x'.repeat(300_000)}"}` }),
  'unsupported-media-type': (id, things, sent) =>
    send(id, things, sent, { body: '{}', headers: { 'content-type': 'text/plain' } }),
  'too-many-requests': async (id, things, sent) => {
    await send(id, things, sent, { url: spent.url });
    return send(id, things, sent, { url: spent.url });
  },
  'store-unavailable': (id, things, sent) => send(id, things, sent, { url: withoutPostgres.url }),
  'policy-unavailable': (id, things, sent) => send(id, things, sent, { url: withoutPolicy.url }),
  locked: (id, things, sent) => send(id, things, sent, { url: waiting.url }),
  'stream-unavailable': (id, things, sent) => send(id, things, sent, { url: withoutNats.url }),
  'events-gone': (id, things, sent) => send(id, things, sent, { headers: { 'last-event-id': '999999.0' } }),
  refused: (id, things, sent) =>
    id === 'revokeToken' ? revokeLastToken(things) : send(id, things, sent, { url: refusing.url }),
  'precondition-required': async (id, _, sent) => {
    const { method } = getOperation(id);
    const response = await fetchAsAdmin(`${api.url}${pathOf(id, sent)}`, { method });
    return ((await response.json()) as { type: string }).type.replace('urn:platte:problem:', '');
  },
  // Seen here, and by policy under its locks.
  'revision-mismatch': async (id, things, sent) => {
    expect(await send(id, things, sent, { url: stale.url })).toBe('revision-mismatch');
    return send(id, things, sent, { headers: { 'if-match': '"999999"' } });
  },
  'idempotency-key-reused': async (id, things, sent) => {
    const { rows } = await api.store.pool.query<{ key: string }>('select gen_random_uuid()::text as key');
    const key = rows[0]?.key ?? '';
    await begin(key, { method: 'POST', url: '/of/another/request', body: {} });
    return send(id, things, sent, { headers: { 'idempotency-key': key } });
  },
  'idempotency-key-in-use': async (id, things, sent) => {
    const key = `running-${id}`;
    await begin(key, { method: 'POST', url: pathOf(id, sent), body: sent.body });
    return send(id, things, sent, { headers: { 'idempotency-key': key } });
  },
  'ambiguous-instance': (id, things) => send(id, things, { ...recipes[id](things), params: { id: 'everywhere' } }),
};

/** The token of this test's own requests, while no other is an admin's. */
async function revokeLastToken(things: Things): Promise<string | number> {
  const [, id = ''] = api.tokens.admin.split('_');
  const { rows } = await api.store.pool.query<{ id: string }>(
    `update access_token set revoked_at = 1 where role = 'admin' and revoked_at is null and id <> $1 returning id`,
    [id],
  );
  const got = await send('revokeToken', things, { params: { id } });
  const others = rows.map((row) => row.id);
  await api.store.pool.query('update access_token set revoked_at = null where id = any($1)', [others]);
  return got;
}

/** A machine that two applications know. */
async function seedEverywhere(applications: string[]): Promise<void> {
  const now = Date.now();
  await writeHistory(
    api,
    applications.map((app) => checkIn('everywhere', now, { app })),
  );
}

async function begin(key: string, request: { method: string; url: string; body: unknown }): Promise<void> {
  const actor = `token:${api.tokens.admin.split('_')[1]}`;
  await beginKey(api.store.pool, { actor, key, requestSha256: hashOf(request), now: Date.now() });
}

/** A failure of ours has no way to be provoked that is not one to be mended: the fuzzer looks for it. */
const unprovoked: ReadonlySet<ProblemName> = new Set(['internal']);

it.each(operationIds)('%s answers as it says, and with each problem that it names', async (id) => {
  const operation = getOperation(id);
  const things = operation.method === 'GET' ? shared : await makeThings(api);
  await before[id]?.(api, things);
  const sent = recipes[id](things);
  const missed: string[] = [];
  for (const name of problemsOf(operation).filter((problem) => !unprovoked.has(problem))) {
    const got = await provocations[name]?.(id, things, sent);
    if (got !== name) missed.push(`${name}: got ${got}`);
  }
  expect(missed).toEqual([]);
  const planned = isChange(operation) ? await send(id, things, sent, { query: 'dryRun=true' }) : 200;
  expect(planned).toBe(200);
  // Nothing of all that changed anything: it still goes.
  expect(await send(id, things, sent)).toBe(operation.status);
});

const ofOthers = (scope: string) =>
  operationIds.filter((id) => getOperation(id).scope === scope && id !== 'streamEvents');

it.each(ofOthers('application'))('%s finds nothing in an application that the caller may not see', async (id) => {
  const got = await send(id, shared, recipes[id](shared), { token: limited });
  // What is created names its application in the body.
  expect(got).toBe(getOperation(id).params ? 'not-found' : 'invalid-request');
});

it.each(ofOthers('filtered'))('%s tells nothing of applications that the caller may not see', async (id) => {
  const asked = async (token: string, sent: Sent) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetchAsAdmin(`${api.url}${pathOf(id, sent)}`, { headers })).text();
  };
  const isTold = (text: string) => text.includes(shared.application) || /"count":[1-9]/.test(text);
  expect(isTold(await asked(api.tokens.admin, recipes[id](shared))) || id === 'listApplications').toBe(true);
  for (const sent of [recipes[id](shared), {}]) expect(isTold(await asked(limited, sent))).toBe(false);
});
