import { describe, expect, it } from 'vitest';
import { parseEvents } from './watch.js';

async function eventsOf(pieces: Iterable<string>): Promise<unknown[]> {
  const encoder = new TextEncoder();
  const waiting = pieces[Symbol.iterator]();
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { value, done } = waiting.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  });
  const events: unknown[] = [];
  for await (const event of parseEvents(body)) events.push(event);
  return events;
}

const text = 'id: 1.0\nevent: a\ndata: {"n":1}\n\n: warm\n\nid: 2.0\nevent: b\ndata: "x"\n\nid: 3.0\nevent: c';
const expected = [
  { id: '1.0', kind: 'a', data: { n: 1 } },
  { id: '2.0', kind: 'b', data: 'x' },
];

describe('parseEvents', () => {
  it.each([
    ['at once', [text]],
    ['letter by letter', text],
    ['cut between two line ends', text.split(/(?<=\n)(?=\n)/)],
  ])('reads events that come %s', async (_, pieces) => {
    expect(await eventsOf(pieces)).toEqual(expected);
  });

  // Each piece made the old reader look at all that had come before: this would not end.
  it('reads a long event in very small pieces', async () => {
    const [event] = await eventsOf(`id: 1.0\nevent: a\ndata: "${'x'.repeat(300_000)}"\n\n`);
    expect(event).toEqual({ id: '1.0', kind: 'a', data: 'x'.repeat(300_000) });
  });

  it('gives up an event that does not end', async () => {
    const endless = Array.from({ length: 100 }, () => 'x'.repeat(64 * 1024));
    await expect(eventsOf(endless)).rejects.toThrow(/longer than 4194304 characters/);
  });
});
