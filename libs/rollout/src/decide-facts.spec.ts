import { describe, expect, it } from 'vitest';
import { CatalogFact, makePositions, RolloutFact } from '@platte/facts';
import { type CatalogChange, toFact } from './catalog-change.js';
import { type CatalogState, evolveCatalog, noCatalog } from './catalog-state.js';
import { CatalogCommand, type CatalogCommandInput } from './commands.js';
import { decideCatalog } from './decide-catalog.js';
import { isRejection } from './rejection.js';
import {
  now,
  id,
  app,
  otherApp,
  pkg1,
  pkg2,
  stable,
  group,
  group2,
  drawIds,
  given,
  when,
  createApplication,
  base,
  catalog,
  ofStable,
  ofGroup,
  ofMachine,
} from './sample-catalog.js';

describe('cloning an application', () => {
  it('copies channels and groups, leaves packages out, and gives new ids', () => {
    const trackless: CatalogCommandInput = {
      kind: 'CreateGroup',
      application: app,
      id: group2,
      name: 'By id',
      policy: { safeMode: true },
    };
    const source = given(...base, trackless);
    const newId = drawIds();
    const decided = decideCatalog(
      CatalogCommand.parse({ kind: 'CreateApplication', name: 'Copy', cloneOf: app }),
      { ...source, application: null, source: source.application },
      { actor: { kind: 'person', name: 'anna' }, now, newId, forceMs: 1 },
    );
    if (isRejection(decided)) throw new Error(decided.words);
    const { application: copy } = decided.reduce(evolveCatalog, { ...noCatalog });
    expect(decided.map(({ kind }) => kind)).toEqual([
      'ApplicationCreated',
      'ChannelCreated',
      'ChannelCreated',
      'ChannelCreated',
      'GroupCreated',
      'GroupCreated',
    ]);
    expect([...(copy?.channels.values() ?? [])].map(({ name, arch, package: pkg }) => [name, arch, pkg])).toEqual([
      ['stable', 'amd64', null],
      ['beta', 'amd64', null],
      ['stable', 'arm64', null],
    ]);
    const groups = [...(copy?.groups.values() ?? [])];
    expect(groups.map(({ id, name, track }) => [name, track === id ? 'its own id' : track])).toEqual([
      ['Stable', 'stable'],
      ['By id', 'its own id'],
    ]);
    expect(groups.map(({ policy }) => policy.safeMode)).toEqual([false, true]);
    expect(copy?.channels.has(groups[0]?.channel ?? '')).toBe(true);
    expect(copy?.application.productId).toBeNull();
  });
});

describe('the defects of Nebraska that cannot be here', () => {
  it('D15: an edit that leaves fields out leaves them as they are', () => {
    const strict = given(...base, {
      kind: 'SetGroupPolicy',
      ...ofGroup,
      policy: { safeMode: true, concurrencyLimit: 2 },
    });
    const edited = given(
      ...base,
      { kind: 'SetGroupPolicy', ...ofGroup, policy: { safeMode: true, concurrencyLimit: 2 } },
      { kind: 'EditGroup', ...ofGroup, changes: { name: 'Renamed', policy: { timezone: 'Europe/Berlin' } } },
    );
    expect(edited.application?.groups.get(group)?.policy).toEqual({
      ...strict.application?.groups.get(group)?.policy,
      timezone: 'Europe/Berlin',
    });
  });

  it('D16: every refusal has a reason, words and the field that it is about', () => {
    expect(when(catalog, { kind: 'CreateGroup', application: app, name: 'Stable', track: 'x' })).toEqual({
      rejected: 'name-taken',
      words: 'Another group of the application has the name Stable.',
      pointer: '/name',
      uses: [],
    });
  });

  it('D18: what belongs to another application is unknown, whatever its id', () => {
    const other = given({ ...createApplication, id: otherApp });
    expect(when(other, { kind: 'PauseGroup', application: otherApp, group })).toMatchObject({
      rejected: 'unknown-group',
    });
    expect(when(other, { kind: 'DeletePackage', application: otherApp, package: pkg1 })).toMatchObject({
      rejected: 'unknown-package',
    });
    expect(when(other, { kind: 'DeleteChannel', application: otherApp, channel: stable })).toMatchObject({
      rejected: 'unknown-channel',
    });
  });

  it('D20: deleting a channel that does not exist is refused with a reason', () => {
    expect(when(catalog, { kind: 'DeleteChannel', application: app, channel: id(404) })).toMatchObject({
      rejected: 'unknown-channel',
      pointer: '/channel',
    });
  });
});

const rolloutOf = (state: CatalogState) => state.application?.rollouts.get(group);

describe('a rollout', () => {
  it('draws places anew each time', () => {
    const first = rolloutOf(catalog);
    const second = rolloutOf(given(...base, { kind: 'AssignPackage', ...ofStable, package: pkg2 }));
    expect(second?.salt).not.toBe(first?.salt);
  });

  it('expects open leases of the one before until they end', () => {
    expect(rolloutOf(catalog)?.earlierLeasesUntil).toBe(0);
    expect(rolloutOf(given(...base, { kind: 'AssignPackage', ...ofStable, package: pkg2 }))?.earlierLeasesUntil).toBe(
      now + 3_600_000 + 1000,
    );
  });

  it('starts again when the channel goes back to a package that it had before', () => {
    const there = given(
      ...base,
      { kind: 'AssignPackage', ...ofStable, package: pkg2 },
      { kind: 'AssignPackage', ...ofStable, package: pkg1 },
    );
    expect(rolloutOf(there)).toMatchObject({ package: pkg1, state: 'running' });
  });

  it('goes on when the channel loses its package and gets it back', () => {
    const back = given(
      ...base,
      { kind: 'AssignPackage', ...ofStable, package: null },
      { kind: 'AssignPackage', ...ofStable, package: pkg1 },
    );
    expect(rolloutOf(back)?.id).toBe(rolloutOf(catalog)?.id);
  });
});

it('stamps facts that the schemas of facts take', () => {
  const changes: CatalogChange[] = [];
  let state = noCatalog;
  const newId = drawIds();
  for (const input of [
    ...base,
    { kind: 'HoldMachine', ...ofMachine } as const,
    { kind: 'AssignPackage', ...ofStable, package: pkg2 } as const,
  ]) {
    const decided = decideCatalog(CatalogCommand.parse(input), state, {
      actor: { kind: 'person', name: 'anna' },
      now,
      newId,
      forceMs: 1,
    });
    if (isRejection(decided)) throw new Error(decided.words);
    changes.push(...decided);
    state = decided.reduce(evolveCatalog, state);
  }
  const draw = makePositions(7);
  const facts = changes.map((change) =>
    toFact(change, { actor: { kind: 'person', name: 'anna' }, revision: 1, position: () => draw(now) }),
  );
  for (const fact of facts)
    expect(() => (fact.kind.startsWith('Rollout') ? RolloutFact : CatalogFact).parse(fact)).not.toThrow();
  expect(new Set(facts.map(({ n }) => n)).size).toBe(facts.length);
});
