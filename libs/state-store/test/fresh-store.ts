// A store on a database of the test file's own: there before its first test, gone after its last.
import { afterAll, beforeAll, inject } from 'vitest';
import { makeFreshDatabase } from '../src/fresh-database.js';
import { closeStore, openStore, type Store } from '../src/store.js';

/** @param onOpen called once, before the first test */
export function useFreshStore(onOpen: (store: Store) => void, options: { clockOffsetMs?: () => number } = {}): void {
  let close = async (): Promise<void> => {};
  beforeAll(async () => {
    const database = await makeFreshDatabase(inject('postgresUrl'));
    const store = openStore({ ...options, url: database.url });
    close = async () => {
      await closeStore(store);
      await database.drop();
    };
    onOpen(store);
  });
  afterAll(() => close());
}
