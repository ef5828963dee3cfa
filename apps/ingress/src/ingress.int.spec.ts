import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRefused } from '@platte/fact-log';
import type { Decision } from '@platte/rollout';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { sampleApp, samplePackage, sampleSnapshot } from './testing/sample-catalog.js';
import { startTrialIngress, startTrialNats, type TrialIngress, type TrialNats } from './testing/trial-ingress.js';
import { startTrialPolicy } from './testing/trial-policy.js';

const recording = (name: string) =>
  readFileSync(new URL(`../../../test/clients/recordings/${name}`, import.meta.url), 'utf8');
const check = recording('update-engine.check.3-2.xml');
const upToDate = check.replaceAll('1000.0.0', samplePackage.version);
const event = recording('update-engine.event.13-1.xml');
const asMachine = (body: string, machine: string) => body.replace(/machineid="[^"]*"/, `machineid="${machine}"`);
const refusal: Decision = { answer: { reason: 'rate-limited', inputs: { limit: 1, used: 1 } } };

let nats: TrialNats;
let ingress: TrialIngress;

beforeAll(async () => {
  nats = await startTrialNats();
});
afterAll(() => nats.stop());

const machinesIn = async () => (await nats.facts()).map(({ machine }) => machine);
/** Tries again when it throws, too: NATS may just be coming back. */
const untilTrue = (condition: () => Promise<boolean>) =>
  vi.waitFor(async () => expect(await condition()).toBe(true), { timeout: 20_000, interval: 20 });

describe('ingress', () => {
  beforeEach(async () => {
    ingress = await startTrialIngress(nats.url);
  });
  afterEach(() => ingress.stop());

  test('has the facts of every answered check-in in the log', async () => {
    const names = Array.from({ length: 200 }, (_, number) => `idle-${number}`);
    const answers = await Promise.all(names.map((name) => ingress.post(asMachine(upToDate, name))));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await machinesIn()).toEqual(expect.arrayContaining(names));
  });

  test('asks policy over the wire, many machines at once, and offers what it grants', async () => {
    const grant: Decision = { answer: { reason: 'granted', inputs: {} }, offer: samplePackage };
    const policy = await startTrialPolicy(nats.url, ({ machine }) => (machine === 'lucky' ? grant : refusal));
    try {
      await untilTrue(async () => (await ingress.post(asMachine(check, 'probe'))).body.includes('rate-limited'));
      const answers = await Promise.all(['lucky', 'unlucky'].map((name) => ingress.post(asMachine(check, name))));
      expect(answers[0]?.body).toContain(`<manifest version="${samplePackage.version}">`);
      expect(answers[1]?.body).toContain('info="rate-limited"');
      const fact = (await nats.facts()).findLast(({ machine }) => machine === 'lucky');
      const asked = policy.asked.find(({ machine }) => machine === 'lucky');
      expect(fact).toMatchObject({ at: asked?.at, n: asked?.n, answer: { reason: 'granted' } });
    } finally {
      await policy.stop();
    }
  });

  test('row 29: answers one machine that asks a thousand times at once a thousand times', async () => {
    const policy = await startTrialPolicy(nats.url, () => refusal);
    try {
      await untilTrue(async () => (await ingress.post(asMachine(check, 'probe'))).body.includes('rate-limited'));
      const answers = await Promise.all(Array.from({ length: 1000 }, () => ingress.post(asMachine(check, 'eager'))));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      const facts = (await nats.facts()).filter(({ machine }) => machine === 'eager');
      expect(new Set(facts.map(({ at, n }) => `${at} ${n}`)).size).toBe(1000);
    } finally {
      await policy.stop();
    }
  });

  test('gives a machine no update, at once, when policy is not there', async () => {
    const answer = await ingress.post(check);
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('info="policy-unavailable"');
    const { status, dependencies } = await ingress.ready();
    expect(status).toBe(200);
    expect(dependencies.find(({ name }) => name === 'policy')).toMatchObject({ need: 'reported', state: 'down' });
  });

  test('judges by a new catalog as soon as it is published', async () => {
    const paused = sampleSnapshot({ policy: { updatesEnabled: false } });
    await nats.publish({ ...paused, revision: 8 });
    await untilTrue(async () => (await ingress.post(check)).body.includes('info="updates-disabled"'));
    expect((await ingress.post(asMachine(upToDate, 'still'))).body).toContain('info="up-to-date"');
    await nats.publish({ ...sampleSnapshot(), revision: 9 });
  });

  test('shows refused requests to a person: how many of which cause, from where, with their first bytes', async () => {
    await ingress.post('<!DOCTYPE bomb>\n<request/>');
    await ingress.post(check.replaceAll(sampleApp, 'io.example.unknown'));
    await ingress.post(Buffer.alloc(200_000, 'x'));
    await untilTrue(async () => (await readRefused(nats.nc)).length > 0);
    const reports = await readRefused(nats.nc);
    const counts = Object.assign({}, ...reports.map((report) => report.counts));
    expect(counts).toMatchObject({ doctype: 1, 'unknown-application': 1, 'too-large': 1 });
    expect(reports.flatMap(({ samples }) => samples)).toContainEqual({
      reason: 'doctype',
      at: expect.any(Number),
      ip: '127.0.0.1',
      detail: String.raw`<!DOCTYPE bomb>\x0a<request/>`,
    });
  });

  test('shows a person whose address brings up more machines than it may', async () => {
    const capped = await startTrialIngress(nats.url, { PLATTE_NEW_MACHINES_PER_HOUR: '2' });
    try {
      const answers = await Promise.all(
        ['new-1', 'new-2', 'new-3'].map((name) => capped.post(asMachine(upToDate, name))),
      );
      expect(answers.map(({ body }) => /info="([^"]*)"/.exec(body)?.[1] ?? '').toSorted()).toEqual([
        'too-many-new-machines',
        'up-to-date',
        'up-to-date',
      ]);
      expect(await capped.metrics()).toContain('{reason="too-many-new-machines",program="ingress"} 1');
      const isTold = async () =>
        (await readRefused(nats.nc)).some(({ counts }) => counts['too-many-new-machines'] === 1);
      await untilTrue(isTold);
      expect((await machinesIn()).filter((name) => name.startsWith('new-'))).toHaveLength(2);
    } finally {
      await capped.stop();
    }
  });

  test('counts answers by reason, and tells its queues, batches and acks', async () => {
    await ingress.post(upToDate.replace('delta_okay="false"', 'delta_okay="maybe"'));
    const metrics = await ingress.metrics();
    expect(metrics).toContain('platte_ingress_questionable_values_total{attribute="delta_okay",program="ingress"} 1');
    expect(metrics).toContain('platte_ingress_answers_total{reason="up-to-date",program="ingress"} 1');
    for (const name of [
      'platte_ingress_refused_total',
      'platte_ingress_parse_declines_total',
      'platte_ingress_batch_facts',
      'platte_ingress_ack_latency_seconds',
      'platte_ingress_question_latency_seconds',
      'platte_ingress_held_answers',
      'platte_ingress_waiting_machines',
      'platte_ingress_queued_requests',
      'platte_ingress_poll_interval_seconds',
      'nodejs_eventloop_lag_p99_seconds',
    ])
      expect(metrics).toContain(name);
  });

  test('leaves what is not Omaha to Nest', async () => {
    expect((await fetch(new URL('/payloads/x', ingress.url))).status).toBe(404);
    expect((await fetch(new URL('/V1/update/', ingress.url), { method: 'POST', body: check })).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${ingress.port}//v1/update/`, { method: 'POST', body: check })).status).toBe(
      404,
    );
  });
});

