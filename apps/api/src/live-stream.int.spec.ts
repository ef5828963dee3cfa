// What ends a live stream, and that nothing is lost by it.
import { connect } from 'node:net';
import { parseEvents, watchEvents } from '@platte/api-contract';
import { ensureStreams, logNames, makeAppender, readFactsFill, type Appender } from '@platte/fact-log';
import type { Fact } from '@platte/facts';
import { makeLog } from '@platte/service';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { toText } from './event-text.js';
import { makeLiveEvents, parsePlace, type Place } from './live-events.js';
import { makeBrowser } from './testing/browser.js';
import { configOf, platte, startProvider, type RunningProvider } from './testing/identity-provider.js';
import { startApi, type RunningApi } from './testing/running-api.js';
import { event, seedCatalog } from './testing/sample-fleet.js';

let api: RunningApi;
let provider: RunningProvider;
let appender: Appender;
const clock = { offsetMs: 0 };
const people = new Map([['ada', ['root']]]);

beforeAll(async () => {
  provider = await startProvider(people);
  api = await startApi({
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
    oidc: configOf(provider.url),
    now: () => Date.now() + clock.offsetMs,
    liveWaitingMax: 1000,
    streamsPerCaller: 3,
  });
  await seedCatalog(api);
  await ensureStreams(api.nc, { replicas: 1, factsBytesMax: 2 ** 27, prefix: api.logPrefix });
  appender = makeAppender({ nc: api.nc, program: 'test', prefix: api.logPrefix });
});

afterAll(async () => {
  await appender.close();
  const { facts, refused, parked, bucket } = logNames(api.logPrefix);
  for (const stream of [facts.stream, refused.stream, parked.stream, `KV_${bucket}`])
    await api.nc.request(`$JS.API.STREAM.DELETE.${stream}`);
  await api.stop();
  provider.stop();
});

const append = (...facts: Fact[]) => appender.appendAll(facts);
const marks = (count: number, machine = 'mark') =>
  Array.from({ length: count }, (_, n) => event(`${machine}-${n}`, Date.now(), 14, 1));

interface Ended {
  machines: string[];
  lastId: string;
  reason: string;
}

/** All that a stream says, to its end. */
async function readToEnd(text: AsyncIterable<string>): Promise<Ended> {
  const chunks = ReadableStream.from(text).pipeThrough(new TextEncoderStream());
  const ended: Ended = { machines: [], lastId: '', reason: '' };
  for await (const { id, kind, data } of parseEvents(chunks)) {
    if (kind === 'end') ended.reason = (data as { reason: string }).reason;
    else {
      ended.machines.push((data as Fact).machine);
      ended.lastId = id;
    }
  }
  return ended;
}

function listen(after: Place | undefined, { isAllowed = async () => true, heartbeatMs = 60_000 } = {}) {
  const log = makeLog({ program: 'api', level: 'silent' });
  const live = makeLiveEvents({ nc: () => api.nc, prefix: api.logPrefix, log, waitingMax: 10 });
  const [gone, ended] = [new AbortController(), Promise.withResolvers<void>()];
  const signal = gone.signal;
  const events = live.listen({ wants: () => true, after, signal, onEnd: ended.resolve });
  const text = toText(events, { signal, isAllowed, stop: () => gone.abort(), heartbeatMs });
  return { text, stop: () => gone.abort(), hasEnded: ended.promise, count: () => live.count() };
}

/** The reader of the log begins a moment after the stream is open: marks are sent until one is heard. */
async function whenHeard(hearing: Promise<unknown>): Promise<void> {
  const heard = new AbortController();
  void hearing.finally(() => heard.abort());
  while (!heard.signal.aborted) await append(...marks(1));
  await hearing;
}

describe('a listener that reads too slowly', () => {
  it('is told so at the end, let go of, and misses nothing when it comes back', async () => {
    const { text, hasEnded, count } = listen(undefined);
    // As far as the first event it reads, and then no more.
    await text.next();
    await whenHeard(text.next());
    for (let n = 0; n < 12; n++) await append(event(`slow-${n}`, Date.now(), 14, 1));
    await hasEnded;
    const first = await readToEnd(text);
    expect(first.reason).toBe('too-slow');
    const heard = first.machines.filter((machine) => machine.startsWith('slow'));
    expect(heard.length).toBeLessThan(12);
    expect(count()).toBe(0);
    const again = listen(parsePlace(first.lastId));
    const rest: string[] = [];
    const wanted = 12 - heard.length;
    for await (const { kind, data } of parseEvents(
      ReadableStream.from(again.text).pipeThrough(new TextEncoderStream()),
    )) {
      const { machine = '' } = data as Partial<Fact>;
      if (kind !== 'end' && machine.startsWith('slow')) rest.push(machine);
      if (rest.length === wanted) again.stop();
    }
    expect([...heard, ...rest]).toEqual(Array.from({ length: 12 }, (_, n) => `slow-${n}`));
  });

  it('loses its connection when it does not read at all', async () => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    const lost = Promise.withResolvers<NodeJS.ErrnoException>();
    socket.once('error', lost.resolve);
    // What nobody takes stays in its buffers.
    socket.write(`GET /api/v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.tokens.viewer}\r\n\r\n`);
    // More than the buffers of two sockets hold, and than may wait.
    for (let n = 0; n < 40; n++) await append(...marks(1000, 'x'.repeat(100)));
    // Who does not read learns by writing: between two requests an empty line means nothing.
    const writing = setInterval(() => socket.write('\r\n'), 100);
    expect((await lost.promise).code).toMatch(/EPIPE|ECONNRESET/);
    clearInterval(writing);
  });
});

