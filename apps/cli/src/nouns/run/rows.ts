// Lists, page by page, up to the `--limit` of the command; what is left out is said.
import { eachItem, pageLimitMax } from '@platte/api-contract';
import type { Call } from '../call.js';

interface Page<Item> {
  items: Item[];
  next: string | null;
}

/** All of what people configure: there are hundreds of them at most. */
export async function readAll<Item, Given extends { query?: object }>(
  list: (given: Given) => Promise<Page<Item>>,
  given: Given,
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of eachItem(list, { ...given, query: { ...given.query, limit: pageLimitMax } }))
    items.push(item);
  return items;
}

/** As many as `--limit` says; there may be millions. */
export async function readRows<Item, Given extends { query?: object }>(
  call: Call,
  list: (given: Given) => Promise<Page<Item>>,
  given: Given,
): Promise<Item[]> {
  const limit = Number(call.options['limit'] ?? 0) || Number.POSITIVE_INFINITY;
  const items: Item[] = [];
  // One more than asked for tells whether there are more.
  const query = { ...given.query, limit: Math.min(pageLimitMax, limit + 1) };
  try {
    for await (const item of eachItem(list, { ...given, query })) {
      if (items.length === limit) {
        call.notes.push(`The first ${limit}; there are more: --limit 0 shows all.`);
        break;
      }
      items.push(item);
      if (items.length % pageLimitMax === 0) call.io.show(`${items.length.toLocaleString('en-US')} read`);
    }
  } finally {
    call.io.show('');
  }
  return items;
}
