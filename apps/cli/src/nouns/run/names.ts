// What ids are called, for tables: each kind is listed once for a command, and only for people.
import { eachItem, pageLimitMax } from '@platte/api-contract';
import type { Call } from '../call.js';
import type { Names } from '../print/catalog-views.js';

const query = { limit: pageLimitMax };

/** Programs that read JSON have the ids; they do not wait for names. */
const isForPeople = (call: Call): boolean =>
  ['table', 'wide', 'words', undefined].includes(call.options['output'] as string);

async function collect<Item extends { id: string }>(
  call: Call,
  items: () => AsyncIterable<Item>,
  nameOf: (item: Item) => string,
): Promise<Names> {
  const names = new Map<string, string>();
  if (isForPeople(call)) for await (const item of items()) names.set(item.id, nameOf(item));
  return (id) => (id === null ? '' : (names.get(id) ?? id));
}

export function applicationNames(call: Call): Promise<Names> {
  return collect(
    call,
    () => eachItem(call.open().client.listApplications, { query }),
    ({ name }) => name,
  );
}

export function groupNames(call: Call): Promise<Names> {
  return collect(
    call,
    () => eachItem(call.open().client.listGroups, { query }),
    ({ name }) => name,
  );
}

export function channelNames(call: Call): Promise<Names> {
  return collect(
    call,
    () => eachItem(call.open().client.listChannels, { query }),
    ({ name, arch }) => `${name}/${arch}`,
  );
}

export function packageNames(call: Call): Promise<Names> {
  return collect(
    call,
    () => eachItem(call.open().client.listPackages, { query }),
    ({ version }) => version,
  );
}
