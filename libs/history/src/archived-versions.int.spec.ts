// Archived facts of other versions than today's. Every question that reads the archive must lift old facts by the upcasters,
// as a replay does, and must not take a newer program's fact for one that it knows.
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { openFresh } from '../test/fresh-history.js';
import { activity, currentState, type History, machineHistory } from './history.js';

const at = Date.UTC(2026, 0, 15, 12);
const halted = { kind: 'RolloutHalted', machine: '', group: 'g', rollout: 'r', package: 'p', toVersion: '2.0.0' };
const event = { kind: 'EventReported', machine: 'm', version: '1.0.0', group: null, type: 3, result: 1, errorCode: '' };

let history: History;
beforeAll(async () => {
  history = await openFresh();
});

type Archived = { kind: string; machine: string } & Record<string, unknown>;

/** Facts in the order of their versions, of an application of their own. Written as they are: no writer makes such versions. */
async function archive(fact: Archived, versions: readonly number[]): Promise<string> {
  const app = randomUUID();
  const rows = versions.map((v, n) => {
    const { kind, machine } = fact;
    return JSON.stringify({ app, machine, at: at / 1000, n, kind, fact: JSON.stringify({ ...fact, app, at, n, v }) });
  });
  await history.run(`insert into fact_archive format JSONEachRow ${rows.join('\n')}`);
  return app;
}

describe('the activity', () => {
  test('leaves out a fact of a newer version and has those around it', async () => {
    const app = await archive(halted, [1, 2, 1]);
    const { items } = await activity(history, { apps: [app], limit: 10 });
    expect(items.map(({ n }) => n)).toEqual([2, 0]);
  });

  test('lifts a fact of an older version, and fails where no upcaster does', async () => {
    const app = await archive(halted, [1, 0]);
    await expect(activity(history, { apps: [app], limit: 10 })).rejects.toThrow(
      'no upcaster for RolloutHalted of version 0',
    );
  });
});

describe('a machine that only tests spoke for', () => {
  const ofTest = { ...event, testSource: 'prober' };

  test('is read from the facts whose version is known', async () => {
    const app = await archive(ofTest, [1, 1, 2]);
    const { items } = await machineHistory(history, { app, machine: 'm', limit: 10 });
    expect(items.map(({ n }) => n)).toEqual([1, 0]);
    expect(await currentState(history, { app, machine: 'm' })).toMatchObject({ lastSeen: at });
  });

  test('is not read at all where a fact of an older version has no upcaster', async () => {
    const app = await archive(ofTest, [0]);
    await expect(currentState(history, { app, machine: 'm' })).rejects.toThrow(
      'no upcaster for EventReported of version 0',
    );
  });
});
