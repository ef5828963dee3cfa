// What a dry run tells, and that it changes nothing.
import type { Client, Plan, Problem } from '@platte/api-contract';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makeFleet, unique } from './testing/made-fleet.js';
import { startApi, type RunningApi } from './testing/running-api.js';
import { checkIn, writeHistory } from './testing/sample-fleet.js';

let api: RunningApi;
let admin: Client;

beforeAll(async () => {
  api = await startApi({
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
  });
  ({ admin } = api);
});

afterAll(async () => {
  await api.stop();
});

/** @param query after `?` */
async function ask(method: string, path: string, { query = 'dryRun=true', ...init }: { query?: string } & RequestInit) {
  const headers = { 'content-type': 'application/json', ...(init.headers as Record<string, string>) };
  const response = await api.fetch(`${api.url}/api/v1/${path}?${query}`, { body: '{}', ...init, method, headers });
  const answer = (await response.json()) as Plan & Problem;
  return { ...answer, status: response.status };
}

describe('a dry run', () => {
  it('tells what would change and whom it concerns, and changes nothing', async () => {
    const { application, channel, group, older } = await makeFleet(admin);
    const inGroup = { app: application.id, group: group.id, channel: channel.id, rollout: null };
    await writeHistory(api, [checkIn('d1', Date.now(), inGroup), checkIn('d2', Date.now(), inGroup)]);
    const planned = await ask('PATCH', `channels/${channel.id}`, {
      body: JSON.stringify({ package: older.id }),
      headers: { 'if-match': `"${channel.revision}"` },
    });
    expect(planned).toMatchObject({ status: 200, omitted: 0, machines: 2 });
    expect(planned.changes.map(({ kind }) => kind)).toEqual(['PackageAssigned', 'RolloutSuperseded', 'RolloutStarted']);
    expect(planned.changes[0]).toMatchObject({ before: { package: channel.package }, after: { package: older.id } });
    expect(await admin.getChannel({ params: { id: channel.id } })).toEqual(channel);
    expect(await admin.getGroup({ params: { id: group.id } })).toEqual(group);
    const { items } = await admin.listAudit({ query: { subject: channel.id } });
    expect(items.map(({ kind }) => kind)).toEqual(['ChannelCreated']);
  });

  it('is refused as the command itself would be', async () => {
    const { application, group, channel } = await makeFleet(admin);
    const twin = JSON.stringify({ application: application.id, name: 'prod', track: 'x' });
    expect(await ask('POST', 'groups', { body: twin })).toMatchObject({ status: 409, reason: 'name-taken' });
    const stale = { headers: { 'if-match': '"1"' } };
    expect(await ask('DELETE', `channels/${channel.id}`, stale)).toMatchObject({ status: 412 });
    expect(await ask('DELETE', `channels/${channel.id}`, {})).toMatchObject({ status: 428 });
    expect(await ask('POST', `groups/${group.id}/pause`, { query: 'dryRun=1' })).toMatchObject({
      status: 422,
      errors: [{ pointer: '?dryRun' }],
    });
    expect(await ask('POST', `groups/${group.id}/pause`, { query: 'dry-run=true' })).toMatchObject({ status: 422 });
    expect((await admin.getGroup({ params: { id: group.id } })).stop).toBeNull();
  });

  it('tells the same of tokens, which no policy decides on', async () => {
    const logged = async () => (await admin.listAudit({ query: { limit: 1 } })).items[0]?.id;
    const before = await logged();
    const wanted = JSON.stringify({ name: 'ci', role: 'operator', expiresInDays: null });
    const created = await ask('POST', 'tokens', { body: wanted });
    const after = { name: 'ci', role: 'operator', applications: null, expiresAt: null };
    expect(created).toMatchObject({
      status: 200,
      machines: 0,
      changes: [{ kind: 'TokenCreated', before: null, after }],
    });
    expect(JSON.stringify(created)).not.toContain('plt_');
    expect((await admin.listTokens()).items.map(({ name }) => name)).not.toContain('ci');
    expect(await logged()).toBe(before);
    const { id } = await admin.createToken({ body: { name: 'real', role: 'viewer' } });
    const revoked = await ask('DELETE', `tokens/${id}`, {});
    expect(revoked).toMatchObject({ status: 200, changes: [{ kind: 'TokenRevoked', subject: id, after: null }] });
    expect((await admin.listTokens()).items.find((one) => one.id === id)?.revoked).toBeNull();
    await admin.revokeToken({ params: { id } });
    expect(await ask('DELETE', `tokens/${id}`, {})).toMatchObject({ status: 200, changes: [] });
    expect(await ask('DELETE', 'tokens/zzzzzzzzzzzz', {})).toMatchObject({ status: 404 });
  });

  it('answers with the plan also where success has another status, and leaves the Idempotency-Key free', async () => {
    const name = unique('app');
    const request = { body: JSON.stringify({ name }), headers: { 'idempotency-key': 'planned-first' } };
    expect(await ask('POST', 'applications', request)).toMatchObject({
      status: 200,
      changes: [{ kind: 'ApplicationCreated', before: null, after: { name } }],
      machines: 0,
    });
    expect((await admin.listApplications()).items.map((one) => one.name)).not.toContain(name);
    const made = await admin.createApplication({ body: { name }, idempotencyKey: 'planned-first' });
    const deletion = { headers: { 'if-match': `"${made.revision}"` } };
    expect(await ask('DELETE', `applications/${made.id}`, deletion)).toMatchObject({
      status: 200,
      changes: [{ kind: 'ApplicationDeleted', after: null }],
    });
    expect(await admin.getApplication({ params: { id: made.id } })).toEqual(made);
  });

  it('of what is so already is an empty plan', async () => {
    const { group } = await makeFleet(admin);
    expect(await ask('POST', `groups/${group.id}/resume`, {})).toEqual({
      status: 200,
      changes: [],
      omitted: 0,
      machines: 0,
    });
  });
});
