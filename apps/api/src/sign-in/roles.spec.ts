import { describe, expect, it } from 'vitest';
import { toPerson, type RoleRules } from './roles.js';

const rules: RoleRules = {
  claim: 'realm_access.roles',
  values: { viewer: ['staff'], operator: ['ops'], admin: ['root'] },
  applicationsClaim: undefined,
};
const claims = (roles: unknown, more: object = {}) => ({
  sub: 's1',
  email: 'ada@example.com',
  realm_access: { roles },
  ...more,
});
const app = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';

describe('a person’s role', () => {
  it.each([
    [['staff'], 'viewer'],
    [['root', 'staff'], 'admin'],
    ['ops other', 'operator'],
    ['staff,ops', 'operator'],
  ])('is the highest that %o gives: %s', (roles, role) => {
    expect(toPerson(claims(roles), rules)).toEqual({
      status: 'known',
      person: { subject: 's1', name: 'ada@example.com', role, applications: null },
    });
  });

  it.each([[[]], [undefined], [['Root']], [7], [{ root: true }]])('is none where the claim is %o', (roles) => {
    expect(toPerson(claims(roles), rules)).toMatchObject({ status: 'no-role' });
  });

  it('is limited to the applications that another claim names', () => {
    const limited = { ...rules, applicationsClaim: 'apps' };
    expect(toPerson(claims(['ops'], { apps: [app, 'x'] }), limited)).toMatchObject({ person: { applications: [app] } });
    expect(toPerson(claims(['ops']), limited)).toMatchObject({ status: 'no-role' });
  });

  it('is what userinfo says where that is the source, whatever the id token says', () => {
    const identity = claims(['root'], { preferred_username: 'ada' });
    const told = (userinfo: object) => toPerson(identity, rules, { sub: 's1', ...userinfo });
    expect(told({ realm_access: { roles: ['staff'] } })).toMatchObject({ person: { role: 'viewer', name: 'ada' } });
    expect(told({})).toEqual({ status: 'no-role', name: 'ada', values: [] });
    const limited = { ...rules, applicationsClaim: 'apps' };
    expect(toPerson({ ...identity, apps: [app] }, limited, claims(['ops']))).toMatchObject({ status: 'no-role' });
  });

  it('is somebody’s with a name', () => {
    expect(toPerson({ ...claims(['ops']), preferred_username: 'ada' }, rules)).toMatchObject({
      person: { name: 'ada' },
    });
    expect(toPerson({ ...claims(['ops']), email: '' }, rules)).toMatchObject({ person: { name: 's1' } });
    expect(() => toPerson({}, rules)).toThrow('sub');
  });
});
