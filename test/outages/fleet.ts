// A group whose rollout runs, and machines that ask for it as ingress would: for tests of what happens when a store is away.
import { randomInt, randomUUID } from 'node:crypto';
import { makePositions, type MachineCheckedIn } from '@platte/facts';
import { type AskedMachine, CatalogCommand, type CatalogCommandInput, isRejection, type Policy } from '@platte/rollout';
import { executeCatalogCommand, type Store } from '@platte/state-store';

export interface Fleet {
  application: string;
  group: string;
  /** Machines that have not asked before. */
  ask: (count: number) => AskedMachine[];
  checkIn: (machine: string) => MachineCheckedIn;
}

export const drawPosition = makePositions(randomInt(2 ** 32));

export async function makeFleet(store: Store, policy: Partial<Policy> = {}): Promise<Fleet> {
  const [application, pack, channel, group] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  const payload = { arch: 'amd64', type: 'other', url: 'https://example.org/', filename: 'u.gz', size: 1 } as const;
  await run(store, { kind: 'CreateApplication', id: application, name: application, reboots: true });
  await run(store, { kind: 'CreatePackage', application, id: pack, version: '2.0.0', ...payload });
  await run(store, { kind: 'CreateChannel', application, id: channel, name: 'stable', arch: 'amd64', package: pack });
  await run(store, { kind: 'CreateGroup', application, id: group, name: 'Stable', track: 'stable', channel, policy });
  const said = { version: '1.0.0', arch: 'amd64', oem: '' } as const;
  const rarely = { versionPrefix: '', onlyOpenLease: false, forced: false, events: [], boot: 0, revision: 0 };
  return {
    application,
    group,
    ask: (count) =>
      Array.from({ length: count }, () => ({
        ...said,
        ...rarely,
        ...drawPosition(Date.now()),
        app: application,
        group,
        machine: randomUUID(),
      })),
    checkIn: (machine) => ({
      ...said,
      ...drawPosition(Date.now()),
      v: 1,
      kind: 'MachineCheckedIn',
      app: application,
      group,
      channel,
      machine,
      track: 'stable',
      rollout: null,
      reboots: true,
      bootId: '',
      ip: '10.0.0.1',
      alias: '',
      oemVersion: '',
      aleph: '',
      ping: true,
      heartbeat: false,
      source: '',
    }),
  };
}

async function run(store: Store, input: CatalogCommandInput): Promise<void> {
  const now = Date.now();
  const actor = { kind: 'person', name: 'ada' } as const;
  const context = { actor, now, newId: randomUUID, forceMs: 86_400_000, position: () => drawPosition(now) };
  const executed = await executeCatalogCommand(store, CatalogCommand.parse(input), context);
  if (isRejection(executed)) throw new Error(`${input.kind} was refused: ${executed.words}`);
}