describe('while NATS is away', () => {
  test('check-ins are answered and kept on disk, ingress stays ready, and the log has them when NATS is back', async () => {
    ingress = await startTrialIngress(nats.url);
    await ingress.post(asMachine(upToDate, 'before'));
    await nats.kill();
    const names = Array.from({ length: 50 }, (_, number) => `away-${number}`);
    const answers = await Promise.all([
      ...names.map((name) => ingress.post(asMachine(upToDate, name))),
      ingress.post(asMachine(event, 'away-event')),
    ]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await ingress.post(check)).body).toContain('info="policy-unavailable"');
    expect((await ingress.ready()).status).toBe(200);
    await nats.restart();
    await untilTrue(async () => (await machinesIn()).includes('away-event'));
    expect(await machinesIn()).toEqual(expect.arrayContaining([...names, 'before', 'away-event']));
    await ingress.stop();
  });

  test('a full spool makes it unready, and it answers 503 instead of losing facts', async () => {
    ingress = await startTrialIngress(nats.url, { PLATTE_SPOOL_MAX: '1MiB' });
    await nats.kill();
    const status = async () => (await ingress.post(asMachine(upToDate, 'x'.repeat(100)))).status;
    await untilTrue(async () => (await Promise.all(Array.from({ length: 200 }, status))).includes(503));
    expect((await ingress.ready()).status).toBe(503);
    await nats.restart();
    await untilTrue(async () => (await status()) === 200 && (await ingress.ready()).status === 200);
    await ingress.stop();
  });

  test('ingress starts from the catalog that it kept', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'platte-ingress-kept-'));
    ingress = await startTrialIngress(nats.url, { PLATTE_DATA_DIR: dataDir });
    await ingress.stop();
    await nats.kill();
    ingress = await startTrialIngress(nats.url, { PLATTE_DATA_DIR: dataDir });
    expect((await ingress.post(asMachine(upToDate, 'early'))).body).toContain('info="up-to-date"');
    await nats.restart();
    await untilTrue(async () => (await machinesIn()).includes('early'));
    await ingress.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
});

