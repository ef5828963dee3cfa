import { describe, expect, it } from 'vitest';
import type { CatalogState } from './catalog-state.js';
import type { CatalogCommandInput } from './commands.js';
import { toPlan } from './planning.js';
import { isRejection } from './rejection.js';
import {
  app,
  arm,
  base,
  beta,
  catalog,
  given,
  group,
  group2,
  id,
  ofGroup,
  ofMachine,
  ofStable,
  pkg1,
  pkg2,
  pkgArm,
  stable,
  when,
} from './sample-catalog.js';

function plan(state: CatalogState, command: CatalogCommandInput) {
  const decided = when(state, command);
  if (isRejection(decided)) throw new Error(decided.words);
  return toPlan(decided, state);
}

/** A second group, on another channel. */
const two = given(...base, {
  kind: 'CreateGroup',
  application: app,
  id: group2,
  name: 'second',
  track: 'second',
  channel: beta,
});

describe('a plan', () => {
  it('tells each change, before and after', () => {
    const { changes, omitted } = plan(two, { kind: 'AssignPackage', ...ofStable, package: pkg2 });
    expect(omitted).toBe(0);
    expect(changes.map(({ kind }) => kind)).toEqual(['PackageAssigned', 'RolloutSuperseded', 'RolloutStarted']);
    expect(changes[0]).toMatchObject({ subject: stable, before: { package: pkg1 }, after: { package: pkg2 } });
  });

  it.each<[string, CatalogCommandInput, string[], string[]]>([
    ['what a channel offers', { kind: 'AssignPackage', ...ofStable, package: pkg2 }, [group], []],
    ['a floor', { kind: 'SetFloor', ...ofStable, package: pkg2 }, [group], []],
    [
      'a package that is offered',
      { kind: 'EditPackage', application: app, package: pkg1, changes: { size: 9 } },
      [group],
      [],
    ],
    ['a package that is not', { kind: 'EditPackage', application: app, package: pkg2, changes: { size: 9 } }, [], []],
    ['a group', { kind: 'PauseGroup', ...ofGroup }, [group], []],
    ['a dead end', { kind: 'MarkDeadEnd', application: app, version: '0.9.0', reason: 'x' }, [group, group2], []],
    ['a machine', { kind: 'HoldMachine', ...ofMachine }, [], ['m1']],
    [
      'a channel that nobody follows',
      { kind: 'AssignPackage', application: app, channel: arm, package: pkgArm },
      [],
      [],
    ],
    ['a name', { kind: 'EditChannel', ...ofStable, changes: { name: 'steady', color: '#123456' } }, [], []],
  ])('names whose answers change with %s', (_, command, groups, machines) => {
    expect(plan(two, command)).toMatchObject({ groups, machines });
  });

  it('keeps within a reply: it says how many changes it leaves out', () => {
    const big = Array.from({ length: 400 }, (_, i) => id(5000 + i));
    const decided = when(catalog, { kind: 'HoldMachine', ...ofMachine, note: 'x'.repeat(500) });
    if (isRejection(decided)) throw new Error(decided.words);
    const many = big.flatMap(() => [...decided, ...decided]);
    const { changes, omitted } = toPlan(many, catalog);
    expect(changes.length).toBeGreaterThan(100);
    expect(changes.length + omitted).toBe(many.length);
    expect(JSON.stringify(changes).length).toBeLessThan(410 * 1024);
  });
});
