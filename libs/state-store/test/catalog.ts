// A catalog for tests of PostgreSQL's side: a fresh database, commands in it, and a small application at hand.
import { makePositions, toActor } from '@platte/facts';
import { CatalogCommand, type CatalogCommandInput, isRejection, type Rejection } from '@platte/rollout';
import { inject } from 'vitest';
import { executeCatalogCommand } from '../src/catalog-commands.js';
import type { CommandContext, Executed } from '../src/command-context.js';
import { makeFreshDatabase } from '../src/fresh-database.js';
import { closeStore, openStore, type Store } from '../src/store.js';

const ada = toActor('ada', 'person');

export const now = Date.parse('2026-11-27T11:00:00Z');

/** Of `makeApplication`. */
export interface Ids {
  application: string;
  one: string;
  two: string;
  channel: string;
  group: string;
}

export interface TestCatalog {
  url: string;
  store: Store;
  newId: () => string;
  execute: (input: CatalogCommandInput, changes?: Partial<CommandContext>) => Promise<Executed | Rejection>;
  /** Throws where the command is refused. */
  must: (input: CatalogCommandInput) => Promise<Executed>;
  /** An application of its own for each test: amd64 packages 1.0.0 and 2.0.0, channel `stable` at 1.0.0, a group on it. */
  makeApplication: () => Promise<Ids>;
  end: () => Promise<void>;
}

export async function makeTestCatalog(): Promise<TestCatalog> {
  const database = await makeFreshDatabase(inject('postgresUrl'));
  const store = openStore({ url: database.url, poolMax: 16 });
  const draw = makePositions(1);
  let drawn = 1000;
  const newId = () => `00000000-0000-4000-8000-${String(drawn++).padStart(12, '0')}`;
  const context: CommandContext = { actor: ada, now, forceMs: 86_400_000, newId, position: () => draw(now) };
  const execute: TestCatalog['execute'] = (input, changes = {}) =>
    executeCatalogCommand(store, CatalogCommand.parse(input), { ...context, ...changes });

  async function must(input: CatalogCommandInput): Promise<Executed> {
    const executed = await execute(input);
    if (isRejection(executed)) throw new Error(`${input.kind}: ${executed.words}`);
    return executed;
  }

  async function makeApplication(): Promise<Ids> {
    const ids = {
      application: newId(),
      one: newId(),
      two: newId(),
      channel: newId(),
      group: newId(),
    };
    const { application } = ids;
    const payload = {
      application,
      arch: 'amd64',
      url: 'https://example.org/',
      filename: 'f.gz',
      size: 10,
      type: 'other',
    } as const;
    await must({
      kind: 'CreateApplication',
      id: application,
      name: `app ${application.slice(-8)}`,
      productId: `io.example.p${application.slice(-8)}`,
    });
    await must({
      kind: 'CreatePackage',
      ...payload,
      id: ids.one,
      version: '1.0.0',
      files: [{ name: 'oem.gz', size: 3 }],
    });
    await must({ kind: 'CreatePackage', ...payload, id: ids.two, version: '2.0.0' });
    await must({
      kind: 'CreateChannel',
      application,
      id: ids.channel,
      name: 'stable',
      arch: 'amd64',
      package: ids.one,
    });
    await must({
      kind: 'CreateGroup',
      application,
      id: ids.group,
      name: 'Stable',
      track: 'stable',
      channel: ids.channel,
      policy: { safeMode: true },
    });
    return ids;
  }

  const end = async (): Promise<void> => {
    await closeStore(store);
    await database.drop();
  };
  return { url: database.url, store, newId, execute, must, makeApplication, end };
}
