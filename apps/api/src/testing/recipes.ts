// How each operation is used with success: what must be there, and what is sent. The type wants a recipe for every operation,
// so that one without cannot be added.
import type { OperationId } from '@platte/api-contract';
import { logNames } from '@platte/fact-log';
import type { RunningApi } from './running-api.js';
import { checkIn, writeHistory } from './sample-fleet.js';

export interface Things {
  application: string;
  /** Offered by `channel`. */
  pack: string;
  /** Used by nothing. */
  older: string;
  channel: string;
  /** No group follows it; `pack` is a floor of it. */
  spareChannel: string;
  group: string;
  spareGroup: string;
  /** Of `group`, and running. */
  rollout: string;
  /** With a check-in, and an attempt that is open. */
  machine: string;
  token: string;
  parked: number;
  /** Of each thing that is edited, by its id. */
  revisions: ReadonlyMap<string, number>;
}

export interface Sent {
  params?: Record<string, string | number>;
  query?: Record<string, string>;
  body?: object;
}

type Recipe = (things: Things) => Sent;

let made = 0;

export async function makeThings(api: RunningApi): Promise<Things> {
  const { admin } = api;
  const n = ++made;
  const { id: application, revision: ofApplication } = await admin.createApplication({ body: { name: `things ${n}` } });
  const create = (version: string) =>
    admin.createPackage({
      body: { application, version, arch: 'amd64', type: 'other', url: 'https://h/', filename: 'f.gz', size: 10 },
    });
  const [{ id: pack }, { id: older, revision: ofOlder }] = [await create('2.0.0'), await create('1.0.0')];
  const channels = { application, arch: 'amd64' } as const;
  const channel = await admin.createChannel({ body: { ...channels, name: 'stable', package: pack } });
  const spareChannel = await admin.createChannel({ body: { ...channels, name: 'spare' } });
  await admin.setFloor({ params: { id: spareChannel.id, package: pack }, body: {} });
  const group = await admin.createGroup({ body: { application, name: 'prod', track: 'prod', channel: channel.id } });
  const spareGroup = await admin.createGroup({ body: { application, name: 'spare', track: 'spare' } });
  const rollout = group.rollout?.id ?? '';
  const machine = `machine/${n}`;
  await seedMachine(api, { application, group: group.id, channel: channel.id, rollout, pack, machine });
  const { id: token } = await admin.createToken({ body: { name: `token ${n}`, role: 'viewer' } });
  await api.nc.request(`${logNames(api.logPrefix).parked.subject}.policy`, `[${n}]`);
  const parked = (await admin.listParkedMessages({ query: { limit: 500 } })).items.at(-1)?.id ?? 0;
  const { revision: ofSpareChannel } = await admin.getChannel({ params: { id: spareChannel.id } });
  const revisions = new Map([
    [application, ofApplication],
    [older, ofOlder],
    [channel.id, channel.revision],
    [spareChannel.id, ofSpareChannel],
    [group.id, group.revision],
    [spareGroup.id, spareGroup.revision],
  ]);
  return {
    application,
    pack,
    older,
    channel: channel.id,
    spareChannel: spareChannel.id,
    group: group.id,
    spareGroup: spareGroup.id,
    rollout,
    machine,
    token,
    parked,
    revisions,
  };
}

interface Seed {
  application: string;
  group: string;
  channel: string;
  rollout: string;
  pack: string;
  machine: string;
}

/** As policy's consumer and a grant leave it. */
async function seedMachine(api: RunningApi, { application, group, channel, rollout, pack, machine }: Seed) {
  const now = Date.now();
  const about = { app: application, group, channel, rollout };
  await writeHistory(api, [checkIn(machine, now, about)]);
  await api.store.pool.query(
    `insert into instance values ($1, $2, '1.0.0', $3, 'prod', '', '', '', '', '', 'amd64', '', $4, $4, 1, 'granted', $4, 1)`,
    [application, machine, group, now],
  );
  await api.store.pool.query(
    `insert into attempt (application, machine, update_group, channel, rollout, package, to_version, from_version, versioning,
       reboots, arch, oem, opened_at, opened_n, since_at, since_n, number, granted_at, forced, stage, due_at)
     values ($1, $2, $3, $4, $5, $6, '2.0.0', '1.0.0', 'semver', true, 'amd64', '', $7, 1, $7, 1, 1, $7, false, 'leased', $8)`,
    [application, machine, group, channel, rollout, pack, now, now + 3_600_000],
  );
  await api.store.pool.query('update grant_counter set open_leases = 1 where update_group = $1', [group]);
}

