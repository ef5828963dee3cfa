import { describe, expect, test } from 'vitest';
import { sampleIndex } from './testing/sample-catalog.js';
import { makeTrial, recording, upToDate } from './testing/trial-check-ins.js';

describe('an answer', () => {
  test('is held until its facts are safe', async () => {
    let acknowledge: (() => void) | undefined;
    const { post, checkIns } = makeTrial({ append: (_, onDone) => void (acknowledge = onDone) });
    let answered = false;
    const answer = post(upToDate).then((value) => {
      answered = true;
      return value;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    expect(checkIns.held()).toBe(1);
    const drained = checkIns.drained();
    acknowledge?.();
    expect((await answer).status).toBe(200);
    await drained;
    expect(checkIns.held()).toBe(0);
  });

  test('is 503 when its facts cannot be recorded', async () => {
    const { post, counted, checkIns } = makeTrial({ append: (_, onDone) => onDone(new Error('no acknowledgement')) });
    expect((await post(upToDate)).status).toBe(503);
    expect(counted).toEqual(['lost']);
    expect(checkIns.held()).toBe(0);
  });

  test('is 503 for checks beyond the bound, while events are still recorded', async () => {
    const { post, counted } = makeTrial({ checksMax: 1, append: () => {} });
    void post(upToDate);
    expect((await post(upToDate)).status).toBe(503);
    void post(recording('update-engine.event.13-1.xml'));
    expect((await post(recording('update-engine.event.14-1.xml'))).status).toBe(503);
    expect(counted).toEqual(['shed', 'shed']);
  });

  test('is 503 to everything when the log has no room, without a look at the request', async () => {
    const { post, counted } = makeTrial({ hasRoom: false });
    expect((await post(recording('update-engine.event.13-1.xml'))).status).toBe(503);
    expect((await post('<html/>')).status).toBe(503);
    expect(counted).toEqual(['shed', 'shed']);
  });

  test('is 500 when we make a mistake, before or after the facts are safe, and the next request is served', async () => {
    const mistake = () => {
      throw new TypeError('surprise');
    };
    const before = makeTrial({ index: new Proxy(sampleIndex(), { get: mistake }) });
    expect((await before.post(upToDate)).status).toBe(500);
    expect(before.checkIns.held()).toBe(0);
    const after = makeTrial({ pollIntervalSeconds: mistake });
    expect((await after.post(upToDate)).status).toBe(500);
    expect((await after.post('<html/>')).status).toBe(400);
    expect(after.counted).toEqual(['failed TypeError: surprise', 'malformed wrong-root']);
    expect(after.checkIns.held()).toBe(0);
  });

  test('is 415 to JSON and 400 to what is no Omaha, without a fact', async () => {
    const { post, facts, counted } = makeTrial();
    expect((await post('{"request":{}}')).status).toBe(415);
    expect((await post('<html/>')).status).toBe(400);
    expect((await post('<!DOCTYPE x><request/>')).status).toBe(400);
    expect(facts).toEqual([]);
    expect(counted).toEqual(['malformed json', 'malformed wrong-root', 'malformed doctype']);
  });
});
