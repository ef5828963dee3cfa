// What the history bench asks, and how long each answer may take for a million machines.
import {
  breakdown,
  breakdownAsOf,
  currentState,
  type History,
  listMachines,
  machineHistory,
  presenceTimeline,
  statusTimeline,
  versionTimeline,
} from '@platte/history';
import { days } from './history-fleet.js';

export interface Fleet {
  machines: number;
  app: string;
  group: string;
  firstNumber: number;
}

const hourMs = 3_600_000;
const dayMs = 86_400_000;

export interface Question {
  name: string;
  ask: (history: History, fleet: Fleet) => Promise<unknown>;
  /** For the largest fleet, in ms. */
  warmMsMax: number;
  coldMsMax?: number;
  /** Whether 1M machines may take at most three times as long as 10k. */
  growsLittle?: boolean;
}

export function questionsOf(until: number, machines: Map<string, string>): Question[] {
  const timeline = (name: string, length: number, bucketMs: number): Question => ({
    name: `as-of version timeline ${name}`,
    ask: (history, { app, group }) =>
      versionTimeline(history, { app, group, from: until - length, now: until, bucketMs }),
    warmMsMax: 25,
    coldMsMax: 60,
    growsLittle: true,
  });
  const machineOf = ({ app }: Fleet) => ({ app, machine: machines.get(app) ?? '' });
  return [
    timeline('1 h', hourMs, 60_000),
    timeline('1 day', dayMs, 15 * 60_000),
    timeline('7 days', 7 * dayMs, hourMs),
    timeline('30 days', days * dayMs, 4 * hourMs),
    {
      name: 'as-of status timeline 30 days',
      ask: (history, { app, group }) =>
        statusTimeline(history, { app, group, from: until - days * dayMs, now: until, bucketMs: 4 * hourMs }),
      warmMsMax: 25,
      coldMsMax: 60,
      growsLittle: true,
    },
    // From transitions: every one of the application is read.
    {
      name: 'as-of version timeline 30 days of an OEM',
      ask: (history, { app, group }) =>
        versionTimeline(history, {
          app,
          group,
          oem: 'ami',
          from: until - days * dayMs,
          now: until,
          bucketMs: 4 * hourMs,
        }),
      warmMsMax: 1000,
    },
    {
      name: 'as-of status timeline 30 days, machines active for 3 days',
      ask: (history, { app, group }) =>
        statusTimeline(history, {
          app,
          group,
          windowMs: 3 * dayMs,
          from: until - days * dayMs,
          now: until,
          bucketMs: 4 * hourMs,
        }),
      warmMsMax: 1000,
    },
    {
      name: 'presence timeline 30 days',
      ask: (history, { app, group }) =>
        presenceTimeline(history, {
          app,
          group,
          from: until - days * dayMs,
          to: until,
          bucketMs: dayMs,
          by: 'version',
        }),
      warmMsMax: 150,
    },
    {
      name: 'breakdown now',
      ask: (history, { app, group }) => breakdown(history, { app, group, now: until }),
      warmMsMax: 30,
    },
    {
      name: 'breakdown as of a moment',
      ask: (history, { app, group }) => breakdownAsOf(history, { app, group, at: until - 10 * dayMs - 1_234_567 }),
      warmMsMax: 25,
    },
    {
      name: 'list 50 by version and status',
      ask: (history, { app, group }) =>
        listMachines(history, {
          app,
          group,
          versions: ['4230.2.1'],
          statuses: ['complete'],
          sort: 'lastSeen',
          descending: true,
          limit: 50,
        }),
      warmMsMax: 30,
    },
    { name: 'one machine', ask: (history, fleet) => currentState(history, machineOf(fleet)), warmMsMax: 30 },
    {
      name: 'history of one machine',
      ask: (history, fleet) => machineHistory(history, { ...machineOf(fleet), limit: 50 }),
      warmMsMax: 30,
    },
  ];
}