const nothing: Recipe = () => ({});
const ofApplication: Recipe = ({ application }) => ({ params: { id: application } });
const ofGroup: Recipe = ({ group }) => ({ params: { id: group } });
const ofRollout: Recipe = ({ rollout }) => ({ params: { id: rollout } });
const ofMachine: Recipe = ({ machine }) => ({ params: { id: machine } });
const because =
  (recipe: Recipe): Recipe =>
  (things) => ({ ...recipe(things), body: { note: 'of a test' } });
const yesterday = () => new Date(Date.now() - 86_400_000).toISOString();

export const recipes: Record<OperationId, Recipe> = {
  listApplications: nothing,
  createApplication: () => ({ body: { name: `made ${++made}` } }),
  getApplication: ofApplication,
  editApplication: ({ application }) => ({ params: { id: application }, body: { description: 'edited' } }),
  // Without groups it goes with all that is in it.
  deleteApplication: ofApplication,
  listDeadEnds: ofApplication,
  markDeadEnd: ({ application }) => ({ params: { id: application, version: '0.1.0' }, body: { reason: 'no room' } }),
  clearDeadEnd: ({ application }) => ({ params: { id: application, version: '0.1.0' } }),
  removeExamplePackages: ofApplication,
  listPackages: ({ application }) => ({ query: { application, arch: 'amd64' } }),
  createPackage: ({ application }) => ({
    body: { application, version: '3.0.0', arch: 'amd64', type: 'other', url: 'https://h/', filename: 'f.gz', size: 1 },
  }),
  getPackage: ({ pack }) => ({ params: { id: pack } }),
  editPackage: ({ older }) => ({ params: { id: older }, body: { size: 11 } }),
  deletePackage: ({ older }) => ({ params: { id: older } }),
  listChannels: ({ application }) => ({ query: { application } }),
  createChannel: ({ application }) => ({ body: { application, name: 'made', arch: 'arm64' } }),
  getChannel: ({ channel }) => ({ params: { id: channel } }),
  editChannel: ({ channel, older }) => ({ params: { id: channel }, body: { package: older } }),
  deleteChannel: ({ spareChannel }) => ({ params: { id: spareChannel } }),
  setFloor: ({ channel, older }) => ({ params: { id: channel, package: older }, body: { reason: 'first' } }),
  removeFloor: ({ spareChannel, pack }) => ({ params: { id: spareChannel, package: pack } }),
  blacklistPackage: ({ channel, older }) => ({ params: { id: channel, package: older } }),
  unblacklistPackage: ({ channel, older }) => ({ params: { id: channel, package: older } }),
  listGroups: ({ application }) => ({ query: { application } }),
  createGroup: ({ application }) => ({ body: { application, name: 'made', track: 'made' } }),
  getGroup: ofGroup,
  editGroup: ({ group }) => ({ params: { id: group }, body: { policy: { safeMode: true } } }),
  deleteGroup: ({ spareGroup }) => ({ params: { id: spareGroup } }),
  pauseGroup: because(ofGroup),
  resumeGroup: because(ofGroup),
  listGroupInstances: ofGroup,
  listRollouts: ({ group }) => ({ query: { group, state: 'running' } }),
  getRollout: ofRollout,
  // Halted first: see `before`.
  startRollout: because(ofGroup),
  pauseRollout: because(ofRollout),
  resumeRollout: because(ofRollout),
  haltRollout: because(ofRollout),
  listInstances: ({ application }) => ({ query: { application, sort: '-lastSeen' } }),
  countInstances: ({ application }) => ({ query: { application } }),
  getInstance: ofMachine,
  getInstanceHistory: ofMachine,
  getInstanceAnswer: ofMachine,
  editInstance: (things) => ({ ...ofMachine(things), body: { alias: 'web', labels: { role: 'db' } } }),
  deleteInstance: ofMachine,
  holdInstance: because(ofMachine),
  releaseInstance: because(ofMachine),
  forceInstance: because(ofMachine),
  cancelInstance: because(ofMachine),
  retryInstance: because(ofMachine),
  getGroupBreakdown: ofGroup,
  getGroupDifference: ({ group }) => ({ params: { id: group }, query: { from: yesterday() } }),
  getVersionTimeline: ofGroup,
  getStatusTimeline: ofGroup,
  getPresenceTimeline: ofGroup,
  getApplicationBreakdown: ofApplication,
  getApplicationDifference: ({ application }) => ({ params: { id: application }, query: { from: yesterday() } }),
  getApplicationVersionTimeline: ofApplication,
  getApplicationStatusTimeline: ofApplication,
  getApplicationPresenceTimeline: ofApplication,
  getGroupFailures: ofGroup,
  getGroupFunnel: ofGroup,
  getGroupSilentInstances: ofGroup,
  getGroupStatusCounts: ofGroup,
  getGroupInstancesSeen: ofGroup,
  getApplicationFailures: ofApplication,
  getApplicationFunnel: ofApplication,
  getApplicationSilentInstances: ofApplication,
  getApplicationStatusCounts: ofApplication,
  getApplicationInstancesSeen: ofApplication,
  getHealth: nothing,
  getVersion: nothing,
  getMe: nothing,
  listTokens: nothing,
  createToken: () => ({ body: { name: 'made', role: 'viewer' } }),
  revokeToken: ({ token }) => ({ params: { id: token } }),
  listActivity: ({ application }) => ({ query: { application } }),
  listAudit: ({ application }) => ({ query: { application } }),
  listRefusedRequests: nothing,
  listParkedMessages: nothing,
  retryParkedMessage: ({ parked }) => ({ params: { id: parked } }),
  dropParkedMessage: ({ parked }) => ({ params: { id: parked } }),
  getRestore: nothing,
  applyRestore: () => ({ body: {} }),
  streamEvents: nothing,
  getDocs: nothing,
  getOpenApi: nothing,
};