describe('a catalog without an application', () => {
  test('lets ingress start, and machines get error-unknownApplication until there is one', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'platte-ingress-empty-'));
    const own = await startTrialNats({ catalog: 'empty' });
    let trial = await startTrialIngress(own.url, { PLATTE_DATA_DIR: dataDir });
    expect((await trial.post(upToDate)).body).toContain('status="error-unknownApplication"');
    const stateOfCatalog = async () =>
      (await trial.ready()).dependencies.find(({ name }) => name === 'catalog')?.detail ?? '';
    await untilTrue(async () => /^no applications, revision 0 from nats, \d+ s old$/.test(await stateOfCatalog()));
    expect((await trial.ready()).status).toBe(200);
    await trial.stop();

    await own.kill();
    trial = await startTrialIngress(own.url, { PLATTE_DATA_DIR: dataDir });
    expect((await trial.post(upToDate)).body).toContain('status="error-unknownApplication"');
    await own.restart();
    await own.publish(sampleSnapshot());
    await untilTrue(async () => (await trial.post(upToDate)).body.includes('info="up-to-date"'));
    await trial.stop();
    await own.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
});

describe('what ingress keeps on disk', () => {
  test('is for its owner alone, also in folders that an earlier version made for all', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'platte-ingress-private-'));
    await mkdir(join(dataDir, 'spool-1'), { mode: 0o755 });
    const trial = await startTrialIngress(nats.url, { PLATTE_DATA_DIR: dataDir });
    await nats.kill();
    expect((await trial.post(asMachine(upToDate, 'private'))).status).toBe(200);
    const names = ['spool-1', 'catalog-1', ...(await readdir(dataDir, { recursive: true }))];
    expect(names).toEqual(
      expect.arrayContaining(['spool-1/0000000001.spool', expect.stringMatching(/^catalog-1\/.*json$/)]),
    );
    for (const name of names) expect([name, (await stat(join(dataDir, name))).mode & 0o077]).toEqual([name, 0]);
    await nats.restart();
    await untilTrue(async () => (await machinesIn()).includes('private'));
    await trial.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
});

describe('an overloaded ingress', () => {
  test('answers 503 to checks and still records events', async () => {
    ingress = await startTrialIngress(nats.url, { PLATTE_HELD_CHECKS_MAX: '5' });
    const names = Array.from({ length: 300 }, (_, number) => `busy-${number}`);
    const [checks] = await nats.whileItHangs(() =>
      Promise.all([
        Promise.all(names.map((name) => ingress.post(asMachine(upToDate, name)))),
        untilTrue(async () => (await ingress.post(asMachine(event, 'told'))).status === 200),
      ]),
    );
    const shed = names.filter((_, number) => checks[number]?.status === 503);
    const served = names.filter((_, number) => checks[number]?.status === 200);
    expect(shed.length).toBeGreaterThan(0);
    expect(shed.length + served.length).toBe(names.length);
    await untilTrue(async () => (await machinesIn()).includes('told'));
    const machines = new Set(await machinesIn());
    expect(served.filter((name) => !machines.has(name))).toEqual([]);
    expect(shed.filter((name) => machines.has(name))).toEqual([]);
    await ingress.stop();
  });
});

describe('a stop', () => {
  test('lets the held answers out first, and ends with 0', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'platte-ingress-stopped-'));
    ingress = await startTrialIngress(nats.url, { PLATTE_DATA_DIR: dataDir });
    const [answer, code] = await nats.whileItHangs(async () => {
      const posted = ingress.post(asMachine(upToDate, 'last'));
      await untilTrue(async () => {
        const metrics = await ingress.metrics();
        return /platte_ingress_held_answers\S* 1|platte_ingress_answers_total\S*up-to-date\S* 1/.test(metrics);
      });
      return Promise.all([posted, ingress.stop()]);
    });
    expect(answer.status).toBe(200);
    expect(code).toBe(0);
    // NATS hung all the while: what it did not acknowledge was on disk, and the next start brings it there.
    ingress = await startTrialIngress(nats.url, { PLATTE_DATA_DIR: dataDir });
    await untilTrue(async () => (await machinesIn()).includes('last'));
    await ingress.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
});

describe('the log of ingress', () => {
  test('row 37: shows no secret and no raw newline', async () => {
    ingress = await startTrialIngress(nats.url.replace('nats://', 'nats://someone:hunter2@'), {
      PLATTE_NATS_PASSWORD: 'hunter3-hunter3',
      PLATTE_UPDATE_SECRET: 'hunter4-hunter4-hunter4',
    });
    await ingress.post(check);
    const secretUrl = `${ingress.url}hunter4-hunter4-hunter4`;
    const send = (body: string) => fetch(secretUrl, { method: 'POST', body });
    expect((await fetch(ingress.url, { method: 'POST', body: check })).status).toBe(404);
    expect((await send(check.replace('<updatecheck', '<updatecheck tttoken="hunter5"'))).status).toBe(200);
    expect((await send('<request tttoken="hunter5"\n\u001b[31m')).status).toBe(400);
    await ingress.stop();
    const logged = ingress.logged();
    expect(logged).not.toContain('hunter');
    for (const line of logged.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('message');
    expect(JSON.stringify(await readRefused(nats.nc))).not.toContain('hunter');
  });
});
