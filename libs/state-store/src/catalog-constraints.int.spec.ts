import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ids, makeTestCatalog, type TestCatalog } from '../test/catalog.js';

let catalog: TestCatalog;
let store: TestCatalog['store'];
beforeAll(async () => {
  catalog = await makeTestCatalog();
  ({ store } = catalog);
});
afterAll(() => catalog.end());

describe('the database by itself', () => {
  it.each<[string, (a: Ids, b: Ids) => Refused, string]>([
    [
      'a second package of one version and arch',
      (a: Ids) => [
        `insert into package select gen_random_uuid(), application, version, arch, type, url, filename, size, sha1, sha256, description, files, action, example, changed from package where id = $1`,
        [a.one],
      ],
      'package_version_taken',
    ],
    [
      'a channel of another arch than its package',
      (a: Ids) => [
        `insert into channel values (gen_random_uuid(), $1, 'x', '#000000', 'arm64', $2, 1)`,
        [a.application, a.one],
      ],
      'channel_package_application_arch_fkey',
    ],
    [
      'a channel with a package of another application',
      (a: Ids, b: Ids) => [`update channel set package = $2 where id = $1`, [a.channel, b.one]],
      'channel_package_application_arch_fkey',
    ],
    [
      'another arch for a channel',
      (a: Ids) => [`update channel set arch = 'x86', package = null where id = $1`, [a.channel]],
      'channel_arch_fixed',
    ],
    [
      'a blacklisting of what the channel offers',
      (a: Ids) => [
        `insert into channel_mark values ($1, $2, $3, 'amd64', 'blacklisted', '')`,
        [a.channel, a.one, a.application],
      ],
      'channel_package_blacklisted',
    ],
    [
      'a second group for one track and arch',
      (a: Ids) => [
        `insert into update_group select gen_random_uuid(), application, 'x', '', track, channel, arch, policy, 1, null, 1 from update_group where id = $1`,
        [a.group],
      ],
      'group_track_taken',
    ],
    [
      'a group whose arch is not its channel’s',
      (a: Ids) => [`update update_group set arch = 'x86' where id = $1`, [a.group]],
      'update_group_channel_application_arch_fkey',
    ],
    [
      'two live rollouts of one group',
      (a: Ids) => [
        `insert into rollout select gen_random_uuid(), update_group, package, to_version, state, cause, salt, waves, open_wave, started_at, earlier_leases_until from rollout where update_group = $1`,
        [a.group],
      ],
      'rollout_one_live',
    ],
    [
      'a deletion of a package in use',
      (a: Ids) => [`delete from package where id = $1`, [a.one]],
      'channel_package_application_arch_fkey',
    ],
    [
      'a version that means "update me"',
      (a: Ids) => [`update package set version = '0.0.0' where id = $1`, [a.two]],
      'package_version_check',
    ],
  ])('refuses %s', async (_, statement, constraint) => {
    const [text, values] = statement(await catalog.makeApplication(), await catalog.makeApplication());
    await expect(store.pool.query(text, values)).rejects.toMatchObject({ constraint });
  });

  it('keeps the log of changes as it was written', async () => {
    await expect(store.pool.query(`update catalog_change set actor = 'eve'`)).rejects.toThrow('append-only');
    await expect(store.pool.query(`delete from catalog_change`)).rejects.toThrow('append-only');
    await expect(store.pool.query(`truncate catalog_change`)).rejects.toThrow('append-only');
  });
});

type Refused = [text: string, values: string[]];
