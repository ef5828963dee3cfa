import { describe, expect, expectTypeOf, it } from 'vitest';
import { ApiError, ConnectionError, eachItem, makeClient } from './client.js';
import type { Group } from './groups.js';

interface Sent {
  url: string;
  init: RequestInit;
}

function clientOf(answer: (sent: Sent) => Response) {
  const sent: Sent[] = [];
  const client = makeClient({
    url: 'http://platte.example/',
    token: 'plt_a_b',
    fetch: async (url, init = {}) => {
      sent.push({ url: new Request(url).url, init });
      return answer({ url: new Request(url).url, init });
    },
  });
  return { client, sent };
}

const json = (body: unknown, status = 200, type = 'application/json') =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': type } });

describe('the client', () => {
  it('puts parameters into path and query, and the token into the header', async () => {
    const { client, sent } = clientOf(() => json({ items: [], next: null }));
    await client.getInstanceHistory({ params: { id: 'a/b c' }, query: { limit: 5, cursor: undefined } });
    expect(sent[0]?.url).toBe('http://platte.example/api/v1/instances/a%2Fb%20c/history?limit=5');
    expect(sent[0]?.init.headers).toMatchObject({ authorization: 'Bearer plt_a_b' });
  });

  it('sends an edit as a merge patch with the revision that was read', async () => {
    const { client, sent } = clientOf(() => json({}));
    await client.editGroup({ params: { id: 'g' }, body: { name: 'other' }, ifMatch: 7 });
    expect(sent[0]?.init).toMatchObject({
      method: 'PATCH',
      body: '{"name":"other"}',
      headers: { 'if-match': '"7"', 'content-type': 'application/merge-patch+json' },
    });
  });

  it('says how long it waited for a server that says nothing', async () => {
    const fetch = (_: unknown, init?: RequestInit) =>
      new Promise<Response>((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error));
      });
    const client = makeClient({ url: 'http://platte.example', fetch, timeoutMs: 20 });
    await expect(client.getMe()).rejects.toThrow('no answer from http://platte.example within 0.02 s');
  });

  it('throws the problem that the API told', async () => {
    const problem = {
      type: 'urn:platte:problem:not-found',
      title: 'There is no such thing',
      status: 404,
      detail: 'There is no group g.',
      instance: '/api/v1/groups/g',
      requestId: 'r1',
      remedy: 'Check the id.',
    };
    const { client } = clientOf(() => json(problem, 404, 'application/problem+json'));
    const failed = client.getGroup({ params: { id: 'g' } });
    await expect(failed).rejects.toBeInstanceOf(ApiError);
    await expect(failed).rejects.toMatchObject({ message: 'There is no group g.', problem: { requestId: 'r1' } });
  });

  it('says that something else answered', async () => {
    const { client } = clientOf(
      () => new Response('<html>', { status: 502, headers: { 'content-type': 'text/html' } }),
    );
    await expect(client.getMe()).rejects.toBeInstanceOf(ConnectionError);
  });

  it('walks all pages of a list', async () => {
    const { client } = clientOf(({ url }) =>
      url.includes('cursor=two')
        ? json({ items: [{ id: 'b' }], next: null })
        : json({ items: [{ id: 'a' }], next: 'two' }),
    );
    const ids: string[] = [];
    for await (const group of eachItem(client.listGroups, { query: { limit: 1 } })) {
      expectTypeOf(group).toEqualTypeOf<Group>();
      ids.push(group.id);
    }
    expect(ids).toEqual(['a', 'b']);
  });
});
