// The database of the policy bench: an application with a group of 10,000 and one of a million machines, and a table as
// plain as it can be to compare with.
import { randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, startPostgres } from '@platte/backing';
import { makePositions, toActor } from '@platte/facts';
import {
  type AskedMachine,
  CatalogCommand,
  type CatalogCommandInput,
  isRejection,
  type Policy,
  type SnapshotIndex,
} from '@platte/rollout';
import {
  closeStore,
  executeCatalogCommand,
  type GrantContext,
  makeFreshDatabase,
  openStore,
  type Store,
  withTransaction,
} from '@platte/state-store';

export interface BenchGroup {
  id: string;
  application: string;
  machines: number;
}

export interface PolicyFleet {
  store: Store;
  small: BenchGroup;
  large: BenchGroup;
  context: GrantContext;
  /** Machines of the group, drawn at random, none twice. */
  ask: (group: BenchGroup, count: number) => AskedMachine[];
  setPolicy: (group: BenchGroup, policy: Partial<Policy>) => Promise<void>;
  /** Ends nothing, counts nothing: as if the group had never granted. */
  forget: (group: BenchGroup) => Promise<void>;
  stop: () => Promise<void>;
}

export const machineId = (n: number) => `machine-${String(n).padStart(24, '0')}`;
const position = makePositions(randomInt(2 ** 32));

const fillInstances = `
  insert into instance (application, machine, version, update_group, track, ip, alias, oem, oem_version, aleph, arch,
    boot_id, first_seen_at, seen_at, seen_n, status, status_at, status_n)
  select $1, 'machine-' || lpad(n::text, 24, '0'), '1.0.0', $2, 'stable', '10.0.0.1', '', '', '', '', 'amd64',
    '8f9c6c55-8a0c-4d5c-9d51-0f7d3ad8c7a1', 1, 1, 1, 'unknown', 1, 1
  from generate_series(0, $3 - 1) n`;

export async function startPolicyFleet(
  machines: { small: number; large: number },
  say: (line: string) => void,
): Promise<PolicyFleet> {
  const folder = await mkdtemp(join(tmpdir(), 'platte-bench-policy-'));
  const server = await startPostgres({ dataDir: join(folder, 'postgres'), cacheDir: cacheFolder(), say });
  const database = await makeFreshDatabase(server.url);
  const store = openStore({ url: database.url, hotMax: 32, poolMax: 32 });
  const context = { catalog: new Map<string, SnapshotIndex>(), position };
  const small = await makeGroup(store, 'small', machines.small);
  const large = await makeGroup(store, 'large', machines.large);
  for (const group of [small, large]) {
    say(`filling a group of ${group.machines.toLocaleString('en-US')} machines`);
    await withTransaction(store.pool, async (client) => {
      await client.query('set local statement_timeout = 0');
      await client.query(fillInstances, [group.application, group.id, group.machines]);
    });
  }
  await store.pool.query('vacuum analyze instance');
  return {
    store,
    small,
    large,
    context,
    ask: askAtRandom,
    setPolicy: (group, policy) =>
      run(store, { kind: 'SetGroupPolicy', application: group.application, group: group.id, policy }),
    async forget(group) {
      await store.pool.query('delete from attempt where application = $1', [group.application]);
      await store.pool.query('truncate outbox');
      await store.pool.query('update grant_counter set open_leases = 0 where update_group = $1', [group.id]);
      await store.pool.query('vacuum attempt');
    },
    async stop() {
      await closeStore(store);
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function makeGroup(store: Store, name: string, machines: number): Promise<BenchGroup> {
  const [application, pack, channel, id] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  const payload = {
    arch: 'amd64',
    type: 'other',
    url: 'https://example.org/',
    filename: 'update.gz',
    size: 1,
  } as const;
  await run(store, { kind: 'CreateApplication', id: application, name });
  await run(store, { kind: 'CreatePackage', application, id: pack, version: '2.0.0', ...payload });
  await run(store, { kind: 'CreateChannel', application, id: channel, name, arch: 'amd64', package: pack });
  await run(store, { kind: 'CreateGroup', application, id, name, track: 'stable', channel });
  return { id, application, machines };
}

async function run(store: Store, input: CatalogCommandInput): Promise<void> {
  const now = Date.now();
  const context = {
    actor: toActor('bench', 'token'),
    now,
    newId: () => randomUUID(),
    forceMs: 86_400_000,
    position: () => position(now),
  };
  const executed = await executeCatalogCommand(store, CatalogCommand.parse(input), context);
  if (isRejection(executed)) throw new Error(`${input.kind} was refused: ${executed.words}`);
}

function askAtRandom({ id, application, machines }: BenchGroup, count: number): AskedMachine[] {
  const drawn = new Set<number>();
  while (drawn.size < count) drawn.add(randomInt(machines));
  const said = {
    version: '1.0.0',
    arch: 'amd64',
    oem: '',
    versionPrefix: '',
    boot: 0,
    onlyOpenLease: false,
    forced: false,
  } as const;
  return [...drawn].map((n) => ({
    app: application,
    group: id,
    revision: 0,
    machine: machineId(n),
    ...position(Date.now()),
    ...said,
    events: [],
  }));
}
