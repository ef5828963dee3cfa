// A fleet against an Omaha server of a few lines, made of our own codec: it grants at most so many updates at once.
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type NoUpdate, parseRequest, renderResponse, type RequestApp, type UpdateOffer } from '@platte/omaha';
import { simulate, type SimulationProgress } from './simulate.js';

const target = '2000.0.0';
const hash = `${'q'.repeat(43)}=`;

const offer: UpdateOffer = {
  status: 'ok',
  pollIntervalSeconds: 2700,
  codebases: ['http://payloads.example/'],
  manifests: [
    {
      version: target,
      packages: [{ name: 'update.gz', size: 400_000_000, required: true, sha1: null, sha256: null }],
      action: {
        sha256: hash,
        disablePayloadBackoff: true,
        isDelta: false,
        needsAdmin: false,
        displayVersion: null,
        metadataSignatureRsa: null,
        metadataSize: null,
        deadline: null,
      },
      floorReason: null,
      isTarget: false,
    },
  ],
};

const no = (info: string): NoUpdate => ({ status: 'noupdate', pollIntervalSeconds: 2700, info });

const open = new Set<Server>();
afterEach(async () => {
  for (const server of open) await close(server);
});

async function close(server: Server): Promise<void> {
  open.delete(server);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** Listens on a free port; resolves with its URL. */
async function listen(server: Server): Promise<string> {
  open.add(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `http://127.0.0.1:${address.port}/`;
}

/** Resolves with its URL. */
async function serve(answer: (app: RequestApp) => NoUpdate | UpdateOffer, status = () => 200): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      const parsed = parseRequest(Buffer.concat(chunks));
      if (parsed.kind === 'malformed') return response.writeHead(400).end();
      const apps = parsed.apps.map((app) => ({
        appid: app.appid,
        status: 'ok' as const,
        ping: app.ping !== null,
        events: app.events.length,
        updateCheck: app.updateCheck === null && app.events.length === 0 ? null : answerTo(app, answer),
      }));
      return response.writeHead(status()).end(renderResponse({ now: Date.now(), apps }));
    });
  });
  return listen(server);
}

function answerTo(app: RequestApp, answer: (app: RequestApp) => NoUpdate | UpdateOffer) {
  const told = answer(app);
  return app.updateCheck === null ? null : told;
}

/** At most `max` machines under way at once, as a concurrency limit does; `seen` counts events. */
function makeRollout(max: number) {
  const underWay = new Set<string>();
  const events = new Map<string, number>();
  const answer = (app: RequestApp) => {
    for (const { type, result } of app.events) {
      const name = `${type}/${result}`;
      events.set(name, (events.get(name) ?? 0) + 1);
      if (type === 3 && (result === 1 || result === 0)) underWay.delete(app.machineId);
    }
    if (app.version === target) return no('up-to-date');
    if (app.updateCheck === null) return no('');
    if (!underWay.has(app.machineId) && underWay.size >= max) return no('concurrency-limited');
    underWay.add(app.machineId);
    return offer;
  };
  return { answer, events };
}

async function idsOf(seed: number): Promise<string[]> {
  const ids = new Set<string>();
  const url = await serve((app) => {
    ids.add(app.machineId);
    return no('up-to-date');
  });
  await simulate({ url, instances: 5, speed: 20_000, seed });
  return [...ids].toSorted();
}

