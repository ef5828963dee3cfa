// Asks the history ten times a second for one machine and for a group, in a thread of its own: as the API does, beside
// analytics and not within it. Sends the times when it is told to stop.
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { breakdown, currentState, openHistory } from '@platte/history';

export interface AskerInput {
  connection: { url: string; user: string; password: string; database: string };
  app: string;
  group: string;
  machines: string[];
}

export interface AskerTimes {
  machineMs: number[];
  groupMs: number[];
}

const { connection, app, group, machines }: AskerInput = workerData;
const history = openHistory({ ...connection, log: { info: () => {}, warn: () => {} } });
const times: AskerTimes = { machineMs: [], groupMs: [] };
const stopping = new AbortController();
parentPort?.once('message', () => stopping.abort());

async function timed(into: number[], ask: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await ask();
  into.push(performance.now() - begun);
}

while (!stopping.signal.aborted) {
  const machine = machines[randomInt(machines.length)] ?? '';
  await timed(times.machineMs, () => currentState(history, { app, machine }));
  await timed(times.groupMs, () => breakdown(history, { app, group, now: Date.now() }));
  await delay(100, undefined, { signal: stopping.signal }).catch(() => {});
}
await history.close();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(times);
