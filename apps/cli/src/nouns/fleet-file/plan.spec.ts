import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '@platte/rollout';
import type { HeldApplication } from './held.js';
import { countMachines } from './describe-plan.js';
import { makePlan } from './plan.js';
import { parseYaml } from '../yaml-text.js';
import { parseFleetFile, type FileApplication } from './shape.js';
import type { Plan, Step } from './steps.js';

const application = 'aaaaaaaa-0000-4000-8000-000000000001';
const [oldPackage, newPackage, exampleId] = ['0b', '0c', '0d'].map(
  (end) => `aaaaaaaa-0000-4000-8000-0000000000${end}`,
) as [string, string, string];
const channelId = 'aaaaaaaa-0000-4000-8000-000000000020';
const groupId = 'aaaaaaaa-0000-4000-8000-000000000030';

const pack = (id: string, version: string, example = false): HeldApplication['packages'][number] => ({
  id,
  application,
  version,
  arch: 'amd64',
  type: 'flatcar',
  url: 'https://example.com/',
  filename: 'update.gz',
  size: 10,
  sha1: null,
  sha256: null,
  description: '',
  files: [],
  action: null,
  example,
  revision: 3,
});

const held: HeldApplication = {
  application: {
    id: application,
    name: 'Flatcar',
    description: '',
    versioning: 'semver',
    reboots: true,
    productId: null,
    revision: 1,
  },
  packages: [pack(oldPackage, '1.0.0'), pack(newPackage, '2.0.0'), pack(exampleId, '0.9.0', true)],
  channels: [
    {
      id: channelId,
      application,
      name: 'stable',
      color: '#112233',
      arch: 'amd64',
      package: oldPackage,
      floors: [{ package: oldPackage, reason: 'keys' }],
      blacklist: [newPackage],
      revision: 4,
    },
  ],
  groups: [
    {
      id: groupId,
      application,
      name: 'Stable',
      description: '',
      track: 'stable',
      channel: channelId,
      policy: { ...defaultPolicy, rateLimit: { max: 10, periodMs: 3_600_000 } },
      stop: null,
      revision: 5,
      rollout: null,
    },
  ],
  deadEnds: [{ version: '0.1.0', reason: 'broken' }],
};

type Written = Partial<FileApplication> | Record<string, unknown>;

function planOf(
  wanted: Written,
  prune = false,
  catalog: HeldApplication[] = [held],
  resumePaused: string | null = null,
): Plan {
  const file = parseFleetFile(
    parseYaml(JSON.stringify({ applications: [{ name: 'Flatcar', ...wanted }] }), 'fleet.yaml'),
    'fleet.yaml',
  );
  return makePlan(file, catalog, { prune, resumePaused });
}

const inShort = ({ sign, of, differences }: Step): string =>
  [
    `${sign} ${of}`,
    ...differences.map(({ field, before, after }) => `${field}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`),
  ].join(' | ');

const stepsOf = (plan: Plan): string[] => plan.steps.map((step) => inShort(step));

const channel = { name: 'stable', floors: [{ version: '1.0.0', reason: 'keys' }], blacklist: ['2.0.0'] };

const rollout = {
  id: '77777777-0000-4000-8000-000000000000',
  application,
  group: groupId,
  package: oldPackage,
  toVersion: '1.0.0',
  state: 'halted',
  cause: 'it eats disks',
  salt: '',
  waves: [],
  openWave: 1,
  startedAt: '2026-11-27T11:00:00Z',
} satisfies HeldApplication['groups'][number]['rollout'];
const stop = { actor: 'ada', actorKind: 'person' as const, at: '2026-11-27T12:00:00Z', note: 'a fire' };
const stopped = (changes: Partial<HeldApplication['groups'][number]>): HeldApplication[] => [
  { ...held, groups: [{ ...held.groups[0]!, ...changes }] },
];
const keptOf = ({ kept }: Plan): string[] => kept.map(({ of, why }) => `${of} | ${why}`);
const moves = {
  channels: [{ name: 'stable', package: '2.0.0', floors: [], blacklist: ['1.0.0'] }],
  groups: [{ name: 'Stable', policy: { updatesEnabled: true, safeMode: true } }],
};

