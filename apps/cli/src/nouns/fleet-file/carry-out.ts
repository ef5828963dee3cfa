// Carries a plan out, step by step. Each edit names the revision that the plan was made from, so that a change of somebody
// else in between is refused, not overwritten. If it ends in the middle, what is done is done: the next plan has the rest.
import type { Client } from '@platte/api-contract';
import type { Key, Known, Plan, Step } from './steps.js';

/** Grows as steps make things. */
type Index = Map<Key, Known>;

export async function carryOut(client: Client, { steps, known }: Plan, onDone: (step: Step) => void): Promise<void> {
  const index: Index = new Map(known);
  for (const step of steps) {
    await perform(client, step, index);
    onDone(step);
  }
}

function find(index: Index, key: Key): Known {
  const known = index.get(key);
  if (known) return known;
  throw new Error(`the plan refers to ${key}, which no step before has made`);
}

/** A mark's `of` has its channel behind `in`: `floor 1.2.3 in channel stable/amd64 of Flatcar`. */
const channelOf = (of: Key): Key => of.slice(of.indexOf('channel '));

async function perform(client: Client, step: Step, index: Index): Promise<void> {
  const { deed, of } = step;
  const application = (): string => find(index, step.application).id;
  const edited = (): { params: { id: string }; ifMatch: number } => {
    const { id, revision } = find(index, of);
    return { params: { id }, ifMatch: revision };
  };
  const idOf = (key: Key | null): string | null => (key === null ? null : find(index, key).id);
  switch (deed.do) {
    case 'create-application':
      return void index.set(of, await client.createApplication({ body: deed.body }));
    case 'edit-application':
      return void index.set(of, await client.editApplication({ ...edited(), body: deed.body }));
    case 'delete-application':
      return client.deleteApplication(edited());
    case 'mark-dead-end':
      await client.markDeadEnd({ params: { id: application(), version: deed.version }, body: { reason: deed.reason } });
      return;
    case 'clear-dead-end':
      return client.clearDeadEnd({ params: { id: application(), version: deed.version } });
    case 'create-package':
      return void index.set(of, await client.createPackage({ body: { ...deed.body, application: application() } }));
    case 'edit-package':
      return void index.set(of, await client.editPackage({ ...edited(), body: deed.body }));
    case 'delete-package':
      return client.deletePackage(edited());
    case 'create-channel': {
      const body = { ...deed.body, application: application(), package: idOf(deed.package) };
      return void index.set(of, await client.createChannel({ body }));
    }
    case 'edit-channel': {
      const body = { ...deed.body, ...(deed.package !== undefined && { package: idOf(deed.package) }) };
      index.set(of, await client.editChannel({ ...edited(), body }));
      return deed.package === undefined ? undefined : seeRollouts(client, step, index);
    }
    case 'delete-channel':
      return client.deleteChannel(edited());
    case 'create-group': {
      const body = { ...deed.body, application: application(), channel: idOf(deed.channel) };
      return void index.set(of, await client.createGroup({ body }));
    }
    case 'edit-group': {
      const body = { ...deed.body, ...(deed.channel !== undefined && { channel: idOf(deed.channel) }) };
      return void index.set(of, await client.editGroup({ ...edited(), body }));
    }
    case 'resume-group': {
      const { params } = edited();
      return void index.set(of, await client.resumeGroup({ params, body: { note: deed.note } }));
    }
    case 'resume-rollout':
      return void (await client.resumeRollout({ params: { id: deed.rollout }, body: { note: deed.note } }));
    case 'delete-group':
      return client.deleteGroup(edited());
    case 'set-floor':
    case 'remove-floor':
    case 'blacklist':
    case 'unblacklist':
      return mark(client, deed, channelOf(of), index);
    default:
      return deed satisfies never;
  }
}

/** Another package starts rollouts, which raise the revision of the groups: our own next edits of these must name the new one. */
async function seeRollouts(client: Client, { groups }: Step, index: Index): Promise<void> {
  const changed = new Set(groups);
  for (const [key, { id }] of index) {
    if (changed.has(id)) index.set(key, await client.getGroup({ params: { id } }));
  }
}

type Mark = Extract<Step['deed'], { do: 'set-floor' | 'remove-floor' | 'blacklist' | 'unblacklist' }>;

/** A mark raises the revision of its channel: our own next edit must name the new one. */
async function mark(client: Client, deed: Mark, channel: Key, index: Index): Promise<void> {
  const { id } = find(index, channel);
  const params = { id, package: find(index, deed.package).id };
  switch (deed.do) {
    case 'set-floor':
      return void index.set(channel, await client.setFloor({ params, body: { reason: deed.reason } }));
    case 'blacklist':
      return void index.set(channel, await client.blacklistPackage({ params }));
    case 'remove-floor':
      await client.removeFloor({ params });
      break;
    case 'unblacklist':
      await client.unblacklistPackage({ params });
      break;
    default:
      return deed satisfies never;
  }
  index.set(channel, await client.getChannel({ params: { id } }));
}
