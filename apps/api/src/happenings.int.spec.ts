import { eachItem, watchEvents, type Activity, type WatchedEvent } from '@platte/api-contract';
import {
  ensureStreams,
  logNames,
  makeAppender,
  makeRefusedReporter,
  readFactsFill,
  type Appender,
} from '@platte/fact-log';
import type { Fact } from '@platte/facts';
import { writeFacts } from '@platte/history';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startApi, type RunningApi } from './testing/running-api.js';
import { checkIn, event, ids, seedCatalog, writeHistory } from './testing/sample-fleet.js';

let api: RunningApi;
let appender: Appender;
const clock = { offsetMs: 0 };

beforeAll(async () => {
  api = await startApi({
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
    now: () => Date.now() + clock.offsetMs,
  });
  await seedCatalog(api);
  await ensureStreams(api.nc, { replicas: 1, factsBytesMax: 2 ** 24, prefix: api.logPrefix });
  appender = makeAppender({ nc: api.nc, program: 'test', prefix: api.logPrefix });
});

afterAll(async () => {
  await appender.close();
  const { facts, refused, parked, bucket } = logNames(api.logPrefix);
  for (const stream of [facts.stream, refused.stream, parked.stream, `KV_${bucket}`])
    await api.nc.request(`$JS.API.STREAM.DELETE.${stream}`);
  await api.stop();
});

const append = (...facts: Fact[]) => appender.appendAll(facts);

interface Watching {
  seen: WatchedEvent[];
  /** Until so many events were seen. */
  until(count: number): Promise<void>;
  stop(): Promise<void>;
}

async function watch(
  query: object,
  { token = api.tokens.viewer, after, onEnd }: { token?: string; after?: string; onEnd?: (why: unknown) => void } = {},
): Promise<Watching> {
  const seen: WatchedEvent[] = [];
  const aborter = new AbortController();
  const open = Promise.withResolvers<void>();
  const following = (async () => {
    const options = {
      query,
      signal: aborter.signal,
      onState: () => open.resolve(),
      ...(after !== undefined && { after }),
    };
    for await (const one of watchEvents({ url: api.url, token }, options)) seen.push(one);
  })();
  following.catch((error: unknown) => {
    open.reject(error);
    onEnd?.(error);
  });
  await open.promise;
  return {
    seen,
    async until(count) {
      await expect.poll(() => seen.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count);
    },
    async stop() {
      aborter.abort();
      await following;
    },
  };
}

/** The reader of the log begins a moment after the stream is open: marks are sent until one is heard. */
async function whenHeard(watching: Watching): Promise<void> {
  await expect
    .poll(
      async () => {
        await append(event('mark', Date.now(), 14, 1));
        return watching.seen.length;
      },
      { timeout: 10_000, interval: 50 },
    )
    .toBeGreaterThan(0);
}

