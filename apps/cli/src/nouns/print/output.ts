// `-o`: the same data as a table, as JSON or YAML, or only what names it.
import { stringify } from 'yaml';
import type { Call } from '../call.js';
import { renderFields, renderTable, type Column } from './table.js';

/** What names an item for the next command: an id, a machine's id. */
type NameOf<Item> = (item: Item) => string;

export function printList<Item>(
  call: Call,
  items: readonly Item[],
  columns: readonly Column<Item>[],
  nameOf: NameOf<Item>,
  none = 'There are none.',
): void {
  const { io, options } = call;
  switch (options['output']) {
    case 'json':
      return io.out(JSON.stringify(items, null, 2));
    case 'yaml':
      return io.out(stringify(items).trimEnd());
    case 'name':
      return items.length === 0 ? undefined : io.out(items.map(nameOf).join('\n'));
    default:
      if (items.length === 0) return io.say(none);
      return io.out(
        renderTable(items, columns, {
          now: io.now(),
          width: options['output'] === 'wide' ? Number.POSITIVE_INFINITY : io.width,
          isWide: options['output'] === 'wide',
          bold: io.colours.bold,
        }),
      );
  }
}

export function printItem<Item>(
  call: Call,
  item: Item,
  fields: (item: Item, now: number) => readonly (readonly [string, string])[],
  nameOf: NameOf<Item>,
): void {
  const { io, options } = call;
  switch (options['output']) {
    case 'json':
      return io.out(JSON.stringify(item, null, 2));
    case 'yaml':
      return io.out(stringify(item).trimEnd());
    case 'name':
      return io.out(nameOf(item));
    default:
      return io.out(renderFields(fields(item, io.now()), { bold: io.colours.bold, width: io.width }));
  }
}
