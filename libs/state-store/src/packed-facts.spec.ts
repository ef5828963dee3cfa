import type { CatalogFact, Fact, UpdateGranted } from '@platte/facts';
import { expect, it } from 'vitest';
import { packFacts, unpackFacts } from './packed-facts.js';

const grant = (n: number): UpdateGranted => ({
  kind: 'UpdateGranted',
  v: 1,
  app: 'e96281a6-d1af-4bde-9a0a-97b76e56dc57',
  machine: `m${n}`,
  at: 1_764_244_800_000,
  n,
  version: '1.0.0',
  group: '9a2deb70-37be-4026-853f-bfdd6b347bbe',
  channel: null,
  arch: 'amd64',
  rollout: 'c13f7f76-6fdd-4857-bf87-09a676a8a5f2',
  reboots: true,
  oem: '',
  attempt: { at: 1_764_244_800_000, n },
  package: '00000000-0000-4000-8000-000000000005',
  toVersion: '2.0.0',
  number: n,
  grantedAt: 1_764_244_800_000,
  deadline: 1_764_248_400_000,
  forced: false,
});
const deleted: CatalogFact = {
  kind: 'MachineDeleted',
  v: 1,
  app: 'a',
  machine: 'm',
  at: 1,
  n: 2,
  actor: 'ada',
  revision: 3,
  subject: 'm',
  group: null,
  before: null,
  after: { name: 'x' },
};

it.each<[string, Fact[]]>([
  ['none', []],
  ['one', [grant(1)]],
  ['two that are equal', [grant(1), grant(1)]],
  ['many of a kind', [grant(1), grant(2), grant(3)]],
  ['several kinds, in their order', [grant(1), deleted, { ...deleted, n: 5, before: { name: 'y' } }, grant(2)]],
])('gives back what was packed: %s', (_, facts) => {
  expect(unpackFacts(packFacts(facts))).toEqual(facts);
});

it('makes a batch of grants a fifth of its size', () => {
  const facts = Array.from({ length: 256 }, (_, n) => grant(n + 1));
  expect(packFacts(facts).length).toBeLessThan(JSON.stringify(facts).length / 5);
});