describe('what people stopped', () => {
  it('stays stopped: a file that takes updates does not resume a paused group', () => {
    const plan = planOf(moves, false, stopped({ stop }));
    expect(keptOf(plan)).toEqual([
      'group Stable of Flatcar | group Stable is paused by person ada since 2026-11-27T12:00:00Z: a fire',
    ]);
    expect(plan.steps.map(({ deed }) => deed.do)).not.toContain('resume-group');
  });

  it('keeps the package of its channel, as the next rollout would end the halt', () => {
    const plan = planOf(moves, false, stopped({ rollout }));
    const halted = 'the rollout of 1.0.0 in group Stable is halted: it eats disks';
    expect(keptOf(plan)).toEqual([
      `channel stable/amd64 of Flatcar | ${halted}`,
      'floor 1.0.0 in channel stable/amd64 of Flatcar | waits for channel stable/amd64 of Flatcar',
      'blacklisting 1.0.0 in channel stable/amd64 of Flatcar | waits for channel stable/amd64 of Flatcar',
    ]);
    expect(stepsOf(plan)).toEqual([
      '~ group Stable of Flatcar | policy.safeMode: false -> true',
      '- blacklisting 2.0.0 in channel stable/amd64 of Flatcar',
    ]);
  });

  it('keeps its group, also from --prune, and what the group refers to', () => {
    const plan = planOf({ packages: [], channels: [], groups: [] }, true, stopped({ stop }));
    expect(keptOf(plan)).toEqual([
      'group Stable of Flatcar | group Stable is paused by person ada since 2026-11-27T12:00:00Z: a fire',
      ...['channel stable/amd64', 'package 1.0.0/amd64', 'package 2.0.0/amd64'].map(
        (of) => `${of} of Flatcar | waits for group Stable of Flatcar`,
      ),
    ]);
    expect(planOf({ name: 'Agent' }, true, stopped({ stop })).kept).toMatchObject([{ of: 'application Flatcar' }]);
  });

  it('is resumed by --resume-paused, after everything else and for its reason', () => {
    const plan = planOf({ groups: moves.groups }, false, stopped({ stop, rollout }), 'it is out');
    expect(plan.kept).toEqual([]);
    expect(stepsOf(plan).slice(-2)).toEqual([
      '~ group Stable of Flatcar | rollout: "halted" -> "running"',
      '~ group Stable of Flatcar | paused: "by person ada: a fire" -> null',
    ]);
    expect(plan.steps.slice(-2).map(({ deed }) => deed)).toEqual([
      { do: 'resume-rollout', rollout: rollout.id, note: 'it is out' },
      { do: 'resume-group', note: 'it is out' },
    ]);
  });

  it('gets the next rollout by --resume-paused where the file brings another package', () => {
    const plan = planOf(moves, false, stopped({ rollout }), 'mended');
    expect(plan.steps.map(({ deed }) => deed.do)).toContain('edit-channel');
    expect(plan.steps.map(({ deed }) => deed.do)).not.toContain('resume-rollout');
  });

  it('of a group that the file does not name is not resumed', () => {
    expect(planOf({}, false, stopped({ stop, rollout }), 'it is out').steps).toEqual([]);
  });
});

