import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '@platte/rollout';
import { parse } from 'yaml';
import type { HeldApplication } from './held.js';
import { makePlan } from './plan.js';
import { parseYaml } from '../yaml-text.js';
import { parseFleetFile } from './shape.js';
import { writeFleetFile } from './write-file.js';

const application = 'aaaaaaaa-0000-4000-8000-000000000001';
const packageId = 'aaaaaaaa-0000-4000-8000-000000000002';
const channelId = 'aaaaaaaa-0000-4000-8000-000000000003';
const groupId = 'aaaaaaaa-0000-4000-8000-000000000004';

const held: HeldApplication = {
  application: {
    id: application,
    name: 'Agent',
    description: 'An agent: "quoted"',
    versioning: 'semver',
    reboots: false,
    productId: 'com.example.agent',
    revision: 1,
  },
  packages: [
    {
      id: packageId,
      application,
      version: '1.0.0',
      arch: 'amd64',
      type: 'other',
      url: 'https://example.com/',
      filename: 'agent.tar',
      size: 10,
      sha1: null,
      sha256: null,
      description: '',
      files: [],
      action: null,
      example: false,
      revision: 2,
    },
  ],
  channels: [
    {
      id: channelId,
      application,
      name: 'main',
      color: '#112233',
      arch: 'amd64',
      package: packageId,
      floors: [{ package: packageId, reason: 'keys' }],
      blacklist: [],
      revision: 3,
    },
  ],
  groups: [
    {
      id: groupId,
      application,
      name: 'Main',
      description: '',
      track: groupId,
      channel: channelId,
      policy: defaultPolicy,
      stop: null,
      revision: 4,
      rollout: null,
    },
  ],
  deadEnds: [{ version: '0.1.0', reason: 'broken' }],
};

describe('an exported file', () => {
  it('is what the catalog is: its plan is empty, and nothing is left out', () => {
    const file = parseFleetFile(parseYaml(writeFleetFile([held]), 'fleet.yaml'), 'fleet.yaml');
    expect(makePlan(file, [held], { prune: true, resumePaused: null })).toMatchObject({ steps: [], left: [] });
  });

  it('makes the same catalog anew on a platform that has nothing', () => {
    const file = parseFleetFile(parseYaml(writeFleetFile([held]), 'fleet.yaml'), 'fleet.yaml');
    expect(
      makePlan(file, [], { prune: false, resumePaused: null }).steps.map(({ sign, of }) => `${sign} ${of}`),
    ).toEqual([
      '+ application Agent',
      '+ package 1.0.0/amd64 of Agent',
      '+ dead end 0.1.0 of Agent',
      '+ channel main/amd64 of Agent',
      '+ floor 1.0.0 in channel main/amd64 of Agent',
      '+ group Main of Agent',
    ]);
  });

  it('names a group by its id only where machines do', () => {
    expect(writeFleetFile([held])).toContain(`id: ${groupId}`);
    const tracked = { ...held, groups: held.groups.map((group) => ({ ...group, track: 'main' })) };
    expect(writeFleetFile([tracked])).not.toContain(groupId);
  });

  it('is the same when it is written over itself', () => {
    const text = writeFleetFile([held]);
    expect(writeFleetFile([held], text)).toBe(text);
  });

  it('keeps comments and the order of what was there, drops what is gone, and adds what is new at the end', () => {
    const text = [
      '# ours',
      'applications:',
      '  - groups:',
      '      - name: Main # the only one',
      '      - name: Gone',
      '    # says who it is',
      '    name: Agent',
      '    reboots: true # changed since',
      '',
    ].join('\n');
    const written = writeFleetFile([held], text);
    expect(written.split('\n').slice(0, 4)).toEqual([
      '# ours',
      'applications:',
      '  - groups:',
      '      - name: Main # the only one',
    ]);
    expect(written).toContain('    # says who it is\n    name: Agent\n    reboots: false # changed since\n');
    expect(written).not.toContain('Gone');
    expect(parse(written)).toEqual(parse(writeFleetFile([held])));
  });

  it('is refused over a file that is no YAML', () => {
    expect(() => writeFleetFile([held], 'a: [')).toThrow('The existing file is no YAML');
  });
});
