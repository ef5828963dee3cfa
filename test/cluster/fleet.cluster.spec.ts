// A journey on a NATS cluster: the whole platform, two of each program, signed in with a .creds file over TLS with client
// certificates, and a machine that updates while the cluster loses its servers.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, makeClient } from '@platte/api-contract';
import type { HealthReport } from '@platte/service';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Field, openField } from '../chaos/battlefield.js';
import { makeGroup, type MadeGroup, untilServed } from '../journeys/catalog.js';
import { ask, askUntilDecided, checkOf, hear, postOmaha, reportOf } from '../journeys/machines.js';
import { eventually } from '../journeys/platform.js';

const machine = '3d1219c7c4c5404aaa1f6d2a48adfda4';
const waiting = 'aaaabbbbccccddddeeeeffff00001111';

let dataDir: string;
let field: Field;
let client: Client;
let group: MadeGroup;
let omaha: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'platte-cluster-'));
  field = await openField({ dataDir, mutant: null, spoolBytesMax: 2 ** 26, natsCluster: 'creds' });
  client = makeClient(field.api);
  group = await makeGroup(client, 'cluster');
  omaha = field.endpoints[0]!.url;
  for (const { url } of field.endpoints) await untilServed(url, group);
});
afterAll(async () => {
  await field.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const statusOf = async (id: string) => (await client.getInstance({ params: { id } })).status;

async function dependenciesOf(program: string): Promise<Record<string, string>> {
  const response = await fetch(`${field.internalUrls.get(program)}/readyz`);
  const { dependencies } = (await response.json()) as HealthReport;
  return Object.fromEntries(dependencies.map(({ name, state }) => [name, state]));
}

it('a machine updates while one server after the other is killed, and a person sees each step', async () => {
  const asker = { machine, track: group.track };
  expect(await askUntilDecided(omaha, asker)).toMatchObject({ offered: group.version });
  for (const [server, type, status] of [
    ['nats-1', 13, 'downloading'],
    ['nats-2', 14, 'downloaded'],
    ['nats-3', 3, 'installed'],
  ] as const) {
    field.lives.get(server)!.signal('SIGKILL');
    expect(await postOmaha(omaha, reportOf(asker, { type, result: 1 }))).toMatchObject({ status: 200 });
    await eventually(
      () => statusOf(machine),
      (seen) => seen === status,
    );
    await field.lives.get(server)!.up();
  }
  const booted = await postOmaha(omaha, checkOf({ ...asker, version: group.version }, '1000.0.0'));
  expect(hear(booted.text)).toMatchObject({ offered: null });
  await eventually(
    () => statusOf(machine),
    (seen) => seen === 'complete',
  );
});

it.each([
  ['postgres', 'clickhouse'],
  ['clickhouse', 'postgres'],
])('while %s is away /readyz of analytics names it, and not %s', async (away, there) => {
  const life = field.lives.get(away)!;
  life.down();
  await eventually(
    () => dependenciesOf('analytics-1'),
    (states) => states[away] === 'down' && states[there] === 'up' && states['nats'] === 'up',
  );
  life.wake();
  await life.up();
  await eventually(
    () => dependenciesOf('analytics-1'),
    (states) => states[away] === 'up' && states[there] === 'up',
  );
});

it('without a majority machines are answered, /readyz names JetStream, and nothing is lost', async () => {
  expect(await dependenciesOf('policy-1')).toMatchObject({ postgres: 'up', jetstream: 'up' });
  const lost = ['nats-1', 'nats-2'].map((name) => field.lives.get(name)!);
  for (const life of lost) life.down();
  await eventually(
    () => dependenciesOf('policy-1'),
    ({ postgres, jetstream }) => postgres === 'up' && jetstream === 'down',
  );
  // The fact waits in the spool: the machine does not.
  await ask(omaha, { machine: waiting, track: group.track, version: '9999.0.0' });
  for (const life of lost) {
    life.wake();
    await life.up();
  }
  await eventually(
    () => dependenciesOf('policy-1'),
    ({ postgres, jetstream }) => postgres === 'up' && jetstream === 'up',
  );
  const { items } = await eventually(
    () => client.getInstanceHistory({ params: { id: waiting } }),
    (history) => history.items.length > 0,
  );
  expect(items.map(({ kind }) => kind)).toEqual(['check-in']);
});
