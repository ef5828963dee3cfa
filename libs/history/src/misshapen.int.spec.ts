// A fact that has not the shape of its kind takes nothing along: its message is refused whole, and what is around it is kept.
import { decodeWritten, encodeBatch, type MachineCheckedIn } from '@platte/facts';
import { expect, test } from 'vitest';
import { openFresh } from '../test/fresh-history.js';
import { makeFactRows } from './write-facts.js';

const checkIn = (machine: string, n: number): MachineCheckedIn => ({
  kind: 'MachineCheckedIn',
  v: 1,
  app: 'e96281a6-d1af-4bde-9a0a-97b76e56dc57',
  machine,
  at: 1_790_000_000_000,
  n,
  version: '4081.2.0',
  group: null,
  channel: null,
  arch: 'amd64',
  rollout: null,
  reboots: true,
  oem: 'ami',
  track: 'stable',
  ip: '10.0.0.1',
  alias: '',
  oemVersion: '',
  aleph: '',
  bootId: 'b',
  ping: true,
  heartbeat: false,
  source: 'scheduler',
});

test.each(['bootId', 'version', 'track', 'oem'] as const)('without %s', async (field) => {
  const history = await openFresh();
  const rows = makeFactRows((_, machine) => (machine === 'known' ? 7 : undefined), { archive: true });
  const put = (sequence: number, facts: MachineCheckedIn[]) =>
    rows.put({ sequence, ...decodeWritten(encodeBatch(facts)) });
  const { [field]: _, ...misshapen } = checkIn('other', 3);

  put(1, [checkIn('known', 1), checkIn('new', 2)]);
  expect(() => put(2, [checkIn('newer', 4), misshapen as MachineCheckedIn])).toThrow(
    'a fact has not the shape of its kind',
  );
  put(3, [checkIn('new', 5)]);
  const asked: string[] = [];
  const numbers = {
    of: (machines: readonly { machine: string }[]) => {
      asked.push(...machines.map(({ machine }) => machine));
      return Promise.resolve(() => 8);
    },
  };
  await rows.write(history, numbers);
  await rows.write(history, numbers);

  expect(asked).toEqual(['new', 'new', 'new', 'new']);
  expect(await history.read('select inst, n from fact final order by n')).toEqual([
    { inst: 7, n: 1 },
    { inst: 8, n: 2 },
    { inst: 8, n: 5 },
  ]);
  expect(await history.read('select machine, fact from fact_archive final order by n')).toEqual(
    [checkIn('known', 1), checkIn('new', 2), checkIn('new', 5)].map((fact) => ({
      machine: fact.machine,
      fact: JSON.stringify(fact),
    })),
  );
});