describe('the live stream', () => {
  it('tells facts as they happen, and only those that are asked for', async () => {
    const watching = await watch({ kinds: 'EventReported', application: ids.flatcar });
    await whenHeard(watching);
    const before = watching.seen.length;
    await append(checkIn('m1', Date.now()), event('m1', Date.now(), 13, 1), event('m2', Date.now(), 3, 0, '9'));
    await watching.until(before + 2);
    const told = watching.seen.slice(before).filter(({ data }) => JSON.stringify(data).includes('"m'));
    expect(told.map(({ kind }) => kind)).not.toContain('MachineCheckedIn');
    expect(told.at(-1)).toMatchObject({ kind: 'EventReported', data: { machine: 'm2', errorCode: '9' } });
    await watching.stop();
  });

  it('goes on from the last event that the listener has, and misses none', async () => {
    const first = await watch({ kinds: 'EventReported' });
    await whenHeard(first);
    await first.stop();
    const last = first.seen.at(-1)?.id ?? '';
    const missed = Array.from({ length: 5 }, (_, n) => event(`missed-${n}`, Date.now(), 13, 1));
    await append(...missed.slice(0, 3));
    await append(...missed.slice(3));
    const second = await watch({ kinds: 'EventReported' }, { after: last });
    const news = (watching: Watching) =>
      watching.seen.flatMap(({ data }) => (data as Fact).machine).filter((machine) => machine !== 'mark');
    await second.until(5);
    await append(event('new', Date.now(), 13, 1));
    await expect
      .poll(() => news(second), { timeout: 10_000 })
      .toEqual(['missed-0', 'missed-1', 'missed-2', 'missed-3', 'missed-4', 'new']);
    const within = await watch(
      { kinds: 'EventReported' },
      { after: second.seen.find(({ data }) => (data as Fact).machine === 'missed-1')?.id ?? '' },
    );
    await within.until(4);
    expect(news(within)).toEqual(['missed-2', 'missed-3', 'missed-4', 'new']);
    await Promise.all([second.stop(), within.stop()]);
  });

  it('shows nothing of applications that the listener may not see', async () => {
    const token = await api.makeToken({ role: 'viewer', applications: [ids.agent] });
    const limited = await watch({ kinds: 'EventReported' }, { token, after: '1.0' });
    const all = await watch({ kinds: 'EventReported' });
    await whenHeard(all);
    const mine = event('mine', Date.now(), 13, 1);
    await append(event('theirs', Date.now(), 13, 1), { ...mine, app: ids.agent });
    await limited.until(1);
    expect(limited.seen.map(({ data }) => (data as Fact).machine)).toEqual(['mine']);
    await Promise.all([limited.stop(), all.stop()]);
  });

  it('says so when what was missed is not kept any more, or is of another log', async () => {
    const { facts } = logNames(api.logPrefix);
    await append(event('kept', Date.now(), 13, 1));
    const { firstSequence, lastSequence } = await readFactsFill(api.nc, { prefix: api.logPrefix });
    await api.nc.request(`$JS.API.STREAM.PURGE.${facts.stream}`, JSON.stringify({ seq: firstSequence + 1 }));
    await expect(watch({}, { after: `${firstSequence}.0` })).rejects.toMatchObject({
      problem: { status: 410, type: 'urn:platte:problem:events-gone' },
    });
    await expect(watch({}, { after: `${lastSequence + 1}.0` })).rejects.toMatchObject({ problem: { status: 410 } });
    await (await watch({}, { after: `${firstSequence + 1}.0` })).stop();
    // The number is in this log, but it was given by another one.
    await expect(watch({}, { after: `${firstSequence + 1}.0.1` })).rejects.toMatchObject({ problem: { status: 410 } });
  });

  it('ends for a token that was revoked', async () => {
    const { id, token } = await api.admin.createToken({ body: { name: 'short', role: 'viewer' } });
    const refused = Promise.withResolvers<unknown>();
    const watching = await watch({ kinds: 'EventReported' }, { token, onEnd: refused.resolve });
    await whenHeard(watching);
    await api.admin.revokeToken({ params: { id } });
    clock.offsetMs += 30_000;
    await append(event('mark', Date.now(), 14, 1));
    expect(await refused.promise).toMatchObject({ problem: { status: 401 } });
    clock.offsetMs = 0;
  });

  it('is told to proxies as what must not be gathered', async () => {
    const aborter = new AbortController();
    const response = await api.fetch(`${api.url}/api/v1/events`, { signal: aborter.signal });
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(response.headers.get('cache-control')).toBe('no-store, no-transform');
    const head = await fetch(`${api.url}/api/v1/events`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${api.tokens.viewer}` },
    });
    expect([head.status, head.headers.get('allow')]).toEqual([405, 'GET']);
    aborter.abort();
  });

  it('refuses an id that is not of the stream', async () => {
    await expect(watch({}, { after: 'x' })).rejects.toMatchObject({
      problem: { status: 422, errors: [{ pointer: 'Last-Event-ID' }] },
    });
    await expect(watch({ kinds: '1' })).rejects.toMatchObject({ problem: { status: 422 } });
  });
});

describe('what happened', () => {
  it('is told in words, with who did it', async () => {
    await api.admin.pauseGroup({ params: { id: ids.prod }, body: { note: 'a fire' } });
    const { items } = await api.admin.listActivity({ query: { group: ids.prod } });
    expect(items[0]).toMatchObject({
      kind: 'GroupPaused',
      actor: 'test admin',
      actorKind: 'token',
      words: 'Updates of group prod were paused: a fire.',
    });
    expect(items.at(-1)).toMatchObject({ kind: 'GroupCreated', actor: 'ada', actorKind: 'person' });
  });

  it('also tells what went wrong with machines, in one order with the rest, page by page', async () => {
    const [at, day] = [Date.now() - 3_600_000, 86_400_000];
    const noPackage = { answer: { reason: 'no-package', inputs: {} } } as const;
    await writeHistory(api, [
      checkIn('broken', at),
      event('broken', at, 3, 0, '9'),
      event('broken', at + 1, 3, 0, '44'),
      checkIn('asks', at, noPackage),
      checkIn('asks again', at + 5, noPackage),
      checkIn('asked', at - day, noPackage),
      checkIn('elsewhere', at, { ...noPackage, app: ids.agent, group: ids.agentGroup }),
    ]);
    const query = { kinds: 'MachineFailed,MachineRolledBack,PackageMissing', group: ids.prod };
    const whole = await api.admin.listActivity({ query });
    expect(whole.items.map(({ kind, subject, words }) => [kind, subject, words])).toEqual([
      ['MachineRolledBack', 'broken', 'Machine broken rolled back to 4081.2.0.'],
      ['PackageMissing', ids.prod, 'Machines of group prod asked for updates, and it has no channel with a package.'],
      [
        'MachineFailed',
        'broken',
        'Machine broken at 4081.2.0 failed its update: error 9: the payload could not be downloaded (network, or an HTTP error).',
      ],
      ['PackageMissing', ids.prod, 'Machines of group prod asked for updates, and it has no channel with a package.'],
    ]);
    const all = (await api.admin.listActivity()).items;
    expect(all.map(({ id }) => id)).toEqual(expect.arrayContaining(whole.items.map(({ id }) => id)));
    const paged: Activity[] = [];
    for await (const item of eachItem(api.admin.listActivity, { query: { limit: 1 } })) paged.push(item);
    expect(paged).toEqual(all);
    expect(paged.map((item) => item.at)).toEqual(
      paged
        .map((item) => item.at)
        .toSorted()
        .toReversed(),
    );
    const limited = api.clientOf(await api.makeToken({ role: 'viewer', applications: [ids.agent] }));
    expect((await limited.listActivity()).items).toMatchObject([{ kind: 'PackageMissing', group: ids.agentGroup }]);
    await expect(api.admin.listActivity({ query: { kinds: 'Nonsense' } })).rejects.toMatchObject({
      problem: { status: 422, errors: [{ pointer: '?kinds.0' }] },
    });
  });

  it('is told of the history too, in its place among what people did, page by page', async () => {
    const known = { version: '1.0.0', group: null, status: 'complete' };
    // Not older than the archive keeps.
    const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3_600_000;
    const differed = (at: number, n: number): Fact => ({
      kind: 'HistoryDiffered',
      v: 1,
      app: ids.flatcar,
      machine: '',
      at,
      n,
      position: 77,
      compared: 40,
      differing: 2,
      examples: [{ machine: 'm7', inState: known, inHistory: { ...known, status: 'failed' } }],
    });
    await writeFacts(
      api.history,
      [{ sequence: 1, facts: [differed(hour, 9), differed(hour, 10), differed(hour + 1, 4)] }],
      () => 0,
    );
    const query = { application: ids.flatcar, kinds: 'HistoryDiffered,GroupCreated' };
    const { items } = await api.admin.listActivity({ query });
    expect(items[0]).toMatchObject({
      at: new Date(hour + 1).toISOString(),
      subject: 'm7',
      words:
        'The history and PostgreSQL differ in 2 machines of 40, up to message 77 of the log. m7 is at 1.0.0, complete, in no group in PostgreSQL and at 1.0.0, failed, in no group in ClickHouse. Please report this.',
    });
    expect(items.map(({ kind }) => kind)).toEqual([...Array(3).fill('HistoryDiffered'), 'GroupCreated']);
    const paged: Activity[] = [];
    for await (const item of eachItem(api.admin.listActivity, { query: { ...query, limit: 1 } })) paged.push(item);
    expect(paged).toEqual(items);
    const kinds = 'HistoryDiffered';
    expect((await api.admin.listActivity({ query: { application: ids.agent, kinds } })).items).toEqual([]);
    expect((await api.admin.listActivity({ query: { group: ids.prod, kinds } })).items).toEqual([]);
  });

  it('is in the audit log, before and after, tokens too', async () => {
    const { id } = await api.admin.createToken({ body: { name: 'ci', role: 'viewer' } });
    await api.admin.resumeGroup({ params: { id: ids.prod }, body: {} });
    const { items } = await api.admin.listAudit({ query: { limit: 2 } });
    expect(items).toMatchObject([
      {
        kind: 'GroupResumed',
        subject: ids.prod,
        before: { name: 'prod' },
        after: { name: 'prod' },
        revision: expect.any(Number) as number,
      },
      { kind: 'TokenCreated', subject: id, revision: null, after: { name: 'ci' } },
    ]);
    expect((await api.admin.listAudit({ query: { subject: id } })).items).toHaveLength(1);
    const limited = api.clientOf(await api.makeToken({ role: 'viewer', applications: [ids.agent] }));
    expect((await limited.listAudit()).items).toEqual([]);
    expect((await limited.listActivity({ query: { kinds: 'GroupPaused' } })).items).toEqual([]);
  });
});

describe('a range of time', () => {
  type Moments = AsyncIterable<{ at: string }>;
  async function readAll(list: (range: object) => Moments, range: object) {
    const found: { at: string }[] = [];
    for await (const item of list(range)) found.push(item);
    return found;
  }
  it.each<[string, (range: object) => Moments]>([
    ['the activity', (range) => eachItem(api.admin.listActivity, { query: { limit: 3, ...range } })],
    ['the audit log', (range) => eachItem(api.admin.listAudit, { query: { limit: 3, ...range } })],
  ])('divides %s, and loses nothing at its edges', async (_, list) => {
    const all = await readAll(list, {});
    expect(new Set(all.map(({ at }) => at)).size).toBeGreaterThan(3);
    for (const { at } of all) {
      const [later, earlier] = [await readAll(list, { since: at }), await readAll(list, { until: at })];
      expect(later).toEqual(all.filter((one) => one.at >= at));
      expect([...later, ...earlier]).toEqual(all);
    }
    const [newest, oldest] = [all[0]!.at, all.at(-1)!.at];
    expect(await readAll(list, { since: oldest, until: newest })).toEqual(all.filter(({ at }) => at < newest));
  });

  it('that is no time is refused by its name', async () => {
    const response = await api.fetch(`${api.url}/api/v1/audit?since=yesterday`);
    expect(response.status).toBe(422);
    expect(await response.text()).toContain('since');
  });
});

describe('what could not be read', () => {
  it('is counted and sampled', async () => {
    const reporter = makeRefusedReporter(api.nc, { program: 'ingress', prefix: api.logPrefix });
    reporter.report('not-xml', () => ({ at: 1000, ip: '10.0.0.9', detail: 'GET / HTTP' }));
    reporter.report('not-xml', () => ({ at: 1000, ip: '10.0.0.9', detail: 'GET / HTTP' }));
    reporter.stop();
    await expect.poll(async () => (await api.admin.listRefusedRequests()).items[0]?.counts).toEqual({ 'not-xml': 2 });
    expect((await api.admin.listRefusedRequests()).items[0]).toMatchObject({
      program: 'ingress',
      samples: [{ ip: '10.0.0.9' }, {}],
    });
  });

  it('is parked, tried again and dropped by people', async () => {
    const { parked } = logNames(api.logPrefix);
    await api.nc.request(`${parked.subject}.policy`, '[1]');
    await api.nc.request(`${parked.subject}.policy`, '[2]');
    const { items, next } = await api.admin.listParkedMessages({ query: { limit: 1 } });
    expect(items).toMatchObject([{ consumer: 'policy', excerpt: '[1]' }]);
    const rest = await api.admin.listParkedMessages({ query: { limit: 5, cursor: next ?? '' } });
    expect(rest).toMatchObject({ items: [{ excerpt: '[2]' }], next: null });
    await api.clientOf(api.tokens.operator).retryParkedMessage({ params: { id: items[0]?.id ?? 0 } });
    await api.admin.dropParkedMessage({ params: { id: rest.items[0]?.id ?? 0 } });
    expect((await api.admin.listParkedMessages()).items).toEqual([]);
    expect((await api.admin.listAudit({ query: { limit: 2 } })).items).toMatchObject([
      {
        kind: 'ParkedMessageDropped',
        actor: 'test admin',
        before: { consumer: 'policy', excerpt: '[2]' },
        after: null,
      },
      { kind: 'ParkedMessageRetried', actor: 'test operator', before: { excerpt: '[1]' }, after: null },
    ]);
    await expect(api.admin.dropParkedMessage({ params: { id: 99 } })).rejects.toMatchObject({
      problem: { status: 404 },
    });
  });
});

describe('the description of the API', () => {
  it('is served to anybody, for programs and for people', async () => {
    const document = (await (await fetch(`${api.url}/api/v1/openapi.json`)).json()) as { openapi: string };
    expect(document.openapi).toBe('3.1.0');
    const page = await fetch(`${api.url}/api/v1/docs`);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await page.text()).toContain('id="getVersionTimeline"');
  });
});
