// What deciding a command sees, and what follows from each change. `evolve` is also what a memory implementation is
// made of: applying the changes in order gives the state that PostgreSQL has after writing them.
import type { Application, Channel, DeadEnd, Group, GroupStop, Package, Rollout } from './catalog.js';
import type { CatalogChange } from './catalog-change.js';
import type { Blacklisting, Card, ChannelFloor, Force, Hold } from './catalog-marks.js';

export interface ApplicationState {
  application: Application;
  packages: ReadonlyMap<string, Package>;
  channels: ReadonlyMap<string, Channel>;
  floors: readonly ChannelFloor[];
  blacklist: readonly Blacklisting[];
  groups: ReadonlyMap<string, Group>;
  /** The rollout that each group has now, by group. */
  rollouts: ReadonlyMap<string, Rollout>;
  /** Of groups that a person has paused. */
  stops: ReadonlyMap<string, GroupStop>;
  /** Leases that are open, by group. */
  openLeases: ReadonlyMap<string, number>;
  /** Attempts under way to a package, by package: known where packages are to be deleted. */
  underWay: ReadonlyMap<string, number>;
  deadEnds: ReadonlyMap<string, DeadEnd>;
  holds: ReadonlyMap<string, Hold>;
  forces: ReadonlyMap<string, Force>;
  cards: ReadonlyMap<string, Card>;
  /** The machine that the command names, if it has checked in. */
  machines: ReadonlyMap<string, { hasOpenAttempt: boolean }>;
  /** The groups of the machine that the command names: that of its open attempt, and that of its last check-in. */
  machineGroups: readonly string[];
  /** The revision that changed a thing last, by its id. */
  changed: ReadonlyMap<string, number>;
}

export interface CatalogState {
  /** All applications there are: their names are unique. */
  applications: ReadonlyMap<string, Pick<Application, 'id' | 'name' | 'productId'>>;
  /** The one that the command names. */
  application: ApplicationState | null;
  /** The one that it clones. */
  source: ApplicationState | null;
}

export const noCatalog: CatalogState = { applications: new Map(), application: null, source: null };

export function evolveCatalog(state: CatalogState, change: CatalogChange): CatalogState {
  if (change.of !== 'application') {
    return state.application === null ? state : { ...state, application: evolveApplication(state.application, change) };
  }
  const { after } = change;
  const applications = withEntry(state.applications, change.application, after);
  if (after === null) return { ...state, applications, application: null };
  const application = state.application === null ? newApplication(after) : { ...state.application, application: after };
  return { ...state, applications, application };
}

function newApplication(application: Application): ApplicationState {
  return {
    application,
    packages: new Map(),
    channels: new Map(),
    floors: [],
    blacklist: [],
    groups: new Map(),
    rollouts: new Map(),
    stops: new Map(),
    openLeases: new Map(),
    underWay: new Map(),
    deadEnds: new Map(),
    holds: new Map(),
    forces: new Map(),
    cards: new Map(),
    machines: new Map(),
    machineGroups: [],
    changed: new Map(),
  };
}

function evolveApplication(
  state: ApplicationState,
  change: Exclude<CatalogChange, { of: 'application' }>,
): ApplicationState {
  const { subject } = change;
  switch (change.of) {
    case 'package':
      return { ...state, packages: withEntry(state.packages, subject, change.after) };
    case 'channel':
      return { ...state, channels: withEntry(state.channels, subject, change.after) };
    case 'floor':
      return { ...state, floors: withItem(state.floors, change.before, change.after, isOfSamePair) };
    case 'blacklisting':
      return { ...state, blacklist: withItem(state.blacklist, change.before, change.after, isOfSamePair) };
    case 'group':
      return evolveGroup(state, subject, change.after);
    case 'stop':
      return { ...state, stops: withEntry(state.stops, subject, change.after?.stop ?? null) };
    case 'rollout':
      return { ...state, rollouts: withEntry(state.rollouts, change.group, change.after) };
    case 'dead-end':
      return { ...state, deadEnds: withEntry(state.deadEnds, subject, change.after) };
    case 'hold':
      return { ...state, holds: withEntry(state.holds, subject, change.after) };
    case 'force':
      return { ...state, forces: withEntry(state.forces, subject, change.after) };
    case 'card':
      return { ...state, cards: withEntry(state.cards, subject, change.after) };
    case 'machine':
      return state;
    default:
      return change satisfies never;
  }
}

/** A stop goes with its group. */
function evolveGroup(state: ApplicationState, id: string, after: Group | null): ApplicationState {
  const groups = withEntry(state.groups, id, after);
  return after === null ? { ...state, groups, stops: withEntry(state.stops, id, null) } : { ...state, groups };
}

function withEntry<T>(map: ReadonlyMap<string, T>, key: string, value: T | null): ReadonlyMap<string, T> {
  const next = new Map(map);
  if (value === null) next.delete(key);
  else next.set(key, value);
  return next;
}

function withItem<T>(items: readonly T[], before: T | null, after: T | null, isSame: (a: T, b: T) => boolean): T[] {
  const kept = items.filter((item) => before === null || !isSame(item, before));
  return after === null ? kept : [...kept, after];
}

function isOfSamePair(a: Blacklisting, b: Blacklisting): boolean {
  return a.channel === b.channel && a.package === b.package;
}
