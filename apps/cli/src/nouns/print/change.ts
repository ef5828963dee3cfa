import { stringify } from 'yaml';
import type { Call } from '../call.js';

/** What was done, in words for people; the changed thing itself where `-o` asks for it. */
export function printChange(call: Call, words: string, item: { id: string }): void {
  const { io, options } = call;
  io.say(words);
  switch (options['output']) {
    case 'json':
      return io.out(JSON.stringify(item, null, 2));
    case 'yaml':
      return io.out(stringify(item).trimEnd());
    case 'name':
      return io.out(item.id);
    default:
  }
}
