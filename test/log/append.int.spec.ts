import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Appender, type AppenderHooks, makeAppender, readFactsFill } from '@platte/fact-log';
import { identify, makeFact, openTestLog, readIdentities, type TestLog } from './fixture.js';

let log: TestLog;
beforeAll(async () => {
  log = await openTestLog(inject('natsUrl'));
});
afterAll(() => log.close());

function open(hooks: AppenderHooks = {}): Appender {
  return makeAppender({ nc: log.nc, program: 'test', prefix: log.prefix, hooks });
}

function appended(appender: Appender, facts: Parameters<Appender['append']>[0]): Promise<void> {
  return new Promise((resolve, reject) => {
    appender.append(facts, (error) => (error === undefined ? resolve() : reject(error)));
  });
}

describe('appending', () => {
  it('puts the requests of one turn into one message, and tells each of them', async () => {
    const stored: number[] = [];
    const appender = open({ onStored: ({ requests }) => stored.push(requests) });
    const requests = Array.from({ length: 100 }, (_, n) => [makeFact(n, 'turn'), makeFact(n + 1000, 'turn')]);
    await Promise.all(requests.map((facts) => appended(appender, facts)));
    expect(stored).toEqual([100]);
    const found = await readIdentities(log.nc, log.prefix);
    expect(requests.flat().filter((fact) => found.get(identify(fact)) === 1)).toHaveLength(200);
    await appender.close();
  });

  it('starts another message after 256 requests, or before half a mebibyte', async () => {
    const stored: { requests: number; bytes: number }[] = [];
    const appender = open({ onStored: (batch) => stored.push(batch) });
    await Promise.all(Array.from({ length: 300 }, (_, n) => appended(appender, [makeFact(n, 'many')])));
    expect(stored.map(({ requests }) => requests)).toEqual([256, 44]);
    stored.length = 0;
    const large = { ...makeFact(1, 'large'), oem: 'ö'.repeat(50_000) };
    await Promise.all(Array.from({ length: 10 }, (_, n) => appended(appender, [{ ...large, n }])));
    expect(stored.map(({ requests }) => requests)).toEqual([5, 5]);
    expect(Math.max(...stored.map(({ bytes }) => bytes))).toBeLessThanOrEqual(512 * 1024);
    await appender.close();
  });

  it('takes facts that are JSON text already', async () => {
    const appender = open();
    const facts = [makeFact(1, 'encoded'), makeFact(2, 'encoded')];
    await new Promise<void>((resolve, reject) => {
      appender.appendEncoded(
        facts.map((fact) => JSON.stringify(fact)),
        (error) => (error === undefined ? resolve() : reject(error)),
      );
    });
    const found = await readIdentities(log.nc, log.prefix);
    expect(facts.map((fact) => found.get(identify(fact)))).toEqual([1, 1]);
    await appender.close();
  });

  it('stores a retry under the same id once', async () => {
    const appender = open();
    const facts = Array.from({ length: 600 }, (_, n) => makeFact(n, 'outbox'));
    await appender.appendAll(facts, { id: 'outbox.17' });
    const before = await readFactsFill(log.nc, log);
    await appender.appendAll(facts, { id: 'outbox.17' });
    expect((await readFactsFill(log.nc, log)).messages).toBe(before.messages);
    await appender.close();
  });

  it('refuses what would not fit into a message, and says so', async () => {
    const appender = open();
    const huge = { ...makeFact(1, 'huge'), oem: 'x'.repeat(1024 * 1024) };
    await expect(appended(appender, [huge])).rejects.toMatchObject({ reason: 'too-large' });
    await appender.close();
  });

  it('refuses when too many wait, and has room again afterwards', async () => {
    const appender = makeAppender({
      nc: log.nc,
      program: 'test',
      prefix: log.prefix,
      limits: { queueRequestsMax: 10 },
    });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 12 }, (_, n) => appended(appender, [makeFact(n, 'crowd')])),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toEqual([
      expect.objectContaining({ reason: expect.objectContaining({ reason: 'queue-full' }) }),
      expect.objectContaining({ reason: expect.objectContaining({ reason: 'queue-full' }) }),
    ]);
    expect(appender.hasRoom()).toBe(true);
    await appender.close();
  });

  it('says that it is stopping, and stores what came before', async () => {
    const appender = open();
    const last = appended(appender, [makeFact(1, 'last')]);
    await appender.close();
    await expect(last).resolves.toBeUndefined();
    await expect(appended(appender, [makeFact(2, 'last')])).rejects.toMatchObject({ reason: 'closed' });
  });

  it('fails at once where there is no stream, and never calls that stored', async () => {
    const appender = makeAppender({ nc: log.nc, program: 'test', prefix: 'no-such-log' });
    await expect(appended(appender, [makeFact(1)])).rejects.toMatchObject({ reason: 'refused' });
    await appender.close();
  });

  it('says that the stream is full', async () => {
    const small = await openTestLog(inject('natsUrl'), { factsBytesMax: 100_000 });
    const appender = makeAppender({ nc: small.nc, program: 'test', prefix: small.prefix });
    const facts = Array.from({ length: 200 }, (_, n) => makeFact(n));
    await expect(appender.appendAll([...facts, ...facts])).rejects.toMatchObject({
      reason: 'refused',
      message: expect.stringContaining('maximum bytes'),
    });
    await appender.close();
    await small.close();
  });
});
