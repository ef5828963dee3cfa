// What holds for every operation: the table says who may, the document says what comes back.
import { getOperation, isAllowed, makeOpenApi, operationIds, roles, type Role } from '@platte/api-contract';
import { ensureStreams, logNames } from '@platte/fact-log';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { anyRequest, type Document } from './testing/any-request.js';
import { startApi, type RunningApi } from './testing/running-api.js';
import { checkIn, ids, seedCatalog, writeHistory } from './testing/sample-fleet.js';

let api: RunningApi;

beforeAll(async () => {
  api = await startApi({
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
  });
  await seedCatalog(api);
  await writeHistory(api, [checkIn('m1', Date.now())]);
  await ensureStreams(api.nc, { replicas: 1, factsBytesMax: 2 ** 24, prefix: api.logPrefix });
});

afterAll(async () => {
  const { facts, refused, parked, bucket } = logNames(api.logPrefix);
  for (const stream of [facts.stream, refused.stream, parked.stream, `KV_${bucket}`])
    await api.nc.request(`$JS.API.STREAM.DELETE.${stream}`);
  await api.stop();
});

/** An id that nothing has: what is allowed finds nothing, and changes nothing. */
const nobodysId = '99999999-9999-4999-8999-999999999999';

async function statusOf(id: (typeof operationIds)[number], token?: string): Promise<number> {
  const { method, path, body } = getOperation(id);
  const aborter = new AbortController();
  const response = await fetch(`${api.url}/api/v1${path.replace(/\{\w+\}/g, nobodysId)}`, {
    method,
    signal: aborter.signal,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
      'if-match': '"1"',
    },
    ...(body && { body: '{"unknown":1}' }),
  });
  // The stream of events would go on for ever.
  aborter.abort();
  return response.status;
}

describe('every operation', () => {
  it.each(operationIds)('%s lets in whom the table names, and nobody else', async (id) => {
    const { role: required } = getOperation(id);
    expect(await statusOf(id)).toEqual(required === 'public' ? 200 : 401);
    for (const role of roles) {
      const status = await statusOf(id, api.tokens[role]);
      expect({ role, isRefused: status === 401 || status === 403 }).toEqual({
        role,
        isRefused: !isAllowed(role, required),
      });
    }
  });

  it.each(operationIds.filter((id) => getOperation(id).scope === 'platform'))(
    '%s is not for who may see some applications only',
    async (id) => {
      const token = await api.makeToken({ role: 'admin', applications: [ids.flatcar] });
      expect(await statusOf(id, token)).toBe(403);
    },
  );

  it('is refused to a role that does not exist', async () => {
    const roleOf = (role: Role) =>
      api.store.pool.query(`update access_token set role = $1 where id = $2`, [role, api.tokens.viewer.split('_')[1]]);
    await expect(roleOf('king' as Role)).rejects.toThrow('access_token_role_check');
  });
});

describe('any request', () => {
  const document = makeOpenApi('0.0.0') as unknown as Document;
  const known = Object.values(ids);
  const runs = Number(process.env['PLATTE_FUZZ_RUNS'] ?? 500);
  const seen = new Map<number, number>();

  /** Mostly of an admin, as it gets furthest. */
  const anyToken = fc.oneof(
    { weight: 12, arbitrary: fc.constant('admin') },
    { weight: 1, arbitrary: fc.constantFrom('viewer', 'operator', 'limited', 'none', 'nonsense') },
  );

  function headersFor(who: string, limited: string): Record<string, string> {
    if (who === 'admin') return {};
    const token = who === 'limited' ? limited : (api.tokens[who as Role] ?? 'plt_nonsense');
    return { authorization: who === 'none' ? '' : `Bearer ${token}` };
  }

  it.each(operationIds)('D17: of %s is answered as the document says, and never with a failure of ours', async (id) => {
    const limited = await api.makeToken({ role: 'admin', applications: [ids.agent] });
    await fc.assert(
      fc.asyncProperty(anyRequest(document, known, id), anyToken, async ({ method, url, headers, body }, who) => {
        const aborter = new AbortController();
        // Checked against the table by this fetch: an undocumented status or another shape throws.
        const response = await api.fetch(`${api.url}${url}`, {
          method,
          signal: aborter.signal,
          headers: { ...headers, ...headersFor(who, limited) },
          ...(body !== undefined && { body }),
        });
        seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
        expect(response.status).not.toBe(500);
        if (response.status !== 200 || id !== 'streamEvents') await response.arrayBuffer();
        aborter.abort();
      }),
      { numRuns: Math.ceil(runs / operationIds.length) },
    );
  });

  // It would prove little if nothing got through.
  it('was often one that is carried out, and often one that is not', () => {
    expect(seen.get(200) ?? 0).toBeGreaterThan(60);
    expect(seen.get(422) ?? 0).toBeGreaterThan(50);
  });
});
