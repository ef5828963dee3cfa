// The group as it is decided by: the copy of the catalog, with what people decided since it was made. Stops and holds raise no
// group's revision, because their commands do not wait for the group's row: so each decision reads them.
import type { GroupStop, IndexedGroup } from '@platte/rollout';
import type { PeopleRow } from './read-ledger.js';

export function withPeople(index: IndexedGroup, { stop, holds }: PeopleRow): IndexedGroup {
  const held = new Map(Object.entries(holds ?? {}));
  const current = held.size === 0 && index.held.size === 0 ? index : { ...index, held };
  return isSameStop(index, stop) ? current : withStop(current, stop);
}

function isSameStop({ group }: IndexedGroup, stop: GroupStop | null): boolean {
  return group.stop?.at === stop?.at && group.stop?.actor === stop?.actor.name;
}

/** What was remembered of versions was judged by the other stop. */
function withStop(index: IndexedGroup, stop: GroupStop | null): IndexedGroup {
  const { group } = index;
  const policyEnabled = group.stop?.policyEnabled ?? (group.policy.updatesEnabled || stop?.switchesOn === true);
  const policy = { ...group.policy, updatesEnabled: policyEnabled && stop === null };
  return {
    ...index,
    group: { ...group, policy, stop: stop && { actor: stop.actor.name, at: stop.at, note: stop.note, policyEnabled } },
    verdicts: new Map(),
  };
}