describe('a simulated fleet', () => {
  it('updates every machine, and ends with a summary when all have said so', async () => {
    const rollout = makeRollout(20);
    const url = await serve(rollout.answer);
    const summary = await simulate({ url, instances: 60, speed: 20_000, failureRate: 0 });
    expect(summary).toMatchObject({
      endedBy: 'everybody-done',
      instances: 60,
      attempts: { started: 60, completed: 60, failed: 0, rolledBack: 0 },
      versions: { [target]: 60 },
      phases: { done: 60, 'on-hold': 0 },
      notOk: 0,
      reasons: {},
    });
    expect(Object.fromEntries(rollout.events)).toMatchObject({ '13/1': 60, '14/1': 60, '3/1': 60 });
    expect(summary.statuses).toEqual({ 200: summary.answers });
  });

  it('tries again after failures and rollbacks', async () => {
    const rollout = makeRollout(1000);
    const url = await serve(rollout.answer);
    const { attempts, versions } = await simulate({ url, instances: 60, speed: 20_000, failureRate: 0.4, seed: 3 });
    expect(versions).toEqual({ [target]: 60 });
    expect(attempts.failed).toBeGreaterThan(0);
    expect(attempts.rolledBack).toBeGreaterThan(0);
    expect(attempts.started).toBe(60 + attempts.failed + attempts.rolledBack);
    expect(rollout.events.get('3/0')).toBe(attempts.failed + attempts.rolledBack);
  });

  it('shows what holds its machines, and stops at a signal', async () => {
    const url = await serve(() => no('outside-window'));
    const stop = new AbortController();
    const seen: SimulationProgress[] = [];
    const onProgress = (progress: SimulationProgress) => {
      seen.push(progress);
      if (progress.phases['on-hold'] === 10) stop.abort();
    };
    const summary = await simulate({ url, instances: 10, speed: 20_000, onProgress, signal: stop.signal });
    expect(summary).toMatchObject({
      endedBy: 'signal',
      reasons: { 'outside-window': 10 },
      versions: { '1000.0.0': 10 },
      attempts: { started: 0 },
    });
    expect(seen.at(-1)?.answersPerSecond).toBeGreaterThan(0);
  });

  it('ends when nothing moves any more and all that are left are held', async () => {
    const url = await serve(() => no('backing-off'));
    const summary = await simulate({ url, instances: 5, speed: 20_000, patienceMs: 1 });
    expect(summary).toMatchObject({ endedBy: 'all-held', reasons: { 'backing-off': 5 } });
  });

  it('counts answers that are no 200, and does not end by them', async () => {
    const url = await serve(
      () => no(''),
      () => 503,
    );
    const summary = await simulate({ url, instances: 5, speed: 20_000, durationMs: 700 });
    expect(summary.endedBy).toBe('duration');
    expect(summary.answers).toBeGreaterThan(0);
    expect(summary.notOk).toBe(summary.answers);
    expect(summary.statuses).toEqual({ 503: summary.answers });
  });

  it('counts a server that does not answer as status 0', async () => {
    const url = await serve(() => no(''));
    for (const server of open) await close(server);
    const summary = await simulate({ url, instances: 3, speed: 20_000, durationMs: 500 });
    expect(Object.keys(summary.statuses)).toEqual(['0']);
  });

  it('is the same fleet for the same seed', async () => {
    const first = await idsOf(7);
    expect(first).toHaveLength(5);
    expect(await idsOf(7)).toEqual(first);
    expect(await idsOf(8)).not.toEqual(first);
  });

  it('fetches payloads when asked, and reports what update_engine would', async () => {
    const payload = Buffer.from('payload');
    const payloads = createServer((_request, response) => response.end(payload));
    const codebases = [await listen(payloads)];
    const events: string[] = [];
    const url = await serve((app) => {
      events.push(...app.events.map(({ type, result, errorCode }) => `${type}/${result} ${errorCode}`));
      const [manifest] = offer.manifests;
      return { ...offer, codebases, manifests: [{ ...manifest!, packages: [{ ...manifest!.packages[0]!, size: 7 }] }] };
    });
    const stop = new AbortController();
    const onProgress = () => events.some((event) => event.startsWith('3/0')) && stop.abort();
    await simulate({ url, instances: 1, speed: 20_000, fetchPayloads: true, onProgress, signal: stop.signal });
    // 10 is a payload hash mismatch, 0x10000000 the mark of a server of one's own.
    expect(events).toContain(`3/0 ${10 | 0x1000_0000}`);
  });
});