describe('a plan', () => {
  it.each<[string, Written, string[]]>([
    ['is empty when the file names nothing', {}, []],
    [
      'is empty when the catalog is what the file says',
      {
        description: '',
        deadEnds: held.deadEnds,
        packages: [{ version: '1.0.0', size: 10 }],
        channels: [{ ...channel, package: '1.0.0', color: '#112233' }],
        groups: [{ name: 'Stable', channel: 'stable', policy: { rateLimit: { max: 10 } } }],
      },
      [],
    ],
    [
      'edits what differs, and only that',
      { description: 'new', packages: [{ version: '1.0.0', size: 11 }] },
      ['~ application Flatcar | description: "" -> "new"', '~ package 1.0.0/amd64 of Flatcar | size: 10 -> 11'],
    ],
    [
      'makes a package before the channel that offers it',
      {
        packages: [{ version: '3.0.0', url: 'https://example.com/', filename: 'u.gz', size: 1 }],
        channels: [{ ...channel, package: '3.0.0' }],
      },
      ['+ package 3.0.0/amd64 of Flatcar', '~ channel stable/amd64 of Flatcar | package: "1.0.0" -> "3.0.0"'],
    ],
    [
      'takes a package off the blacklist before it offers it, and lists another one after',
      { channels: [{ name: 'stable', package: '2.0.0', floors: [], blacklist: ['1.0.0'] }] },
      [
        '- blacklisting 2.0.0 in channel stable/amd64 of Flatcar',
        '~ channel stable/amd64 of Flatcar | package: "1.0.0" -> "2.0.0"',
        '- floor 1.0.0 in channel stable/amd64 of Flatcar',
        '+ blacklisting 1.0.0 in channel stable/amd64 of Flatcar',
      ],
    ],
    [
      'sets a floor before the channel offers what lies behind it',
      {
        packages: [{ version: '3.0.0', url: 'https://example.com/', filename: 'u.gz', size: 1 }],
        channels: [{ name: 'stable', package: '3.0.0', floors: [{ version: '2.0.0' }], blacklist: [] }],
      },
      [
        '+ package 3.0.0/amd64 of Flatcar',
        '- blacklisting 2.0.0 in channel stable/amd64 of Flatcar',
        '+ floor 2.0.0 in channel stable/amd64 of Flatcar',
        '~ channel stable/amd64 of Flatcar | package: "1.0.0" -> "3.0.0"',
        '- floor 1.0.0 in channel stable/amd64 of Flatcar',
      ],
    ],
    [
      'leaves floors and blacklist alone where the file does not name them',
      { channels: [{ name: 'stable', color: '#445566' }] },
      ['~ channel stable/amd64 of Flatcar | color: "#112233" -> "#445566"'],
    ],
    [
      'changes the reason of a floor',
      { channels: [{ ...channel, floors: [{ version: '1.0.0', reason: 'other' }] }] },
      ['~ floor 1.0.0 in channel stable/amd64 of Flatcar'],
    ],
    [
      'sets the rules of a group before its channel offers something else',
      {
        channels: [{ name: 'stable', package: '2.0.0', blacklist: [] }],
        groups: [{ name: 'Stable', policy: { rateLimit: { max: 5 }, updatesEnabled: true } }],
      },
      [
        '~ group Stable of Flatcar | policy.rateLimit.max: 10 -> 5',
        '- blacklisting 2.0.0 in channel stable/amd64 of Flatcar',
        '~ channel stable/amd64 of Flatcar | package: "1.0.0" -> "2.0.0"',
      ],
    ],
    [
      'moves and makes groups last',
      {
        channels: [{ name: 'beta', package: '1.0.0' }],
        groups: [
          { name: 'Stable', channel: 'beta/amd64' },
          { name: 'New', track: 'new', channel: 'beta' },
        ],
      },
      [
        '+ channel beta/amd64 of Flatcar',
        '~ group Stable of Flatcar | channel: "stable/amd64" -> "beta/amd64"',
        '+ group New of Flatcar',
      ],
    ],
    [
      'renames a group that the file names by its id',
      { groups: [{ id: groupId, name: 'Main' }] },
      ['~ group Main of Flatcar | name: "Stable" -> "Main"'],
    ],
    [
      'replaces the whole list of dead ends',
      { deadEnds: [{ version: '0.2.0', reason: 'worse' }] },
      ['+ dead end 0.2.0 of Flatcar', '- dead end 0.1.0 of Flatcar'],
    ],
    ['makes an application that is not there', { name: 'Agent', reboots: false }, ['+ application Agent']],
  ])('%s', (_, wanted, steps) => {
    expect(stepsOf(planOf(wanted))).toEqual(steps);
  });

  it('keeps what the file does not name, and says so', () => {
    expect(planOf({}).left).toEqual([
      'group Stable of Flatcar',
      'channel stable/amd64 of Flatcar',
      'package 1.0.0/amd64 of Flatcar',
      'package 2.0.0/amd64 of Flatcar',
    ]);
  });

  it('deletes it when it is told to: groups before their channels, channels before their packages, examples never', () => {
    expect(stepsOf(planOf({}, true))).toEqual([
      '- group Stable of Flatcar',
      '- channel stable/amd64 of Flatcar',
      '- package 1.0.0/amd64 of Flatcar',
      '- package 2.0.0/amd64 of Flatcar',
    ]);
    expect(stepsOf(planOf({ name: 'Agent' }, true))).toEqual(['+ application Agent', '- application Flatcar']);
  });

  it('turns the updates of a policy on only after everything else', () => {
    const [group] = held.groups;
    const paused = { ...group!, policy: { ...group!.policy, updatesEnabled: false } };
    const wanted = {
      channels: [{ name: 'stable', color: '#445566' }],
      groups: [{ name: 'Stable', policy: { updatesEnabled: true, safeMode: true } }],
    };
    expect(stepsOf(planOf(wanted, false, [{ ...held, groups: [paused] }]))).toEqual([
      '~ group Stable of Flatcar | policy.safeMode: false -> true',
      '~ channel stable/amd64 of Flatcar | color: "#112233" -> "#445566"',
      '~ group Stable of Flatcar | policy.updatesEnabled: false -> true',
    ]);
  });

  it('counts every machine that it touches once', () => {
    const { steps } = planOf({
      deadEnds: [],
      channels: [{ name: 'stable', package: '2.0.0', blacklist: [] }],
      groups: [{ name: 'Stable', policy: { safeMode: true } }],
    });
    expect(steps.length).toBeGreaterThan(3);
    expect(countMachines(steps, new Map([[groupId, 60]]))).toBe(60);
    expect(
      countMachines(planOf({ groups: [{ name: 'Stable', description: 'x' }] }).steps, new Map([[groupId, 60]])),
    ).toBe(0);
  });

  it('knows everything that it edits, also under the name that the file gives it', () => {
    const { steps, known } = planOf({ id: application, name: 'Renamed', groups: [{ id: groupId, name: 'Main' }] });
    expect(steps.filter(({ of, sign }) => sign === '~' && !known.has(of))).toEqual([]);
    expect(known.get('group Main of Renamed')).toMatchObject({ id: groupId, revision: 5 });
  });

  it.each<[string, Written, RegExp]>([
    ['a package that nobody knows', { channels: [{ name: 'stable', package: '9.9.9' }] }, /names package 9\.9\.9/],
    ['a channel that nobody knows', { groups: [{ name: 'Stable', channel: 'gamma' }] }, /follows channel gamma/],
    ['a new package without a payload', { packages: [{ version: '4.0.0' }] }, /needs url, filename and size/],
    ['another id', { id: 'bbbbbbbb-0000-4000-8000-000000000001' }, /an id never changes/],
    ['a field that is not one', { groups: [{ name: 'Stable', polcy: {} }] }, /polcy/],
    ['the same thing twice', { groups: [{ name: 'Stable' }, { name: 'Stable' }] }, /group Stable of Flatcar/],
  ])('is refused for %s', (_, wanted, words) => {
    expect(() => planOf(wanted)).toThrow(words);
  });
});

