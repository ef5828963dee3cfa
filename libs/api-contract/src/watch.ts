// Facts as they happen: follows `/api/v1/events` and comes back with the last id whenever the stream ends, so that nothing is
// missed. `fetch` in the place of EventSource, because that can send no token, and tells no error.
import { z } from 'zod';
import { ApiError, ConnectionError, toHeaders, toQuery, type ClientOptions } from './client.js';
import { apiPrefix, type QueryOf } from './operations.js';
import { Problem } from './problem.js';

export interface WatchedEvent {
  /** Its place in the log: pass it as `after` to go on from here. */
  id: string;
  /** The fact's kind. */
  kind: string;
  /** The fact, as libs/facts describes it. */
  data: unknown;
}

export interface WatchOptions {
  query?: QueryOf<'streamEvents'>;
  after?: string;
  signal: AbortSignal;
  /** Told whenever the stream is there (again), or is away and why. */
  onState?: (state: { isOpen: boolean; cause?: string }) => void;
}

const pauseMsMin = 500;
const pauseMsMax = 15_000;

/** Ends when `signal` says so. @throws ApiError when the API refuses: a token that ended, a query that is wrong */
export async function* watchEvents(
  options: ClientOptions,
  { query, after, signal, onState = () => {} }: WatchOptions,
): AsyncGenerator<WatchedEvent, void, undefined> {
  let last = after;
  let pauseMs = pauseMsMin;
  while (!signal.aborted) {
    try {
      for await (const event of readOnce(options, query, last, signal, () => onState({ isOpen: true }))) {
        last = event.id;
        pauseMs = pauseMsMin;
        yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.problem.status < 500) throw error;
      onState({ isOpen: false, cause: error instanceof Error ? error.message : String(error) });
    }
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, pauseMsMax);
  }
}

async function* readOnce(
  options: ClientOptions,
  query: QueryOf<'streamEvents'> = {},
  last: string | undefined,
  signal: AbortSignal,
  onOpen: () => void,
): AsyncGenerator<WatchedEvent, void, undefined> {
  const url = `${options.url.replace(/\/$/, '')}${apiPrefix}/events${toQuery(query)}`;
  const headers = {
    ...toHeaders(options),
    accept: 'text/event-stream',
    ...(last !== undefined && { 'last-event-id': last }),
  };
  const response = await (options.fetch ?? fetch)(url, { headers, signal });
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('application/problem+json')) throw new ApiError(Problem.parse(await response.json()));
  if (!response.ok || !response.body || !type.startsWith('text/event-stream'))
    throw new ConnectionError(`${url} answered ${response.status} with ${type || 'no type'}`);
  onOpen();
  for await (const event of parseEvents(response.body)) {
    // The last words of a stream: one that only was old comes back without a word.
    if (event.kind === 'end') return sayEnd(event.data);
    yield event;
  }
}

const End = z.object({ reason: z.string(), words: z.string() });

function sayEnd(data: unknown): void {
  const { reason, words } = End.parse(data);
  if (reason !== 'over') throw new ConnectionError(words);
}

/** Characters of one event: ours have at most some ten thousand. What is longer comes from no Platte. */
const eventCharsMax = 4 * 1024 * 1024;

/** The part of the format that our API writes: `id`, `event` and one line of `data`; comments keep the line warm. */
export async function* parseEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<WatchedEvent, void, undefined> {
  const decoder = new TextDecoder();
  // Put together only when an event ends in what came: a long one in small pieces would be copied once per piece.
  let pieces: string[] = [];
  let characters = 0;
  for await (const chunk of readChunks(body)) {
    const seam = pieces.at(-1)?.at(-1) ?? '';
    const piece = decoder.decode(chunk, { stream: true });
    if (piece === '') continue;
    pieces.push(piece);
    characters += piece.length;
    if (`${seam}${piece}`.includes('\n\n')) {
      const blocks = pieces.join('').split('\n\n');
      pieces = [blocks.pop() ?? ''];
      characters = pieces[0]!.length;
      for (const block of blocks) {
        const event = parseBlock(block);
        if (event) yield event;
      }
    }
    if (characters > eventCharsMax) throw new ConnectionError(`an event is longer than ${eventCharsMax} characters`);
  }
}

/** Not every browser can iterate a stream. */
async function* readChunks(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body.getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function parseBlock(block: string): WatchedEvent | undefined {
  const fields = new Map(
    block.split('\n').map((line) => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 1).trimStart()]),
  );
  const [id, kind, data] = [fields.get('id'), fields.get('event'), fields.get('data')];
  if (kind === undefined || data === undefined || (id === undefined && kind !== 'end')) return undefined;
  return { id: id ?? '', kind, data: JSON.parse(data) };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
