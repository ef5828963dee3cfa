// Check-ins without a server around them: bytes in, answers and facts out, with a catalog, a policy and a log of the test's.
import { readFileSync } from 'node:fs';
import { type Answer, type Fact, makePositions } from '@platte/facts';
import type { AskedMachine, Decision, SnapshotIndex } from '@platte/rollout';
import { makeCheckIns } from '../check-ins.js';
import { makeNewMachines } from '../new-machines.js';
import type { Assumed } from '../visit.js';
import { sampleApp, sampleIndex, sampleNow, samplePackage } from './sample-catalog.js';

export const recording = (name: string) =>
  readFileSync(new URL(`../../../../test/clients/recordings/${name}`, import.meta.url), 'utf8');
export const check = recording('update-engine.check.3-2.xml');
export const upToDate = check.replaceAll('1000.0.0', samplePackage.version);

interface Trial {
  index?: SnapshotIndex;
  /** Policy's decisions; null: it does not answer. */
  decide?: (asked: readonly AskedMachine[]) => Decision[] | null;
  refuseSpent?: (asked: AskedMachine, target: string) => Answer | null;
  append?: (facts: readonly Fact[], onDone: (error?: Error) => void) => void;
  checksMax?: number;
  newMachinesPerHour?: number;
  assumed?: Assumed;
  hasRoom?: boolean;
  pollIntervalSeconds?: () => number;
}

export const never: Decision = { answer: { reason: 'rate-limited', inputs: { limit: 0 } } };

export function makeTrial({
  index = sampleIndex(),
  decide = (asked) => asked.map(() => never),
  refuseSpent = () => null,
  append,
  checksMax = 100,
  newMachinesPerHour = 0,
  assumed = { arch: 'amd64', track: '' },
  hasRoom = true,
  pollIntervalSeconds = () => 2700,
}: Trial = {}) {
  const facts: Fact[] = [];
  const asked: AskedMachine[] = [];
  const counted: string[] = [];
  const checkIns = makeCheckIns({
    now: () => sampleNow,
    nextPosition: makePositions(0),
    findApplication: (id) => (id === sampleApp || id === index.snapshot.application.productId ? index : undefined),
    admit: makeNewMachines({ perHour: newMachinesPerHour }).admit,
    assumed,
    refuseSpent: (machine, target) => refuseSpent(machine, target),
    ask: (machines) => {
      asked.push(...machines);
      return Promise.resolve(decide(machines));
    },
    append:
      append ??
      ((appended, onDone) => {
        facts.push(...appended);
        queueMicrotask(() => onDone());
      }),
    hasRoom: () => hasRoom,
    pollIntervalSeconds,
    heldLimits: { checksMax, requestsMax: checksMax * 2 },
    seen: {
      malformed: (cause) => void counted.push(`malformed ${cause}`),
      parsed: () => {},
      shed: () => void counted.push('shed'),
      lost: () => void counted.push('lost'),
      failed: (error) => void counted.push(`failed ${String(error)}`),
      ruleFailed: (error) => void counted.push(`rule-failed ${String(error)}`),
      refused: (reason) => void counted.push(`refused ${reason}`),
      answered: (reason, pollIntervalSeconds) => void counted.push(`${reason} ${pollIntervalSeconds}`),
    },
  });
  const post = (body: string | Uint8Array) =>
    new Promise<{ status: number; body: string }>((resolve) =>
      checkIns.receive(typeof body === 'string' ? Buffer.from(body) : body, '192.0.2.7', {
        document: (xml) => resolve({ status: 200, body: xml }),
        refuse: (refusal) => resolve({ status: refusal.status, body: refusal.body }),
      }),
    );
  return { post, facts, asked, counted, checkIns };
}

export const app = (attributes: string, children: string) => `<app ${attributes}>${children}</app>`;
export const request = (...apps: string[]) =>
  `<request protocol="3.0" version="x" installsource="scheduler">${apps.join('')}</request>`;
export const flatcar = (children: string, more = 'version="1000.0.0" track="stable" machineid="m1"') =>
  app(`appid="{${sampleApp}}" ${more}`, children);