/** What must have happened before, where the things as they are made do not do. */
export const before: Partial<Record<OperationId, (api: RunningApi, things: Things) => Promise<unknown>>> = {
  deleteApplication: async ({ admin }, { machine, group, spareGroup }) => {
    await admin.cancelInstance({ params: { id: machine }, body: {} });
    for (const id of [group, spareGroup])
      await admin.deleteGroup({ params: { id }, ifMatch: (await admin.getGroup({ params: { id } })).revision });
  },
  applyRestore: async ({ store }, { application, spareGroup }) => {
    const command = { kind: 'PauseGroup', application, group: spareGroup };
    await openRestore(store.pool, [{ kind: 'GroupPaused', application, subject: spareGroup, command }]);
  },
  startRollout: ({ admin }, { rollout }) => admin.haltRollout({ params: { id: rollout }, body: {} }),
};

/** As policy leaves it when it has learnt from the log. */
export async function openRestore(
  db: RunningApi['store']['pool'],
  changes: readonly { kind: string; application: string; subject: string; command: object | null }[],
): Promise<void> {
  const rest = { at: 1_000, actor: 'ada', group: null, machine: '', outcome: null };
  await db.query(
    `insert into restore (found_at, since, known_id, log_id, state, changes) values (1000, 0, 1, 2, 'waiting', $1)
     on conflict ((true)) where state <> 'done' do update set changes = excluded.changes`,
    [JSON.stringify(changes.map((change) => ({ ...rest, ...change })))],
  );
}
