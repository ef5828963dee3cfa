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
    ['ops', 'operator'],
  ])('is the highest that %o gives: %s', (roles, role) => {
    expect(toPerson(claims(roles), rules)).toEqual({
      status: 'known',
      person: { subject: 's1', name: 'ada@example.com', role, applications: null },
    });
  });

  it.each([
    [[]],
    [undefined],
    [['Root']],
    [['root ']],
    ['root staff'],
    ['staff,root'],
    [7],
    [['', 7]],
    [{ root: true }],
  ])('is none where the claim is %o', (roles) => {
    expect(toPerson(claims(roles), rules)).toMatchObject({ status: 'no-role' });
  });

  it('is given by whole names only, which hold blanks and commas', () => {
    const dn = 'CN=Admins,OU=Groups,DC=example,DC=com';
    const roleOf = (groups: unknown, admin: string) => {
      const named = {
        claim: 'groups',
        values: { viewer: [], operator: [], admin: [admin] },
        applicationsClaim: undefined,
      };
      return toPerson({ sub: 's1', groups }, named).status;
    };
    expect(roleOf('Helpdesk Admins', 'Admins')).toBe('no-role');
    expect(roleOf('Helpdesk Admins', 'Helpdesk Admins')).toBe('known');
    expect(roleOf(['Helpdesk Admins'], 'Admins')).toBe('no-role');
    expect(roleOf(dn, dn)).toBe('known');
    expect(roleOf([dn], dn)).toBe('known');
    for (const other of [`CN=Guests,OU=Groups,DC=example,DC=com`, 'DC=com', `CN=x,${dn}`]) {
      expect(roleOf(other, dn)).toBe('no-role');
      expect(roleOf([other], dn)).toBe('no-role');
    }
  });

  it.each([
    ['https://example.com/roles', { 'https://example.com/roles': ['root'] }],
    ['roles.of.platte', { 'roles.of.platte': 'root' }],
    ['/roles', { '/roles': ['root'], roles: ['staff'] }],
    ['/resource_access/my.client/roles', { resource_access: { 'my.client': { roles: ['root'] } } }],
    ['/apps/https:~1~1example.com~1a~0b/roles', { apps: { 'https://example.com/a~b': { roles: ['root'] } } }],
    ['/grants/1', { grants: ['staff', 'root'] }],
    ['realm_access.roles', { realm_access: { roles: ['root'] } }],
  ])('is found in the claim %s', (claim, given) => {
    expect(toPerson({ sub: 's1', ...given }, { ...rules, claim })).toMatchObject({ person: { role: 'admin' } });
  });

  it('is taken from the claim of exactly that name before any that dots lead to', () => {
    const given = { sub: 's1', 'realm_access.roles': ['staff'], realm_access: { roles: ['root'] } };
    expect(toPerson(given, rules)).toMatchObject({ person: { role: 'viewer' } });
  });

  it.each(['constructor.name', '/constructor/name', 'toString', 'groups.length', ''])(
    'is never read from what objects inherit: %s',
    (claim) => {
      const values = { viewer: ['Object'], operator: ['Function'], admin: ['1'] };
      expect(toPerson({ sub: 's1', groups: ['x'] }, { ...rules, claim, values }).status).toBe('no-role');
    },
  );

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

  it('is somebody’s with a name that can be shown and stored', () => {
    const nameOf = (preferred_username: string) =>
      toPerson(claims(['ops'], { preferred_username }), rules) as { person?: { name: string } };
    expect(nameOf('ada\u202E\u001B[2J\0').person?.name).toBe('ada\uFFFD\uFFFD[2J\uFFFD');
    expect(nameOf(`${'x'.repeat(199)}👩`).person?.name).toBe(`${'x'.repeat(199)}\uFFFD`);
  });

  it('is somebody’s with a name', () => {
    expect(toPerson({ ...claims(['ops']), preferred_username: 'ada' }, rules)).toMatchObject({
      person: { name: 'ada' },
    });
    expect(toPerson({ ...claims(['ops']), email: '' }, rules)).toMatchObject({ person: { name: 's1' } });
    expect(() => toPerson({}, rules)).toThrow('sub');
  });
});
