// Who paused, halted or held: what the answer of a machine says of the person or the rule behind it.
import type { AnswerReason } from '@platte/facts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
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
});

afterAll(async () => {
  await api.stop();
});

const group = { params: { id: ids.prod } };
const rollout = { params: { id: ids.rollout } };

/** A machine that asks and is answered so. */
async function decided(machine: string, reason: AnswerReason, at = Date.now()) {
  await writeHistory(api, [checkIn(machine, at, { answer: { reason, inputs: { target: '4152.1.0' } } })]);
  return (await api.admin.getInstanceAnswer({ params: { id: machine } })).decided;
}

describe('the answer of a machine tells who', () => {
  it('paused its group, when and why', async () => {
    const before = Date.now();
    await api.admin.pauseGroup({ ...group, body: { note: 'the cooling is being repaired' } });
    const found = await decided('paused', 'updates-disabled');
    expect(found).toMatchObject({
      kind: 'GroupPaused',
      actor: 'test admin',
      note: 'the cooling is being repaired',
    });
    expect(Date.parse(found?.at ?? '')).toBeGreaterThanOrEqual(before);
    await api.admin.resumeGroup({ ...group, body: {} });
  });

  it('switched updates off by the policy, and not who edited it afterwards', async () => {
    const edit = async (token: string, policy: object) => {
      const { revision } = await api.admin.getGroup(group);
      return api.clientOf(token).editGroup({ ...group, ifMatch: revision, body: { policy } });
    };
    await edit(api.tokens.admin, { updatesEnabled: false });
    const second = await api.makeToken({ role: 'admin' });
    await edit(second, { safeMode: true });
    expect(await decided('by policy', 'updates-disabled')).toMatchObject({ actor: 'test admin', note: '' });
    await edit(api.tokens.admin, { updatesEnabled: true });
  });

  it('paused its rollout, and who halted it', async () => {
    const { operator } = api.tokens;
    await api.clientOf(operator).pauseRollout({ ...rollout, body: { note: 'lunch' } });
    expect(await decided('resting', 'rollout-paused')).toMatchObject({
      kind: 'RolloutPaused',
      actor: 'test operator',
      note: 'lunch',
    });
    await api.clientOf(operator).resumeRollout({ ...rollout, body: {} });
    await api.clientOf(operator).haltRollout({ ...rollout, body: { note: 'it burns' } });
    expect(await decided('halted', 'rollout-halted')).toMatchObject({
      kind: 'RolloutHalted',
      actor: 'test operator',
      note: 'it burns',
    });
  });

  it('holds it', async () => {
    await api.admin.holdInstance({
      params: { id: 'kept' },
      query: { application: ids.flatcar },
      body: { note: 'disk' },
    });
    expect(await decided('kept', 'held')).toMatchObject({ kind: 'MachineHeld', actor: 'test admin', note: 'disk' });
  });

  it('and which rule, where no person did it', async () => {
    // As policy logged a halt by safe mode before actors had kinds.
    const cause = 'safe mode: machine m failed with 4152.1.0';
    await api.store.pool.query(
      `insert into catalog_change
       select max(revision), 99, $1, 'platte', 'RolloutHalted', $2, $3, '', $4, $5, null, '{}' from catalog_change`,
      [Date.now(), ids.flatcar, ids.prod, ids.rollout, cause],
    );
    expect(await decided('braked', 'rollout-halted')).toMatchObject({
      actor: 'platte',
      actorKind: 'rule',
      note: cause,
    });
  });

  it('and no token is taken for a rule by its name', async () => {
    const client = api.clientOf(await api.makeToken({ role: 'admin', name: 'platte' }));
    await client.pauseGroup({ ...group, body: { note: 'a joke' } });
    expect(await decided('fooled', 'updates-disabled')).toMatchObject({ actor: 'platte', actorKind: 'token' });
    const { items: changes } = await api.admin.listAudit({ query: { group: ids.prod, limit: 1 } });
    expect(changes).toMatchObject([{ kind: 'GroupPaused', actor: 'platte', actorKind: 'token' }]);
    const { items: happened } = await api.admin.listActivity({ query: { group: ids.prod, limit: 1 } });
    expect(happened).toMatchObject([{ kind: 'GroupPaused', actor: 'platte', actorKind: 'token' }]);
    const ofTokens = await api.admin.listAudit({ query: { actor: 'platte', actorKind: 'token' } });
    expect(ofTokens.items.map(({ kind }) => kind)).toEqual(['GroupPaused']);
    const ofRules = await api.admin.listAudit({ query: { actor: 'platte', actorKind: 'rule', group: ids.prod } });
    expect(ofRules.items.map(({ kind }) => kind)).toEqual(['RolloutHalted']);
    await client.resumeGroup({ ...group, body: {} });
  });

  it('as it was when the machine asked, whatever came later', async () => {
    await api.admin.pauseGroup({ ...group, body: { note: 'today' } });
    expect(await decided('earlier', 'updates-disabled', Date.now() - 3_600_000)).toBeUndefined();
  });

  it('and nobody, where nobody did anything', async () => {
    expect(await decided('waiting', 'rate-limited')).toBeUndefined();
  });
});