describe('hours of a file', () => {
  const windows = [{ days: [7], from: 0, to: 60 }];
  const fileWith = (hours: object): Written => ({ groups: [{ name: 'Stable', policy: { hours } }] });
  const heldWith = (hours: HeldApplication['groups'][number]['policy']['hours']): HeldApplication[] => [
    { ...held, groups: held.groups.map((group) => ({ ...group, policy: { ...group.policy, hours } })) },
  ];

  it('that have windows and no kind are planned as windows, and once applied differ no more', () => {
    const plan = planOf(fileWith({ windows }));
    expect(plan.steps.map(({ deed }) => deed)).toEqual([
      { do: 'edit-group', body: { policy: { hours: { kind: 'windows', windows } } } },
    ]);
    expect(planOf(fileWith({ windows }), false, heldWith({ kind: 'windows', windows })).steps).toEqual([]);
  });

  it('that name another variant differ until that is what the group has', () => {
    expect(planOf(fileWith({ kind: 'always' }), false, heldWith({ kind: 'windows', windows })).steps).toHaveLength(1);
    expect(planOf(fileWith({ kind: 'always' }), false, heldWith({ kind: 'always' })).steps).toEqual([]);
  });

  it('that contradict themselves are refused where they are', () => {
    expect(() => planOf(fileWith({ kind: 'always', windows }))).toThrow('contradicts `kind`');
  });
});

it('a fleet file with a character that is not seen is refused, and points at it', () => {
  const text = 'applications:\n  - name: Flatcar\n    groups:\n      - name: "Prod\\u202E"\n        track: stable\n';
  expect(() => parseFleetFile(parseYaml(text, 'fleet.yaml'), 'fleet.yaml')).toThrow(
    /fleet\.yaml:4:15: applications\[0\]\.groups\[0\]\.name: holds U\+202E/,
  );
});
