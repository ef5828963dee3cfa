import { describe, expect, it } from 'vitest';
import type { CatalogFact, RolloutFact } from '@platte/facts';
import { CatalogCommand } from './commands.js';
import { toLostChanges } from './lost-changes.js';

const app = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
const group = 'aaaaaaaa-0000-4000-8000-000000000001';
const channel = 'bbbbbbbb-0000-4000-8000-000000000001';
const pkg = 'cccccccc-0000-4000-8000-000000000001';
let at = 1_000;

const fact = (kind: CatalogFact['kind'], subject: string, more: Partial<CatalogFact> = {}): CatalogFact => ({
  kind,
  v: 1,
  app,
  machine: '',
  at: ++at,
  n: 1,
  actor: 'ada',
  revision: at,
  subject,
  group: null,
  before: null,
  after: null,
  ...more,
});
const ofRollout = (kind: RolloutFact['kind']): RolloutFact => ({
  kind,
  v: 1,
  app,
  machine: '',
  at: ++at,
  n: 1,
  group,
  rollout: 'dddddddd-0000-4000-8000-000000000001',
  package: pkg,
  toVersion: '2.0.0',
  actor: 'platte',
  cause: 'safe mode',
});
const commandsOf = (...facts: (CatalogFact | RolloutFact)[]) => toLostChanges(facts).map(({ command }) => command);
const pack = {
  id: pkg,
  application: app,
  version: '2.0.0',
  arch: 'amd64',
  type: 'flatcar',
  url: 'https://payloads.example/',
  filename: 'update.gz',
  size: 10,
  sha1: null,
  sha256: null,
  description: '',
  files: [],
  action: null,
  example: false,
};

describe('what a restored database forgot', () => {
  it('is listed with its commands: packages, then channels, then what stops machines', () => {
    const marked = { after: { channel, package: pkg, reason: 'broken' } };
    const lost = toLostChanges([
      fact('MachineHeld', 'm1', { machine: 'm1', after: { machine: 'm1', note: 'do not touch' } }),
      ofRollout('RolloutHalted'),
      fact('GroupPaused', group, { group, after: { stop: { note: 'disk failures' } } }),
      fact('PackageBlacklisted', channel, marked),
      fact('PackageAssigned', channel, { before: { package: null }, after: { package: pkg } }),
      fact('PackageCreated', pkg, { after: pack }),
    ]);
    expect(lost.map(({ command }) => CatalogCommand.parse(command))).toMatchObject([
      { kind: 'CreatePackage', id: pkg, version: '2.0.0' },
      { kind: 'AssignPackage', channel, package: pkg },
      { kind: 'BlacklistPackage', channel, package: pkg },
      { kind: 'PauseGroup', group, cause: 'disk failures' },
      { kind: 'HaltRollout', group, cause: 'safe mode' },
      { kind: 'HoldMachine', machine: 'm1', note: 'do not touch' },
    ]);
    expect(lost.map(({ actor, outcome }) => [actor, outcome]).at(-1)).toEqual(['ada', null]);
  });

  it.each([
    ['a pause that was ended', [fact('GroupPaused', group), fact('GroupResumed', group)], ['ResumeGroup']],
    [
      'a hold that was given up',
      [fact('MachineHeld', 'm', { machine: 'm' }), fact('MachineReleased', 'm', { machine: 'm' })],
      ['ReleaseMachine'],
    ],
    ['a halt that a new rollout followed', [ofRollout('RolloutHalted'), ofRollout('RolloutStarted')], []],
    [
      'two moves of a channel',
      [null, pkg].map((one) => fact('PackageAssigned', channel, { after: { package: one } })),
      ['AssignPackage'],
    ],
    [
      'a policy that switched updates off',
      [
        fact('GroupPolicySet', group, {
          before: { policy: { updatesEnabled: true } },
          after: { policy: { updatesEnabled: false } },
        }),
      ],
      ['SetGroupPolicy'],
    ],
  ] as const)('is what came of it in the end: %s', (_, facts, kinds) => {
    expect(commandsOf(...facts).map((command) => CatalogCommand.parse(command).kind)).toEqual(kinds);
  });

  it('is listed without a command where a person has to do it again', () => {
    const [lost] = toLostChanges([fact('GroupCreated', group, { after: { name: 'New' } })]);
    expect(lost).toMatchObject({ kind: 'GroupCreated', subject: group, command: null });
  });

  it('is in the order of time, whatever order the facts come in', () => {
    const [first, second] = [fact('GroupPaused', group), fact('GroupResumed', group)];
    expect(commandsOf(second, first)).toEqual(commandsOf(first, second));
  });
});
