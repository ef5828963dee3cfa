import { EventEmitter, once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { makeClock, makeHealth, makeLog, makeMetrics, makeStopper, startInternalServer, waitFor } from './service.js';

describe('the clock', () => {
  test('never runs backward', () => {
    const readings = [1000, 1005, 900, 1006];
    const clock = makeClock({ read: () => readings.shift() ?? 0 });
    expect([clock.now(), clock.now(), clock.now(), clock.now()]).toEqual([1000, 1005, 1005, 1006]);
  });

  test('moves by an offset in test mode, and stands still when the offset shrinks', () => {
    const clock = makeClock({ testMode: true, read: () => 1000 });
    clock.setOffset(500);
    expect(clock.now()).toBe(1500);
    clock.setOffset(0);
    expect(clock.now()).toBe(1500);
  });

  test('refuses an offset outside of test mode', () => {
    expect(() => makeClock().setOffset(1)).toThrow('test mode');
  });
});

const startTrial = (clock = makeClock()) => {
  const health = makeHealth();
  const { registry } = makeMetrics({ program: 'trial' });
  return startInternalServer({ port: 0, host: '127.0.0.1', health, registry, clock }).then((server) => ({
    health,
    server,
    url: `http://127.0.0.1:${server.port}`,
  }));
};

describe('the log', () => {
  test('is JSON that steers no terminal', () => {
    const lines: string[] = [];
    const log = makeLog({ program: 'trial', to: { write: (line) => void lines.push(line) } });
    const told = { track: 'a\u001B[2J\u009B1m\u202Eb\u{E0041}', name: 'größer 👩‍💻' };
    log.info(told, 'a machine said\u2066 so');
    expect(lines.join('').trimEnd()).not.toMatch(/[\p{Cc}]|(?!\u200D)\p{Cf}/u);
    expect(JSON.parse(lines.join(''))).toMatchObject({ ...told, message: 'a machine said\u2066 so' });
  });
});

describe('the internal server', () => {
  test('is ready when every required dependency is up, and lists all of them', async () => {
    const { health, server, url } = await startTrial();
    const log = health.dependency('log', 'required');
    health.probe('lag', 'reported', () => ({ state: 'down', detail: '12 batches behind' }));
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    log.up('connected');
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    health.serve();
    const answer = await fetch(`${url}/readyz`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      ready: true,
      serving: true,
      stopping: false,
      dependencies: [
        { name: 'log', need: 'required', state: 'up', detail: 'connected' },
        { name: 'lag', need: 'reported', state: 'down', detail: '12 batches behind' },
      ],
    });
    health.stop();
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    await server.close();
  });

  test('serves the metrics of the process, event-loop delay among them', async () => {
    const { server, url } = await startTrial();
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('nodejs_eventloop_lag_p99_seconds{program="trial"}');
    await server.close();
  });

  test('tells its time in test mode only', async () => {
    const moved = await startTrial(makeClock({ testMode: true, offsetMs: 5000, read: () => 1000 }));
    expect(await (await fetch(`${moved.url}/test/clock`)).json()).toEqual({ now: 6000 });
    await moved.server.close();
    const fixed = await startTrial();
    expect((await fetch(`${fixed.url}/test/clock`)).status).toBe(404);
    await fixed.server.close();
  });
});

describe('metrics', () => {
  test('are named by area, thing and unit', () => {
    expect(() => makeMetrics({ program: 'trial' }).counter({ name: 'platte_requests', help: 'Requests.' })).toThrow(
      'platte_<area>_<thing>_<unit>',
    );
  });
});

describe('the stopper', () => {
  class HostProcess extends EventEmitter {
    connected = true;
    readonly codes: number[] = [];
    exit(code: number): void {
      this.codes.push(code);
      this.emit('ended', code);
    }
  }
  const start = () => {
    const host = new HostProcess();
    const stopper = makeStopper({
      log: makeLog({ program: 'trial', level: 'silent' }),
      graceMs: 60_000,
      process: host,
    });
    return { host, stopper };
  };

  test('runs its steps one after another, the last added first, and ends with 0', async () => {
    const { host, stopper } = start();
    const done: string[] = [];
    stopper.add('connection', () => void done.push('connection'));
    stopper.add('listener', async () => {
      await Promise.resolve();
      done.push('listener');
    });
    const ended = once(host, 'ended');
    host.emit('SIGTERM');
    await ended;
    expect(done).toEqual(['listener', 'connection']);
    expect(host.codes).toEqual([0]);
    expect(stopper.signal.aborted).toBe(true);
  });

  test('stops when the parent is gone', async () => {
    const { host } = start();
    const ended = once(host, 'ended');
    host.emit('disconnect');
    await ended;
    expect(host.codes).toEqual([0]);
  });

  test('ends at once at a second signal', () => {
    const { host, stopper } = start();
    stopper.add('a step that hangs', () => new Promise(() => {}));
    host.emit('SIGINT');
    host.emit('SIGINT');
    expect(host.codes).toEqual([1]);
  });

  test('goes on after a step that fails, and ends with 1', async () => {
    const { host, stopper } = start();
    const done: string[] = [];
    stopper.add('first', () => void done.push('first'));
    stopper.add('second', () => {
      throw new Error('no');
    });
    const ended = once(host, 'ended');
    host.emit('SIGTERM');
    await ended;
    expect(done).toEqual(['first']);
    expect(host.codes).toEqual([1]);
  });

  test('ends the program with 1 at an error that nobody caught', () => {
    const { host } = start();
    host.emit('uncaughtException', new Error('surprise'));
    expect(host.codes).toEqual([1]);
  });
});

describe('waiting for a dependency', () => {
  test('says what it waits for once per cause, and that it came', async () => {
    const causes = ['refused', 'refused', 'no such stream'];
    const said: string[] = [];
    const found = await waitFor({
      what: 'NATS',
      attempt: () => {
        const cause = causes.shift();
        return cause === undefined ? Promise.resolve('connection') : Promise.reject(new Error(cause));
      },
      say: (message) => void said.push(message),
    });
    expect(found).toBe('connection');
    expect(said).toEqual(['waiting for NATS: refused', 'waiting for NATS: no such stream', 'NATS is there']);
  });

  test('ends with the signal', async () => {
    const aborter = new AbortController();
    const waiting = waitFor({
      what: 'NATS',
      attempt: () => Promise.reject(new Error('refused')),
      say: () => aborter.abort(new Error('stopping')),
      signal: aborter.signal,
    });
    await expect(waiting).rejects.toThrow('stopping');
  });
});