describe('a listener whose sign-in ends', () => {
  it('is told so also while nothing happens', async () => {
    const { text } = listen(undefined, { isAllowed: async () => false, heartbeatMs: 10 });
    expect(await readToEnd(text)).toEqual({ machines: [], lastId: '', reason: 'signed-out' });
  });

  it('hears nothing after its token has expired', async () => {
    const token = await api.makeToken({ role: 'viewer', expiresAt: Date.now() + 500 });
    const watching = async () => {
      const { signal } = new AbortController();
      for await (const one of watchEvents({ url: api.url, token }, { query: { kinds: 'GroupPaused' }, signal }))
        expect(one).toBeUndefined();
    };
    await expect(watching()).rejects.toMatchObject({ problem: { status: 401 } });
  });

  it('hears nothing after the person signed out', async () => {
    const browser = makeBrowser({ 'platte.test': api.url });
    const login = await browser.go(`${platte}/auth/login`);
    await browser.submit(await browser.submit(login, { login: 'ada', password: 'any' }), {});
    const cookie = `__Host-platte=${browser.cookie(platte, '__Host-platte')}`;
    const { csrfToken } = JSON.parse((await browser.go(`${platte}/api/v1/me`)).text) as { csrfToken: string };
    const stream = await fetch(`${api.url}/api/v1/events`, { headers: { cookie } });
    expect(stream.status).toBe(200);
    await browser.go(`${platte}/auth/logout`, { method: 'POST', headers: { 'x-csrf-token': csrfToken } });
    clock.offsetMs += 30_000;
    const heard: string[] = [];
    const hearing = (async () => {
      for await (const { kind, data } of parseEvents(stream.body!))
        heard.push(kind === 'end' ? (data as { reason: string }).reason : kind);
    })();
    const appending = new AbortController();
    void hearing.finally(() => appending.abort());
    while (!appending.signal.aborted) await append(...marks(1));
    await hearing;
    expect(heard).toEqual(['signed-out']);
    clock.offsetMs = 0;
  });
});

describe('a caller who listens often', () => {
  it('is refused beyond their share, while others go on listening', async () => {
    const [greedy, other] = [await api.makeToken({ role: 'viewer' }), await api.makeToken({ role: 'viewer' })];
    const aborter = new AbortController();
    const open = (token: string, signal = aborter.signal) =>
      fetch(`${api.url}/api/v1/events`, { headers: { authorization: `Bearer ${token}` }, signal });
    const first = new AbortController();
    expect((await open(greedy, first.signal)).status).toBe(200);
    // At once: places are counted before anything is awaited.
    const answers = await Promise.all(Array.from({ length: 8 }, () => open(greedy)));
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([200, 200, ...Array<number>(6).fill(429)]);
    const refused = answers.find(({ status }) => status === 429);
    expect(await refused?.json()).toMatchObject({ type: 'urn:platte:problem:too-many-requests' });
    expect((await open(other)).status).toBe(200);
    first.abort();
    let status = 429;
    while (status === 429) ({ status } = await open(greedy));
    expect(status).toBe(200);
    aborter.abort();
  });

  it('gets a place back where a stream could not begin', async () => {
    const authorization = `Bearer ${await api.makeToken({ role: 'viewer' })}`;
    for (let n = 0; n < 8; n++) {
      const headers = { authorization, 'last-event-id': '999999999.0' };
      expect((await fetch(`${api.url}/api/v1/events`, { headers })).status).toBe(410);
    }
  });
});

describe('what a listener missed', () => {
  it('is said to be gone where it was purged while the stream began', async () => {
    await append(...marks(1));
    const { firstSequence } = await readFactsFill(api.nc, { prefix: api.logPrefix });
    await append(...marks(1));
    await api.nc.request(
      `$JS.API.STREAM.PURGE.${logNames(api.logPrefix).facts.stream}`,
      JSON.stringify({ seq: firstSequence + 1 }),
    );
    const { text } = listen({ sequence: firstSequence, index: 0 });
    expect(await readToEnd(text)).toEqual({ machines: [], lastId: '', reason: 'gone' });
  });
});
