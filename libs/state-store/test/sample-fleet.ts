// A small fleet for tests and benches: one application with packages 1.0.0 and 2.0.0, a channel at 2.0.0, a group on it
// whose rollout runs, and machines that ask as ingress would ask for them.
import { randomInt, randomUUID } from 'node:crypto';
import { type EventReported, type MachineCheckedIn, makePositions, toActor } from '@platte/facts';
import { type AskedMachine, CatalogCommand, type CatalogCommandInput, isRejection, type Policy } from '@platte/rollout';
import { executeCatalogCommand } from '../src/catalog-commands.js';
import type { GrantContext } from '../src/grant-batch.js';
import type { Store } from '../src/store.js';

export interface SampleFleet {
  application: string;
  channel: string;
  group: string;
  packages: { one: string; two: string };
  /** The clock that its machines and people see. */
  now: () => number;
  run: (command: CatalogCommandInput) => Promise<void>;
  setPolicy: (policy: Partial<Policy>) => Promise<void>;
  ask: (machine: string, changes?: Partial<AskedMachine>) => AskedMachine;
  checkIn: (machine: string, changes?: Partial<MachineCheckedIn>) => MachineCheckedIn;
  report: (machine: string, changes?: Partial<EventReported>) => EventReported;
}

export const drawPositions = () => makePositions(randomInt(2 ** 32));

/** A process's own: what it holds of the catalog, and the positions it draws. */
export function makeGrantContext(): GrantContext {
  return { catalog: new Map(), position: drawPositions() };
}

export async function makeSampleFleet(store: Store, policy: Partial<Policy> = {}): Promise<SampleFleet> {
  const ids = {
    application: randomUUID(),
    channel: randomUUID(),
    group: randomUUID(),
    packages: { one: randomUUID(), two: randomUUID() },
  };
  const { application, channel, group, packages } = ids;
  const now = () => Date.now() + store.clockOffsetMs();
  const run = (input: CatalogCommandInput) => runCommand(store, input, now());
  const payload = {
    application,
    arch: 'amd64',
    type: 'other',
    url: 'https://example.org/',
    filename: 'update.gz',
    size: 1,
  } as const;
  await run({ kind: 'CreateApplication', id: application, name: `app ${application}`, reboots: true });
  await run({ kind: 'CreatePackage', ...payload, id: packages.one, version: '1.0.0' });
  await run({ kind: 'CreatePackage', ...payload, id: packages.two, version: '2.0.0' });
  await run({ kind: 'CreateChannel', application, id: channel, name: 'stable', arch: 'amd64', package: packages.two });
  await run({ kind: 'CreateGroup', application, id: group, name: 'Stable', track: 'stable', channel, policy });
  const setPolicy = (changes: Partial<Policy>) => run({ kind: 'SetGroupPolicy', application, group, policy: changes });
  return { ...ids, now, run, setPolicy, ...machinesOf(ids, now) };
}

type Machines = Pick<SampleFleet, 'ask' | 'checkIn' | 'report'>;

function machinesOf(
  { application, group, channel }: Pick<SampleFleet, 'application' | 'group' | 'channel'>,
  now: () => number,
): Machines {
  const draw = drawPositions();
  const ask = (machine: string, changes: Partial<AskedMachine> = {}): AskedMachine => ({
    app: application,
    group,
    revision: 0,
    machine,
    ...draw(now()),
    version: '1.0.0',
    arch: 'amd64',
    oem: '',
    versionPrefix: '',
    boot: 0,
    onlyOpenLease: false,
    forced: false,
    events: [],
    ...changes,
  });
  const said = () => ({
    v: 1 as const,
    app: application,
    ...draw(now()),
    version: '1.0.0',
    group,
    channel,
    arch: 'amd64' as const,
    rollout: null,
    reboots: true,
    oem: '',
    bootId: '',
  });
  const checkIn = (machine: string, changes: Partial<MachineCheckedIn> = {}): MachineCheckedIn => ({
    ...said(),
    kind: 'MachineCheckedIn',
    machine,
    track: 'stable',
    ip: '10.0.0.1',
    alias: '',
    oemVersion: '',
    aleph: '',
    ping: true,
    heartbeat: false,
    source: '',
    ...changes,
  });
  const report = (machine: string, changes: Partial<EventReported> = {}): EventReported => ({
    ...said(),
    kind: 'EventReported',
    machine,
    type: 3,
    result: 1,
    errorCode: '',
    previousVersion: '',
    ...changes,
  });
  return { ask, checkIn, report };
}

async function runCommand(store: Store, input: CatalogCommandInput, now: number): Promise<void> {
  const draw = drawPositions();
  const context = {
    actor: toActor('ada', 'person'),
    now,
    newId: () => randomUUID(),
    forceMs: 86_400_000,
    position: () => draw(now),
  };
  const executed = await executeCatalogCommand(store, CatalogCommand.parse(input), context);
  if (isRejection(executed)) throw new Error(`${input.kind} was refused: ${executed.words}`);
}
