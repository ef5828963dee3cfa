// The groups that a command must lock: those that its changes are about, and no others. Found by deciding it, so that no command
// can change a group that it does not name here.
import { type CatalogChange, groupsTouched } from './catalog-change.js';
import type { ApplicationState } from './catalog-state.js';

/** In order, without those that do not exist yet. */
export function groupsToLock(changes: readonly CatalogChange[], state: ApplicationState | null): string[] {
  if (state === null) return [];
  const found = new Set(changes.flatMap((change) => groupsOf(change, state)));
  return [...found].filter((id) => state.groups.has(id)).toSorted();
}

function groupsOf(change: CatalogChange, state: ApplicationState): readonly string[] {
  // Decisions on the machine that are under way end first; what is done to its attempt is done under the lock.
  if (change.of === 'hold' || change.of === 'machine') return state.machineGroups;
  const touched = groupsTouched(change);
  switch (touched.kind) {
    case 'none':
      return [];
    case 'all':
      return [...state.groups.keys()];
    case 'channel':
      return followersOf(state, new Set([touched.id]));
    case 'package':
      return followersOf(state, channelsNaming(state, touched.id));
    case 'group':
      return [touched.id];
    default:
      return touched satisfies never;
  }
}

function followersOf({ groups }: ApplicationState, channels: ReadonlySet<string>): string[] {
  return [...groups.values()].filter(({ channel }) => channel !== null && channels.has(channel)).map(({ id }) => id);
}

function channelsNaming({ channels, floors, blacklist }: ApplicationState, pack: string): Set<string> {
  const offering = [...channels.values()].filter((channel) => channel.package === pack).map(({ id }) => id);
  const marked = [...floors, ...blacklist].filter((mark) => mark.package === pack).map(({ channel }) => channel);
  return new Set([...offering, ...marked]);
}
